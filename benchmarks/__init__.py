"""Speed and memory of Genesis beside its peers.

`workloads`, `reference` and `measure` need numpy and pyarrow alone, so that a peer's environment can import them.
"""
