"""The fill logic, pure: it knows orders and market rows, and nothing of strategies, portfolios or clocks."""
