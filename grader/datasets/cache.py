"""The synthetic digits on disk: drawn on first use, and again when the file is damaged."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
import platformdirs

from grader.datasets import archive
from grader.datasets.synthetic import draw_digits
from grader.errors import MachineError, UsageError

VERSION = 1
"""Of the synthetic digits; grows when one pixel changes. History: 1, the first one."""

TRAIN_SEED = 1
"""Draws the training images."""

TEST_SEED = 2
"""Draws the test images."""


def synthetic_file() -> Path:
    """Return the archive of synthetic digits, which is drawn (some seconds) where it is missing or damaged.

    It lies in the user's cache folder (`GRADER_CACHE` names another one) or, where that cannot be
    written, in a private folder that goes with this process.

    Raises:
        MachineError: there is no room for it anywhere (slug `data-cache`).
    """
    try:
        return _ready(_cache_folder())
    except OSError:
        pass  # a read-only home or a full disk is no reason not to grade
    try:
        return _ready(_private_folder())
    except OSError as error:
        raise MachineError(
            f"cannot store the synthetic digits (55 MB): {error}; set GRADER_CACHE to a folder with room",
            slug="data-cache",
        ) from error


def _ready(folder: Path) -> Path:
    file = folder / f"synthetic-v{VERSION}.npz"
    if not _is_whole(file):
        folder.mkdir(parents=True, exist_ok=True)
        _write(file)
    return file


def _is_whole(file: Path) -> bool:
    try:
        archive.check(file)
    except UsageError:
        return False
    return True


def _write(file: Path) -> None:
    """Draw the digits and put them in place in one step: a reader, or a second writer, never sees half a file."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-", suffix=".tmp")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            _draw_into(stream)
        part.chmod(0o644)  # mkstemp's 0600 would shut out the others who share a GRADER_CACHE
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _draw_into(stream: BinaryIO) -> None:
    """Write the archive, uncompressed: it is read far more often than the disk is short of 55 MB."""
    x_train, y_train = draw_digits(archive.TRAIN, seed=TRAIN_SEED)
    x_test, y_test = draw_digits(archive.TEST, seed=TEST_SEED)
    np.savez(stream, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def _cache_folder() -> Path:
    named = os.environ.get("GRADER_CACHE")
    return Path(named).absolute() if named else platformdirs.user_cache_path("epochmark", appauthor=False)


@functools.cache
def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="epochmark-data-"))
    atexit.register(_remove, folder, owner=os.getpid())
    return folder


def _remove(folder: Path, *, owner: int) -> None:
    """Remove the private folder, unless this is a forked child that shares it with its parent."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
