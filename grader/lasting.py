"""Importing what lives as long as the process: TensorFlow and Keras are a million objects, none of them garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Look for no garbage while things are imported, and never again among what there is by then.

    Otherwise a fifth of the time that the import of TensorFlow takes goes into collections, and each later one passes
    over all of it; in a forked child, that would copy the memory of its parent.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
