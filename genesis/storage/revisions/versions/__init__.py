"""The revisions, one after another: no branches."""
