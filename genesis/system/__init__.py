"""The composition root: the only place that builds adapters and loads a user's code."""
