"""Market data as columns of int64, and the search for the next moment at which anybody cares. No files here."""
