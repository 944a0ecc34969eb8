"""Grade deep-learning lab assignments: collect evidence, verify it, judge it, explain it."""

__version__ = "0.1.0"
