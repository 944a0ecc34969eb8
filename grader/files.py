"""Files that are either written in full or not at all, and tables that are read up to a limit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from grader.errors import UsageError

_MODE = 0o644
"""Reports are read by web servers and by colleagues; temporary files start out private."""


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file so that readers see the old content or the new one, never a part of it.

    Args:
        path: where the file goes; its folder must exist.
        data: the content; text is written as UTF-8 with the line ends it has.

    Raises:
        OSError: the folder is missing, full or not writable; the old file is untouched then.
    """
    with atomically(path) as stream:
        stream.write(data.encode("utf-8") if isinstance(data, str) else data)


def read_table(path: Path, what: str, limit: int) -> bytes:
    """Return the bytes of a table that somebody gives; `what` it is of, in one word.

    Raises:
        UsageError: it cannot be read (slug `<what>-unreadable`), or has more bytes than `limit` (`<what>-too-large`).
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", slug=f"{what}-unreadable") from error
    if len(data) > limit:
        raise UsageError(f"{path} is larger than {limit:,} bytes; no table of {what} is", slug=f"{what}-too-large")
    return data


@contextmanager
def atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of the old one when the block ends, and not at all if it fails.

    Raises:
        OSError: as `write_atomically`.
    """
    # The same folder, as a rename is atomic only within one file system.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_MODE)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
