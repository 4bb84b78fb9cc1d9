"""Speed and memory of Genesis beside its peers; needs numpy and pyarrow, and nothing of Genesis but in `benchmarks.ours`."""
