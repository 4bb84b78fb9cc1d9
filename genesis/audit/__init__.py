"""The chain: an entry's bytes, how entries are linked, and how a chain is checked. Pure."""
