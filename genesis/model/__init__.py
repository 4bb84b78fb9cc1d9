"""The nouns, frozen: money, instruments, orders, fills, events."""
