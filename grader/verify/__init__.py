"""Rebuild networks in a clean process and recompute what pays points. Only `host` runs in the trusted process."""
