"""Which images are these? Recognises rows of the lab's data however they were scaled, reshaped or shuffled.

A row's key is the mask of its pixels that differ from the corner pixel, which is background in every image: the
same for raw bytes, for values in [0, 1], for standardised and for inverted images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.collect.looking import attempt
from grader.wire import Array

PIXELS = 784
CLASSES = 10
SAMPLE = 64
"""Rows of a call that are looked up: enough to tell a split from a mixture, cheap enough for every call."""

SHARED_LIMIT = 2_000
"""Images of a call that share their mask with others, as a few in MNIST do, and are told apart by their pixels."""

ENDLESS = 1_000_000
"""Rows that a dataset counts as which repeats for ever or does not know its length."""

MOSTLY = 0.9
"""Share of recognised rows that settles which split data come from; augmented rows are not recognised."""


class Images:
    """The splits of the lab's data, indexed by what each image looks like."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._raw = {"train": arrays["x_train"], "test": arrays["x_test"]}
        self._labels = {"train": arrays["y_train"], "test": arrays["y_test"]}
        self._index: tuple[Array, Array] | None = None
        self.cut = 1.0
        """How many times as many rows a dataset stands for as it holds, where such are kept short."""

    def facts(self, images: object, labels: object = None) -> dict[str, Any] | None:
        """Return the JSON form of `evidence.DataFacts`, or None where `images` holds no rows of numbers."""
        return attempt(lambda: self._facts(images, labels))

    def _facts(self, images: object, labels: object) -> dict[str, Any] | None:
        batch = _first_rows(images, labels)
        if batch is None:
            return None
        rows, total, labels = batch
        if hasattr(images, "element_spec") and total < ENDLESS:
            total = round(total * self.cut)
        if rows.ndim < 1 or rows.dtype.kind not in "biuf" or not len(rows):
            return None
        chosen = np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)
        sample = rows[chosen]
        split, where = self._lookup(sample)
        scale, offset = self._fit_line(sample, split, where)
        return {
            "split": split,
            "rows": total,
            "shape": list(rows.shape[1:])[:8],
            "dtype": str(rows.dtype),
            "low": _finite(sample.min()) if sample.size else None,
            "high": _finite(sample.max()) if sample.size else None,
            "labels": self._judge_labels(labels, len(rows), chosen, split, where),
            "scale": scale,
            "offset": offset,
        }

    def __len__(self) -> int:
        """Return the number of test images."""
        return len(self._raw["test"])

    def are_too_many(self, one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> bool:
        """Tell whether two sets of images of one split cannot but have some in common, by how many they are."""
        if one is None or one["split"] != other["split"] or other["split"] not in self._raw:
            return False
        return bool(one["rows"] + other["rows"] > len(self._raw[other["split"]]))

    def prepared(self, split: str, shape: tuple[int, ...]) -> Array:
        """Return a split as the lab prepares it: float32 from 0 to 1, each image of the given shape."""
        return self.raw(split, shape).astype(np.float32) / np.float32(255)

    def raw(self, split: str, shape: tuple[int, ...]) -> Array:
        """Return a copy of the images of a split: uint8 from 0 to 255, each of the given shape."""
        raw = self._raw[split]
        return raw.reshape(len(raw), *shape).copy()

    def one_hot(self, split: str) -> Array:
        """Return the labels of a split as float32 (n, 10)."""
        return np.eye(CLASSES, dtype=np.float32)[self._labels[split]]

    def first(self, count: int, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Return so many training images as the lab prepares them, and their labels as integers (count,)."""
        images = self._raw["train"][:count].astype(np.float32) / np.float32(255)
        return images.reshape(len(images), *shape), self._labels["train"][:count]

    def label(self, split: str, row: int) -> int | None:
        """Return the label of an image of the lab, or None where it is none of them."""
        labels = self._labels.get(split)
        return int(labels[row]) if labels is not None and 0 <= row < len(labels) else None

    def rows(self, images: object) -> tuple[str, Array]:
        """Return the split of some images and each row's index in it, −1 where unknown."""
        array = to_array(images)
        if array is None or array.ndim < 1 or not len(array):
            return "other", np.zeros(0, np.int64)
        return self._lookup(array)

    def _lookup(self, sample: Array) -> tuple[str, Array]:
        if int(np.prod(sample.shape[1:], dtype=np.int64)) != PIXELS:
            return "other", np.full(len(sample), -1, np.int64)
        keys, places = self._get_index()
        flat = sample.reshape(len(sample), PIXELS)
        wanted = _keys(flat)
        left, right = (np.searchsorted(keys, wanted, side=side) for side in ("left", "right"))
        found = np.where(right > left, places[np.minimum(left, len(keys) - 1)], -1)
        for position in np.flatnonzero(right - left > 1)[:SHARED_LIMIT]:
            candidates = places[left[position] : right[position]][:SAMPLE]
            found[position] = max(candidates, key=lambda place: _likeness(flat[position], self._pixels(place)))
        first_test = len(self._raw["train"])
        train, test = (found >= 0) & (found < first_test), found >= first_test
        split = _name_split(float(train.mean()), float(test.mean()))
        return split, np.where(test, found - first_test, found)

    def _pixels(self, place: int) -> Array:
        """Return the raw pixels (784,) of an image, by its place in the index."""
        count = len(self._raw["train"])
        pixels: Array = self._raw["train"][place] if place < count else self._raw["test"][place - count]
        return pixels.reshape(PIXELS)

    def _get_index(self) -> tuple[Array, Array]:
        if self._index is None:
            keys = np.concatenate([_keys(raw.reshape(len(raw), PIXELS)) for raw in self._raw.values()])
            order = np.argsort(keys, kind="stable")
            self._index = keys[order], order
        return self._index

    def _fit_line(self, sample: Array, split: str, where: Array) -> tuple[float | None, float | None]:
        """Return (scale, offset) such that fed = scale · raw + offset, where that holds for every pixel."""
        known = where >= 0
        if split not in self._raw or not known.any():
            return None, None
        raw = self._raw[split][where[known]].reshape(-1).astype(np.float64)
        fed = sample[known].reshape(-1).astype(np.float64)
        if not np.isfinite(fed).all():
            return None, None
        scale, offset = np.polyfit(raw, fed, 1)
        worst = np.abs(scale * raw + offset - fed).max()
        return (float(scale), float(offset)) if worst <= 1e-3 * max(abs(scale) * 255, 1e-9) else (None, None)

    def _judge_labels(self, labels: object, rows: int, chosen: Array, split: str, where: Array) -> str:
        if labels is None:
            return "absent"
        array = to_array(labels)
        if array is None or array.ndim < 1 or len(array) != rows:
            return "mismatch"
        array = array[chosen]
        known = where >= 0
        if split not in self._labels or not known.any():
            return "unknown"
        if array.ndim > 2:  # noqa: PLR2004 - rows × classes; one-hot labels were made one-hot again
            return "unknown"
        kind = "one_hot" if array.ndim > 1 and array.shape[-1] > 1 else "integer"
        given = array.argmax(axis=-1) if kind == "one_hot" else array.reshape(-1)
        truth = self._labels[split][where[known]]
        return kind if float(np.mean(given.reshape(-1)[known] == truth)) >= 0.98 else "mismatch"  # noqa: PLR2004


def _likeness(row: Array, raw: Array) -> float:
    """Return how well an image (784,) goes with raw pixels, whatever its scale: the size of their correlation."""
    one, other = (each.astype(np.float64) - each.mean(dtype=np.float64) for each in (row, raw))
    return abs(float(one @ other)) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)


def to_array(value: object) -> Array | None:
    """Return a plain numpy array of what the student passed, or None where it is no array of numbers."""
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except Exception:  # noqa: BLE001 - the object is the student's; anything may happen
        return None
    return array if array.dtype.kind in "biuf" else None


def _first_rows(images: object, labels: object) -> tuple[Array, int, object] | None:
    """Return (rows, number of rows in all, labels); of a dataset, the first batches stand for the whole."""
    if isinstance(images, list | tuple) and len(images) == 1:
        images = images[0]  # Keras takes a list of inputs, too.
    if hasattr(images, "element_spec") and hasattr(images, "take"):
        return _rows_of_dataset(images)
    array = to_array(images)
    return None if array is None or array.ndim < 1 else (array, len(array), labels)


def _rows_of_dataset(dataset: Any) -> tuple[Array, int, object] | None:
    try:
        batches = [element if isinstance(element, tuple) else (element,) for element in dataset.take(2)]
        rows = np.concatenate([np.asarray(batch[0]) for batch in batches])
        labels = np.concatenate([np.asarray(batch[1]) for batch in batches]) if len(batches[0]) > 1 else None
        count = int(dataset.cardinality().numpy())
    except Exception:  # noqa: BLE001 - a dataset of any structure
        return None
    batch = len(np.asarray(batches[0][0]))
    return rows, count * batch if count > 0 else ENDLESS, labels


def _keys(rows: Array) -> Array:
    """Hash the masks of rows (n, 784) to 64 bits each."""
    keys = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), 4096):
        block = rows[start : start + 4096]
        mask = np.packbits(block != block[:, :1], axis=1)
        words = np.zeros((len(block), 104), np.uint8)
        words[:, : mask.shape[1]] = mask
        keys[start : start + len(block)] = (words.view(np.uint64) * _FACTORS).sum(axis=1)
    return keys


_FACTORS = np.random.default_rng(0).integers(1, 2**63, 13, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def _name_split(train: float, test: float) -> str:
    if train >= MOSTLY:
        return "train"
    if test >= MOSTLY:
        return "test"
    return "mixed" if train + test >= MOSTLY else "other"


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
