"""Paper tracks: their virtual portfolios, and the simulator that builds them. They stand on the engine and own no loop."""
