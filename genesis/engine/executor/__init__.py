"""Where orders go: one protocol, a simulated venue now, real ones later. They do not know each other."""
