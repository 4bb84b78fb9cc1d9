"""One definition of each metric, with its source. Undefined is ``None``."""
