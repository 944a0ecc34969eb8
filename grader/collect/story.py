"""The worker's pen: numbers calls and networks, finds the student's line, and sends records to the parent."""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections.abc import Mapping
from types import FrameType
from typing import Any, BinaryIO

import numpy as np

from grader import wire
from grader.wire import Array

RECORDS_LIMIT = 20_000
"""Records of one submission; a loop that calls Keras for ever must not flood the parent."""

MODELS_KEPT = 24

_CELL_FILE = "<cell {}>"


def cell_file(index: int) -> str:
    """Return the file name under which a cell is compiled, by which tracebacks and frames are recognised."""
    return _CELL_FILE.format(index)


def place_of(filename: str) -> int | None:
    """Return the index of the cell that such a file name means, or None."""
    if filename.startswith("<cell ") and filename.endswith(">") and filename[6:-1].isdigit():
        return int(filename[6:-1])
    return None


class Story:
    """Sends what happens, in order."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._sent = 0
        self._numbers = 0
        self._named = 0
        self._kept: list[Any] = []
        self._models: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def send(self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> None:
        """Send one record; records beyond the limit are dropped, save those that say how cells ended."""
        if self._sent >= RECORDS_LIMIT and kind not in ("ran", "end"):
            return
        parts = _encoded(kind, fields, arrays or {})
        if parts is None:
            return
        with self._lock:
            self._sent += 1
            for part in parts:
                self._answers.write(part)
            self._answers.flush()

    def number(self) -> int:
        """Return the next number of the story."""
        self._numbers += 1
        return self._numbers

    @property
    def latest(self) -> int:
        """The number given out last."""
        return self._numbers

    def model_number(self, model: Any) -> int:
        """Return the number by which this network is known, giving it one at first sight."""
        if model not in self._models:
            self._models[model] = self._named = self._named + 1
            # The first ones are kept alive, so that what is judged does not hang on when memory is freed.
            self._kept = [*self._kept, model][:MODELS_KEPT]
        return self._models[model]

    def known_models(self) -> list[Any]:
        """Return the networks that are still alive, oldest first."""
        return [model for model, _ in sorted(self._models.items(), key=lambda item: item[1])]


def _encoded(kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> list[bytes | memoryview] | None:
    """Return the frame; without its arrays and its long texts where it is too large; None where even that is."""
    short = {name: value[-1000:] if isinstance(value, str) else value for name, value in fields.items()}
    for attempt in ((fields, arrays), (short, arrays), (short, {})):
        try:
            return wire.encode(wire.Frame(kind=kind, fields=attempt[0], arrays=attempt[1]))
        except (wire.WireError, ValueError):
            continue
    return None


def student_place() -> tuple[int | None, int | None]:
    """Return (cell, line) of the innermost frame that belongs to the student."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack
    while frame is not None:
        cell = place_of(frame.f_code.co_filename)
        if cell is not None:
            return cell, frame.f_lineno
        frame = frame.f_back
    return None, None


def plain_number(value: Any) -> float | None:
    """Return a finite float, or None for NaN, infinity and what is no number."""
    try:
        number = float(np.asarray(value).reshape(-1)[0]) if np.size(value) == 1 else math.nan
    except Exception:  # noqa: BLE001 - the object is the student's
        return None
    return number if math.isfinite(number) else None
