"""Archives in the form of Keras' `mnist.npz`: what makes one valid, and reading one.

An archive comes from the user, so it is checked before anything relies on it: headers first, then
the contents in small blocks, so that the check needs next to no memory.
"""

from __future__ import annotations

import lzma
import math
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from grader.errors import UsageError
from grader.parsing import PARSING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

TRAIN = 60_000
"""Training images; labs index up to 59,999, so the number is part of the form."""

TEST = 10_000
"""Test images."""

SHAPES: dict[str, tuple[int, ...]] = {
    "x_train": (TRAIN, 28, 28),
    "y_train": (TRAIN,),
    "x_test": (TEST, 28, 28),
    "y_test": (TEST,),
}
"""The arrays of an archive, by name: images uint8, labels integers from 0 to 9."""

_BLOCK = 1 << 20  # bytes read at once
_DIGITS = 10

# What zipfile and its decompressors raise for bytes that are no archive; RuntimeError is for encrypted ones.
_UNREADABLE = (
    EOFError,
    lzma.LZMAError,
    OSError,
    RuntimeError,
    struct.error,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def check(path: Path) -> None:
    """Check that a file is an archive with the four arrays of MNIST, whole and undamaged.

    Raises:
        UsageError: it is not (slug `data-invalid`); the message names the array, what was expected
            and what was found.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in SHAPES:
                _check_header(path, archive, name)
            for name in SHAPES:
                _check_content(path, archive, name)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _invalid(path, f"expected an .npz archive with {', '.join(SHAPES)}, found {reason}") from error


def load(path: Path, *, only: Iterable[str] = tuple(SHAPES)) -> dict[str, NDArray[np.uint8]]:
    """Read arrays of an archive that `grader.datasets.resolve` accepted.

    Args:
        path: the archive.
        only: names of the arrays to read; the others cost neither time nor memory.

    Returns:
        By name, uint8 arrays: `x_train` (60000, 28, 28), `y_train` (60000,), `x_test` (10000, 28, 28)
        and `y_test` (10000,); pixels are 0 to 255, labels 0 to 9 whatever integers the file holds.

    Raises:
        OSError, ValueError, KeyError: the file is gone or has changed since it was accepted.
    """
    with PARSING, np.load(path, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.uint8, copy=False) for name in only}


def _check_header(path: Path, archive: zipfile.ZipFile, name: str) -> None:
    """Compare what the header of one array promises, and the member's size, with the form."""
    member = f"{name}.npy"
    if member not in archive.namelist():
        names = ", ".join(archive.namelist()) or "nothing"
        raise _invalid(path, f"expected an array {name}, found {names[:200]}")
    with archive.open(member) as file:
        shape, dtype = _header(file)
        start = file.tell()
    if shape != SHAPES[name] or not _fits(name, dtype):
        raise _invalid(path, f"{name}: expected {_form(name)}, found {_kind(dtype)} of shape {shape}")
    expected, found = math.prod(shape) * dtype.itemsize, archive.getinfo(member).file_size - start
    if found != expected:
        raise _invalid(path, f"{name}: expected {expected:,} bytes of data, found {found:,}")


def _check_content(path: Path, archive: zipfile.ZipFile, name: str) -> None:
    """Read one array to its end, where zipfile compares the checksum; look at every label."""
    with archive.open(f"{name}.npy") as file:
        _, dtype = _header(file)
        if name.startswith("x"):
            while file.read(_BLOCK):
                pass
            return
        labels = np.frombuffer(file.read(), dtype=dtype)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= _DIGITS:
        raise _invalid(path, f"{name}: expected labels from 0 to 9, found {low} to {high}")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the header of an array in NumPy's format, without reading (or unpickling) the array.

    Raises:
        ValueError: it is no such header, or a version that plain arrays never need.
    """
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array in version {version} of NumPy's format")
    try:
        with PARSING:
            shape, _, dtype = readers[version](file)
    except Exception as error:  # the parser lets through whatever a tokenizer of Python may raise
        raise ValueError(f"an array with an unreadable header ({error})") from error
    return shape, dtype


def _fits(name: str, dtype: np.dtype[Any]) -> bool:
    return dtype == np.uint8 if name.startswith("x") else dtype.kind in "iu"


def _form(name: str) -> str:
    return f"{'uint8' if name.startswith('x') else 'integers'} of shape {SHAPES[name]}"


def _kind(dtype: np.dtype[Any]) -> str:
    return "Python objects" if dtype.hasobject else str(dtype)


def _invalid(path: Path, problem: str) -> UsageError:
    return UsageError(f"{str(path)!r} is not usable as MNIST: {problem}", slug="data-invalid")
