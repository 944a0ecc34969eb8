"""Only one thread at a time may build syntax trees."""

from __future__ import annotations

import threading

PARSING = threading.RLock()
"""Held by whatever makes Python build syntax trees while other threads may do so, too.

CPython counts their depth for all threads together, so where two build at once, one fails with `SystemError: AST
constructor recursion depth mismatch` (https://github.com/python/cpython/issues/106905). NumPy builds one to read the
header of an array, pytest to read checks: a class of some hundred met that once or twice.
"""
