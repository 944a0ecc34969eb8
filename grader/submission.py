"""Intake: take a copy of what was handed in, as bytes, and refuse what cannot be a submission.

The trusted process looks at nothing but the size and the kind of the file; text is parsed in the worker.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import StudentError, UsageError

SIZE_LIMIT = 20 * 1024**2
"""Bytes; the largest notebook of a sample of 131 real ones had 2.6 MB, nearly all of it pictures."""

SUFFIXES = (".ipynb", ".py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one student handed in: a file's name, without its folder, and its bytes."""

    id: str
    file: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def suffix(self) -> str:
        """The lower-case suffix of the file's name."""
        return Path(self.file).suffix.lower()


def take(path: Path) -> Submission:
    """Read a submission.

    Raises:
        StudentError: the file is missing, empty, too large, or not a notebook or Python file by its name.
    """
    data = _read(path)
    if path.suffix.lower() not in SUFFIXES:
        raise StudentError(f"{path.name}: not a notebook (.ipynb) and not a Python file (.py)", slug="wrong-kind")
    if not data.strip():
        raise StudentError(f"{path.name}: the file is empty", slug="empty-file")
    return Submission(id=path.stem, file=path.name, data=data)


def _read(path: Path) -> bytes:
    """Read a regular file without following a link or waiting for a pipe (attack B02)."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise StudentError(f"{path}: {_why(error)}", slug="unreadable-file") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise StudentError(f"{path}: not a regular file", slug="not-a-file")
        if status.st_size > SIZE_LIMIT:
            size = f"{status.st_size / 1e6:.0f} MB"
            raise StudentError(
                f"{path.name}: {size} is too large; the limit is {SIZE_LIMIT / 1e6:.0f} MB. "
                "Clear the outputs of the notebook and save it again",
                slug="too-large",
            )
        return file.read(SIZE_LIMIT + 1)


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "there is no such file"
    if error.errno == errno.ELOOP:
        return "this is a link; hand in the file itself"
    return error.strerror or "cannot be read"


def find_in(folder: Path) -> Path:
    """Return the one lab file in a folder.

    A file called `lab.ipynb` or `lab.py` wins over others; a notebook wins over a script.

    Raises:
        UsageError: there is none, or there are several and none is called `lab`.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    for wanted in ("lab.ipynb", "lab.py"):
        for path in files:
            if path.name == wanted:
                return path
    notebooks = [path for path in files if path.suffix.lower() == ".ipynb"]
    candidates = notebooks or files
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UsageError(
            f"there is no notebook and no Python file in {folder}; name the file: grade FILE",
            slug="no-lab-file",
        )
    listed = ", ".join(path.name for path in candidates[:5])
    raise UsageError(
        f"there are several files here ({listed}); name the one to grade: grade FILE", slug="several-files"
    )
