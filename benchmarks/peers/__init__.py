"""A class through us and through other graders, in one run: `python -m benchmarks.peers`."""
