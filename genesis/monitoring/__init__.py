"""Looking at tracks: hourly samples, closed trades, and the report."""
