"""The command line: a thin face over ``genesis.system``."""
