"""The loop: take what arrived, step the deterministic core, write what it decided, act."""
