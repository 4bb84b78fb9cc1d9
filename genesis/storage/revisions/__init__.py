"""What Alembic runs to bring the record of an earlier version forward: `env.py`, and a revision a file in `versions/` (docs/DECISIONS/0006).

A revision is history. It states its own statements for both databases and reads nothing of today's layout, so that what it made once it makes always;
`schema.create` makes a new store in one go, and a test holds the two against each other.
"""
