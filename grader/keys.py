"""The grader's own secret, from which everything is drawn that a submission must not foresee.

Held-out images and the order of the labels have to differ from run to run for a submission, and to be the same when the
same submission is graded again on the same machine: they are drawn from a key that lies beside the caches.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import platformdirs

FOLDER = "GRADER_KEYS"
"""Environment variable that names another folder for the key."""

_BYTES = 32


def draw(purpose: str, *facts: object) -> int:
    """Return a number below 2**64 that depends on the key, the purpose and the facts, and that nobody can foresee."""
    message = "\0".join([purpose, *map(str, facts)]).encode()
    return int.from_bytes(hmac.digest(_key(), message, hashlib.sha256)[:8], "little")


@functools.cache
def _key() -> bytes:
    """Read the key, or make one; where none can be kept, this process has one of its own."""
    named = os.environ.get(FOLDER)
    file = (Path(named) if named else platformdirs.user_data_path("epochmark", appauthor=False)) / "key"
    with contextlib.suppress(OSError):
        return _read(file) or _make(file)
    return secrets.token_bytes(_BYTES)


def _read(file: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        key = file.read_bytes()
        return key if len(key) == _BYTES else b""
    return b""


def _make(file: Path) -> bytes:
    """Put a new key in place in one step, unless another process was faster."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f".key-{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    key = secrets.token_bytes(_BYTES)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
        if not _read(file):
            part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return _read(file) or key
