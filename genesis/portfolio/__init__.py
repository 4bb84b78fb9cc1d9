"""Money and positions: a double-entry ledger, lots, trades from flat to flat."""
