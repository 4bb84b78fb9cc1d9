"""Strategies: the base class, streaming indicators and a few built-in ones. They know no clock, no engine and no other track."""
