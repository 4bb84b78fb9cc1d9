"""Where the chains live: SQLite by default."""
