"""The whole grade as JSON, kept among the evidence: what a report is made from, so that it can be made again.

`report.json` says what others may rely on, and leaves out what only the page shows. This file is for the grader alone,
and follows the values of `grader.model` field by field: fractions as text, bytes in base64, enumerations by value. It
holds what students are not told (rubrics, hidden checks), as the folder of the evidence does in general.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import enum
import functools
import json
import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.errors import MachineError
from grader.files import write_atomically
from grader.model import Grade

FORMAT = 1
"""Version of the record. History: 1, the first one."""

PLACE = Path("evidence") / "grade.json"
"""Where it lies in the folder of a report."""

BYTES_LIMIT = 256 * 1024**2
"""A record beyond this was not written here: the largest submission makes one of some 50 MB."""

_FRACTION = re.compile(r"-?[0-9]{1,60}(/[0-9]{1,60})?")


def render(grade: Grade) -> str:
    """Return the grade as JSON."""
    return json.dumps({"format": FORMAT, "grade": _plain(grade)}, ensure_ascii=True, allow_nan=False) + "\n"


def keep(text: str | None, folder: Path) -> None:
    """Write a record into the folder of a report, or remove one that is there where there is none to write.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / PLACE
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, text)


def load(folder: Path) -> Grade | None:
    """Return the grade that is kept in the folder of a report, or None where none is.

    Raises:
        MachineError: `record-unreadable`, there is one that cannot be read.
    """
    path = folder / PLACE
    try:
        with path.open("rb") as stream:
            text = stream.read(BYTES_LIMIT)
        return read(text.decode("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"{path}: {error}; grade again", slug="record-unreadable") from error
    except MachineError as error:
        raise MachineError(f"{path}: {error}", slug=error.slug) from error


def read(text: str) -> Grade:
    """Return the grade that `render` wrote.

    Raises:
        MachineError: `record-unreadable`, the text is no such record or has another version.
    """
    try:
        grade = _grade(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, binascii.Error) as error:
        raise MachineError(f"no record of a grade ({error}); grade again", slug="record-unreadable") from error
    return grade


def _grade(document: Any) -> Grade:  # noqa: ANN401 - JSON is any of six types
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}; this version reads {FORMAT}")
    grade: Grade = _built(Grade, document["grade"])
    return grade


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    # JSON has no number for NaN and infinity; Python reads both from text.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


_WRITERS: dict[type, Callable[[Any], Any]] = {
    enum.Enum: lambda value: value.value,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
    Fraction: str,
    dt.datetime: str,
    dt.timedelta: lambda value: value // dt.timedelta(microseconds=1),
}


def _built(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    """Return a value of the type that a field is declared to have.

    Raises:
        TypeError, ValueError: it does not fit.
    """
    if isinstance(kind, types.UnionType):
        inner = next(option for option in typing.get_args(kind) if option is not types.NoneType)
        return None if value is None else _built(inner, value)
    if typing.get_origin(kind) is tuple:
        options = typing.get_args(kind)
        inside = options[:1] * len(value) if options[-1] is ... else options
        return tuple(_built(one, item) for one, item in zip(inside, value, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        known = _types(kind)
        return kind(**{name: _built(known[name], item) for name, item in value.items()})
    return _scalar(kind, value)


def _scalar(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if issubclass(kind, enum.Enum):
        return kind(value)
    if kind in _READERS:
        return _READERS[kind](value)
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _fraction(text: str) -> Fraction:
    if not _FRACTION.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no fraction")
    return Fraction(text)


_READERS: dict[type, Callable[[Any], Any]] = {
    Fraction: _fraction,
    bytes: functools.partial(base64.b64decode, validate=True),
    float: float,
    dt.datetime: dt.datetime.fromisoformat,
    dt.timedelta: lambda number: dt.timedelta(microseconds=number),
}


@functools.cache
def _types(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
