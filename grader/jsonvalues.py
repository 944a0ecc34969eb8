"""Frozen values as JSON and back, field by field and by the types that the fields are declared to have.

Fractions and times are text, bytes are base64, enumerations stand by value, tuples are lists. What comes back is held
against the declared types; nothing is converted in silence.
"""

from __future__ import annotations

import base64
import datetime as dt
import enum
import functools
import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

_FRACTION = re.compile(r"-?[0-9]{1,60}(/[0-9]{1,60})?")


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return a value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    # JSON has no number for NaN and infinity; Python reads both from text.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


_WRITERS: dict[type, Callable[[Any], Any]] = {
    enum.Enum: lambda value: value.value,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
    Fraction: str,
    Path: str,
    dt.datetime: str,
    dt.timedelta: lambda value: value // dt.timedelta(microseconds=1),
}


def built(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    """Return a value of the type that a field is declared to have.

    Raises:
        TypeError, ValueError: it does not fit.
    """
    if isinstance(kind, types.UnionType):
        inner = next(option for option in typing.get_args(kind) if option is not types.NoneType)
        return None if value is None else built(inner, value)
    if typing.get_origin(kind) is tuple:
        options = typing.get_args(kind)
        inside = options[:1] * len(value) if options[-1] is ... else options
        return tuple(built(one, item) for one, item in zip(inside, value, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        known = _types(kind)
        return kind(**{name: built(known[name], item) for name, item in value.items()})
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
    Path: Path,
    bytes: functools.partial(base64.b64decode, validate=True),
    float: float,
    dt.datetime: dt.datetime.fromisoformat,
    dt.timedelta: lambda number: dt.timedelta(microseconds=number),
}


@functools.cache
def _types(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
