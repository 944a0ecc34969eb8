"""The images that a lab learns from: MNIST, or synthetic digits where it cannot be had.

`resolve` finds the data set, `load` reads it in the worker, and `held_out` gives the grader images
of its own.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from grader.datasets import archive, cache
from grader.datasets.archive import load
from grader.datasets.synthetic import draw_digits
from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["ARRAYS", "DataSource", "HeldOut", "draw_digits", "held_out", "load", "relabelled", "resolve"]

ARRAYS = tuple(archive.SHAPES)
"""The names of the arrays of a data set."""

_KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""Of the file that `keras.datasets.mnist.load_data()` downloads; it stands in Keras' own source."""

NUDGE = 0.5
"""Pixels that a held-out image of MNIST is moved by at most, each way."""

_HELD_OUT = 1 << 64
"""Held-out seeds start here, far above those of the training and test images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """A data set on this machine.

    Attributes:
        name: `mnist` or `synthetic`.
        path: an .npz archive with `x_train`, `y_train`, `x_test` and `y_test`, absolute.
        sha256: of the archive's bytes, in hexadecimal.
        description: a phrase for reports, without the path.
    """

    name: str
    path: Path
    sha256: str
    description: str


class HeldOut(NamedTuple):
    """Images that the grader keeps for itself: uint8 (n, 28, 28), and their labels, uint8 (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def resolve(choice: str) -> DataSource:
    """Find a data set and check that it is whole.

    Args:
        choice: `mnist` is the file named by the environment variable `GRADER_MNIST`, or else the
            one in Keras' cache; `synthetic` is drawn on first use (some seconds); `auto` is MNIST where
            it can be had and synthetic otherwise; anything else is the path of an .npz archive.

    Raises:
        UsageError: MNIST is wanted and not there (slug `mnist-not-found`), a file that was named does
            not exist (`data-not-found`), or it does not hold what MNIST holds (`data-invalid`).
        MachineError: the synthetic digits cannot be stored (`data-cache`).
    """
    if choice == "auto":
        return _anything()
    if choice == "mnist":
        return _mnist()
    if choice == "synthetic":
        return _synthetic()
    return _file(_path(choice), named_by="--data")


def held_out(source: DataSource, *, count: int, seed: int) -> HeldOut:
    """Return images that the grader keeps for itself, the same ones for the same seed.

    Synthetic ones are freshly drawn; of MNIST they are chosen without replacement from the test images and moved
    by parts of a pixel. So no submission has seen them, and no table of known images has them.

    Args:
        source: what `resolve` returned.
        count: number of images, at least 0.
        seed: any integer; its value modulo 2**64 counts.

    Raises:
        UsageError: count exceeds the 10,000 test images of MNIST (slug `held-out-count`).
    """
    own_seed = _HELD_OUT + seed % _HELD_OUT
    if source.name == "synthetic":
        return HeldOut(*draw_digits(count, seed=own_seed))
    if count > archive.TEST:
        raise UsageError(f"{count!r} held-out images wanted, MNIST has {archive.TEST}", slug="held-out-count")
    test = load(source.path, only=("x_test", "y_test"))
    # The raw stream is the part of NumPy's random numbers that is promised to stay the same.
    order = np.argsort(np.random.PCG64(own_seed).random_raw(archive.TEST), kind="stable")
    return HeldOut(_nudged(test["x_test"][order[:count]], own_seed), test["y_test"][order[:count]])


def relabelled(arrays: Mapping[str, NDArray[Any]], labels: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Return a data set in which each label stands for another one: `labels[d]` (of 10, a permutation) for digit d."""
    table = np.asarray(labels, np.uint8)
    return {name: table[array] if name.startswith("y_") else array for name, array in arrays.items()}


def _nudged(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Move each image by up to half a pixel each way: a person sees no difference, and no byte of ink is the same."""
    generator = np.random.default_rng([seed, 0x9D6E])
    moved = images.astype(np.float32)
    shares = generator.uniform(-NUDGE, NUDGE, (len(images), 2)).astype(np.float32)
    for axis in (1, 2):
        share = shares[:, axis - 1, None, None]
        before, after = np.roll(moved, 1, axis), np.roll(moved, -1, axis)
        moved = moved * (1 - np.abs(share)) + before * np.maximum(share, 0) + after * np.maximum(-share, 0)
    return np.round(moved).astype(np.uint8)


def _anything() -> DataSource:
    """Return MNIST or else synthetic digits; a file that was named on purpose has to be good."""
    if os.environ.get("GRADER_MNIST"):
        return _mnist()
    try:
        return _mnist()
    except UsageError:
        return _synthetic()


def _mnist() -> DataSource:
    named = os.environ.get("GRADER_MNIST")
    if named:
        return _file(_path(named), named_by="GRADER_MNIST")
    path = _path(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets" / "mnist.npz"
    if not _is_there(path):
        raise UsageError(
            f"MNIST is not at {str(path)!r}: run keras.datasets.mnist.load_data() once where there is a network, "
            "or give --data FILE.npz",
            slug="mnist-not-found",
        )
    return _file(path, named_by="Keras")


def _file(path: Path, *, named_by: str) -> DataSource:
    if not _is_there(path):
        raise UsageError(
            f"{named_by}: no file {str(path)!r}; expected auto, mnist, synthetic or an .npz archive",
            slug="data-not-found",
        )
    archive.check(path)
    sha256 = _sha256(path)
    what = "MNIST" if sha256 == _KERAS_SHA256 else f"images of {path.name}"
    return DataSource(
        name="mnist",
        path=path.absolute(),
        sha256=sha256,
        description=f"{what} ({archive.TRAIN:,} + {archive.TEST:,} images)",
    )


def _synthetic() -> DataSource:
    path = cache.synthetic_file()
    return DataSource(
        name="synthetic",
        path=path,
        sha256=_sha256(path),
        description=f"synthetic digits, version {cache.VERSION}",
    )


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # nobody has that name, so it is a file's
        return Path(text)


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # Path.exists raises some of them, e.g. for a name that is too long
        return False
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
