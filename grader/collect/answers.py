"""What the variables hold that answer a lab's questions, as plain claims; which answer is right is not known here."""

from __future__ import annotations

import decimal
import fractions
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from grader.collect.story import Story

TEXT_LIMIT = 4_000
"""Characters of an answer that are sent; the parent keeps as many."""

LARGEST = 10**40
"""Whole numbers beyond this are sent as what they are called, not digit by digit, which may take for ever."""

PIECES = 100
"""Strings of one list that are taken together as one answer."""

_ARRAYS = frozenset({"numpy", "tensorflow", "keras", "pandas"})
"""Packages whose values are asked for an array; a class of the submission's own is not."""

_ABSENT = object()


class AnswerSheet:
    """Sends what each variable holds when that is new."""

    def __init__(self, names: Iterable[str], story: Story) -> None:
        self._names = tuple(names)
        self._story = story
        self._seen: dict[str, Any] = {}

    def look(self, cell: int, namespace: Mapping[str, Any]) -> None:
        """Send what is new since the last look, which was in front of a statement of this cell."""
        for name in self._names:
            value = namespace.get(name, _ABSENT)
            if value is not _ABSENT and self._seen.get(name, _ABSENT) is not value:
                self._seen[name] = value
                self._story.send("answer", {"name": name, "cell": cell, **described(value)})


def described(value: Any) -> dict[str, Any]:
    """Return `{"kind", "text", "type", "cut"}` of a value."""
    kind, text = "other", ""
    try:
        kind, text = _read(value)
    except Exception:  # noqa: BLE001 - the value is the student's
        kind, text = "other", ""
    return {"kind": kind, "text": text[:TEXT_LIMIT], "type": type(value).__name__[:80], "cut": len(text) > TEXT_LIMIT}


def _read(value: Any) -> tuple[str, str]:
    """Read a value by methods that are known: its own could answer what they like, or never."""
    kind = type(value)
    if value is None or value is ...:
        return "blank", ""
    if issubclass(kind, str):
        return "text", str.__getitem__(value, slice(0, TEXT_LIMIT + 1))
    if issubclass(kind, bool | np.bool_):
        return "truth", str(bool(value))
    if issubclass(kind, int | float) or kind in (fractions.Fraction, decimal.Decimal):
        return _number(value)
    for several in (list, tuple, set, frozenset):
        if issubclass(kind, several):
            return _of_several(list(itertools.islice(several.__iter__(value), PIECES)))
    return _of_array(value)


def _number(value: Any) -> tuple[str, str]:
    kind = type(value)
    if issubclass(kind, int):
        return "number", int.__repr__(value) if int.__abs__(value) <= LARGEST else "more than 10^40"
    number = float.__float__(value) if issubclass(kind, float) else float(value)
    return "number", repr(number) if math.isfinite(number) else str(number)


def _of_several(values: list[Any]) -> tuple[str, str]:
    """Read the only value of a list, or strings that were split over lines; a comma at the end makes a tuple, too."""
    if len(values) == 1:
        return _read(values[0])
    if values and all(issubclass(type(value), str) for value in values):
        return "texts", "\n".join(str.__getitem__(value, slice(0, TEXT_LIMIT + 1)) for value in values)
    return "other", ""


def _of_array(value: Any) -> tuple[str, str]:
    """Read an array or a tensor of one element."""
    package = type(value).__module__.split(".")[0]
    if package not in _ARRAYS:
        return "other", ""
    array = np.asarray(value.numpy() if package != "numpy" and hasattr(value, "numpy") else value)
    if array.size != 1 or array.dtype.kind not in "biufSU":
        return "other", ""
    if array.dtype.name in ("float16", "float32"):
        # As it would be printed: 0.1, not 0.10000000149011612.
        return _number(float(str(array.reshape(-1)[0])))
    return _read(array.reshape(-1)[0].item())
