"""Intake: take a copy of what was handed in, as bytes, and refuse what cannot be a submission.

The trusted process looks at nothing but the size and the kind of the file; text is parsed in the worker. Of an archive
it reads the list of names and one member; nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.archives import SIZE_LIMIT, SUFFIXES, lab_file, too_large
from grader.errors import StudentError, UsageError

ARCHIVE = ".zip"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that are devices on Windows, with any suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which submission it is. `content` is a digest of what runs, `sha256` that of the bytes."""

    id: str
    file: str
    sha256: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What one student handed in: a file's name, without its folder, and its bytes.

    `id` can be used as the name of a file on every system.
    """

    id: str
    file: str
    data: bytes = field(repr=False)

    @functools.cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def identity(self) -> Identity:
        """Which submission it is."""
        return Identity(id=self.id, file=self.file, sha256=self.sha256, content=self.content)

    @functools.cached_property
    def content(self) -> str:
        """Hexadecimal SHA-256 of what runs: the same for work that differs in text, saved outputs or line ends only."""
        return hashlib.sha256(self.suffix.encode() + b"\0" + _essence(self.data, self.suffix)).hexdigest()

    @property
    def suffix(self) -> str:
        """The lower-case suffix of the file's name."""
        return Path(self.file).suffix.lower()


_INESSENTIAL = frozenset({"outputs", "execution_count", "prompt_number", "metadata", "id"})
"""What the worker does not look at in a cell, and running a notebook again changes."""

_ESSENCE_BRACKETS = 200_000
"""Lists and objects in a notebook beyond which it is taken as it is: parsed ones take up to a hundred times as much."""


def _essence(data: bytes, suffix: str) -> bytes:
    """Return a submission without what makes no difference; all of it where that cannot be told.

    Of a notebook, only cells of code are looked at by the worker.
    """
    try:
        # As strictly as the worker does: what is no UTF-8 is something else to it, and so it is here.
        text = data.decode("utf-8")
        if suffix == ".py":
            return text.replace("\r\n", "\n").encode()
        if data.count(b"[") + data.count(b"{") > _ESSENCE_BRACKETS:
            return data
        notebook = json.loads(text)
        code = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
        cells = [{k: v for k, v in cell.items() if k not in _INESSENTIAL} for cell in code]
        return json.dumps({**notebook, "metadata": None, "cells": cells}).encode()
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return data


def take(path: Path) -> Submission:
    """Read a submission: a notebook, a Python file, or a .zip archive or a folder with one of them.

    Raises:
        StudentError: the file is missing, empty, too large, of another kind, or an archive that is not in order.
        UsageError: a folder or an archive has no lab file, or several.
    """
    if path.is_dir() and not path.is_symlink():
        path = find_in(path)
    name, data = path.name, _read(path)
    if path.suffix.lower() == ARCHIVE:
        name, data = lab_file(path.name, data)
    if PurePosixPath(name).suffix.lower() not in SUFFIXES:
        raise StudentError(
            f"{name}: not a notebook (.ipynb), not a Python file (.py), and no .zip archive with one of them",
            slug="wrong-kind",
        )
    if not data.strip():
        raise StudentError(f"{name}: the file is empty", slug="empty-file")
    return Submission(id=safe_id(path.stem), file=name, data=data)


def safe_id(text: str) -> str:
    """Return a text as a name that every file system takes; one that had to be changed ends in a hash of the text."""
    is_fine = (
        bool(_ID.match(text)) and not text.endswith(".") and text.split(".", maxsplit=1)[0].lower() not in _RESERVED
    )
    if is_fine:
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40] or "submission"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short}-{digest}"


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
            raise too_large(path.name, status.st_size)
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
        f"there are several files here ({listed}); name the one to grade: grade FILE, or in a class --file ID=NAME",
        slug="several-files",
    )
