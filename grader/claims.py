"""Records of a worker as values of the evidence: claims, of which each field is converted to its type and cut to size.

A record that does not fit raises one of `MISFITS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.evidence import (
    Answer,
    Axes,
    Call,
    DataFacts,
    Dataset,
    Failure,
    Figure,
    FunctionRun,
    Mark,
    Names,
    Numbers,
    Probe,
    Snapshot,
    TapeStep,
    Value,
)
from grader.model import LayerRow
from grader.wire import Array, WireError, loads

LINES_LIMIT, MARKS_LIMIT = 100_000, 3_000
"""Lines of a cell, and places in it that are marked; a hand-written lab has dozens."""

ANSWER_LIMIT = 4_000
"""Characters of the answer to a question, some six hundred words."""

AXES_LIMIT = 40
"""Axes of one figure; labs draw nine or ten."""

LOSSES_LIMIT = 20_000
"""Losses of a hand-written loop, one for each step; a full training of five epochs has some thousands."""

PREDICTED_LIMIT = 10
"""Digits that networks gave for one image; there are ten."""

NAMES_LIMIT = 100
"""Networks with a name at one time; what asks about calls compares them with each other."""

TEXT_LIMIT, POINTS_LIMIT, LINES_DRAWN_LIMIT = 600, 200, 12
"""Characters of a title or an error, points of a curve, and curves in one pair of axes: a worker sends no more."""

MISFITS = (WireError, KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What is raised for a record that is not as it should be."""


def cell(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return what is written in a cell, as fields of one."""
    facts = loads(arrays["facts"].tobytes())
    return {
        "source": arrays["source"].tobytes().decode("utf-8", "replace"),
        "marks": tuple(_mark(mark) for mark in facts["marks"][:MARKS_LIMIT]),
        "placeholders": tuple(_line(line) for line in facts["placeholders"][:MARKS_LIMIT]),
        "gaps": tuple(_line(line) for line in facts.get("gaps", ())[:MARKS_LIMIT]),
        "broken": tuple(_line(line) for line in facts.get("broken", ())[:MARKS_LIMIT]),
        "made": tuple((_line(line), str(name)) for line, name in facts.get("made", ())[:MARKS_LIMIT]),
    }


def _line(value: object) -> int:
    line = integer(value)
    if not 0 < line <= LINES_LIMIT:
        raise ValueError(f"line {line}")
    return line


def _mark(fields: Mapping[str, Any]) -> Mark:
    return Mark(
        kind=str(fields["kind"]),
        line=_line(fields["line"]),
        end_line=_line(fields["end_line"]),
        assigns=tuple(map(str, fields.get("assigns", ()))),
        calls=tuple(map(str, fields.get("calls", ()))),
        defines=str(fields.get("defines", "")),
        flags=tuple(map(str, fields.get("flags", ()))),
        targets=tuple(map(str, fields.get("targets", ()))),
    )


def ran(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of a cell, as fields of one."""
    return {
        "state": str(fields["state"]),
        "output": str(fields.get("output", "")),
        "seconds": _number(fields.get("seconds")) or 0.0,
        "failures": tuple(_failure(failure) for failure in fields.get("failures", ())),
    }


def _failure(fields: Mapping[str, Any]) -> Failure:
    return Failure(
        kind=str(fields["kind"]),
        type=str(fields["type"]),
        message=str(fields["message"])[:TEXT_LIMIT],
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        first=integer(fields["first"]),
        last=integer(fields["last"]),
    )


def _data(fields: Mapping[str, Any] | None) -> DataFacts | None:
    if fields is None:
        return None
    return DataFacts(
        split=str(fields["split"]),
        rows=integer(fields["rows"]),
        shape=tuple(integer(size) for size in fields["shape"]),
        dtype=str(fields["dtype"]),
        low=_number(fields["low"]) or 0.0,
        high=_number(fields["high"]) or 0.0,
        labels=str(fields["labels"]),
        scale=_number(fields["scale"]),
        offset=_number(fields["offset"]),
    )


def call(fields: Mapping[str, Any]) -> Call:
    """Return a call of a method of Keras."""
    return Call(
        number=integer(fields["number"]),
        name=str(fields["name"]),
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        model=_optional(fields["model"]),
        data=_data(fields["data"]),
        settings=_settings(fields["settings"]),
        result=_result(fields["result"]),
        error=str(fields["error"])[:TEXT_LIMIT],
        finished=fields["finished"] is True,
    )


def _settings(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a call was told, with lists of names where those belong."""
    told = {name: fields.get(name) for name in ("metrics", "loss_weights")}
    return {**fields, **{name: list(map(str, each)) if isinstance(each, list) else [] for name, each in told.items()}}


def _result(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result whose history, if it has one, is a table of curves."""
    history = fields.get("history", {})
    curves = history.items() if isinstance(history, dict) else ()
    table = {str(name): [_number(value) for value in curve] for name, curve in curves if isinstance(curve, list)}
    return {**fields, "history": table} if "history" in fields else dict(fields)


def layer_row(fields: Mapping[str, Any]) -> LayerRow:
    """Return a layer row from its JSON form, as it stands in evidence, expectations and the verifier's answers."""
    return LayerRow(
        kind=str(fields["kind"]),
        output_shape=tuple(integer(size) for size in fields["output_shape"]),
        parameters=integer(fields["parameters"]),
        activation=str(fields.get("activation", "linear")),
        settings=tuple((str(key), str(value)) for key, value in fields.get("settings", ())),
    )


def _spec(value: object) -> tuple[Mapping[str, Any], ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise TypeError("a spec is a list of layers")
    return tuple({"class": str(layer["class"]), "config": dict(layer["config"])} for layer in value)


def _numbered(arrays: Mapping[str, Array], prefix: str) -> tuple[Array, ...]:
    found: list[Array] = []
    while f"{prefix}{len(found)}" in arrays:
        found.append(arrays[f"{prefix}{len(found)}"])
    return tuple(found)


def _snapshot(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> Snapshot:
    return Snapshot(
        model=integer(fields["model"]),
        call=integer(fields["call"]),
        stage=str(fields["stage"]),
        kind=str(fields["class"]),
        layers=tuple(layer_row(layer) for layer in fields["layers"]),
        parameters=integer(fields["parameters"]),
        spec=_spec(fields["spec"]),
        data=_data(fields["data"]),
        weights=_numbered(arrays, "w"),
        claimed=arrays.get("claimed"),
    )


def _tape(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> TapeStep:
    return TapeStep(
        number=integer(fields["number"]),
        step=integer(fields["step"]),
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        model=_optional(fields["model"]),
        target_shape=tuple(integer(size) for size in fields["target_shape"]),
        loss=_number(fields["loss"]),
        split=str(fields["split"]),
        missing=integer(fields["missing"]),
        variables=integer(fields["variables"]),
        spec=_spec(fields["spec"]),
        images=arrays.get("images", np.zeros(0, np.float32)),
        rows=arrays.get("rows", np.zeros(0, np.int64)),
        before=_numbered(arrays, "b"),
        after=_numbered(arrays, "a"),
        gradients=_numbered(arrays, "g"),
        outputs=arrays.get("outputs"),
    )


def _names(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Names:
    named = list(fields["models"].items())[:NAMES_LIMIT]
    models = {str(name): integer(model) for name, model in named}
    return Names(cell=integer(fields["cell"]), models=models)


def _value(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Value:
    data = _data(fields["data"])
    if data is None:
        raise TypeError("a value without facts")
    return Value(cell=integer(fields["cell"]), name=str(fields["name"]), data=data)


def _probe(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> Probe:
    answers = _numbered(arrays, "t")
    if any(array.ndim != 1 for array in answers):
        raise ValueError("an answer that is no row of numbers")
    return Probe(
        name=str(fields["name"]),
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        answers=tuple(fields["answers"]),
        kind=str(fields["kind"])[:TEXT_LIMIT],
        error=str(fields["error"])[:TEXT_LIMIT],
        printed=fields.get("printed") is True,
        arrays=answers,
    )


def _figure(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Figure:
    return Figure(
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        title=str(fields["title"])[:TEXT_LIMIT],
        axes=tuple(_axes(axes) for axes in fields["axes"][:AXES_LIMIT]),
    )


def _axes(fields: Mapping[str, Any]) -> Axes:
    return Axes(
        title=str(fields["title"])[:TEXT_LIMIT],
        labels=tuple(map(str, fields["labels"])),
        images=integer(fields["images"]),
        lines=tuple(_points(line) for line in fields["lines"][:LINES_DRAWN_LIMIT]),
        split=str(fields["split"]),
        row=integer(fields["row"]),
        label=_optional(fields["label"]),
        predicted=tuple(map(integer, fields.get("predicted", ())[:PREDICTED_LIMIT])),
    )


def _points(line: list[object]) -> tuple[float, ...]:
    return tuple(y for point in line[:POINTS_LIMIT] if (y := _number(point)) is not None)


def _function(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> FunctionRun:
    kinds = tuple(map(str, fields["kinds"]))
    return FunctionRun(
        name=str(fields["name"]),
        trial=integer(fields["trial"]),
        cell=_optional(fields["cell"]),
        line=_optional(fields["line"]),
        error=str(fields["error"])[:TEXT_LIMIT],
        kinds=kinds,
        facts=tuple(_data(facts) for facts in fields["facts"]),
        results=tuple(arrays.get(f"r{number}") for number in range(len(kinds))),
    )


def _dataset(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Dataset:
    steps = tuple((str(name), _optional(size)) for name, size in fields["steps"])
    return Dataset(cell=integer(fields["cell"]), name=str(fields["name"]), steps=steps, data=_data(fields["data"]))


def _numbers(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Numbers:
    numbers = tuple(_number(number) for number in fields["numbers"])
    return Numbers(cell=integer(fields["cell"]), name=str(fields["name"])[:TEXT_LIMIT], numbers=numbers)


def _losses(fields: Mapping[str, Any], _: Mapping[str, Array]) -> tuple[tuple[float | None, ...], int]:
    return tuple(_number(loss) for loss in fields["losses"][:LOSSES_LIMIT]), integer(fields.get("tapes", 0))


def answer(fields: Mapping[str, Any]) -> Answer:
    """Return the answer to a question, cut to its length."""
    text = str(fields["text"])
    return Answer(
        name=str(fields["name"])[:200],
        cell=integer(fields["cell"]),
        kind=str(fields["kind"])[:20],
        text=text[:ANSWER_LIMIT],
        type=str(fields["type"])[:80],
        cut=fields["cut"] is True or len(text) > ANSWER_LIMIT,
    )


PARSERS = {
    "snapshot": _snapshot,
    "tape": _tape,
    "names": _names,
    "value": _value,
    "probe": _probe,
    "figure": _figure,
    "function": _function,
    "dataset": _dataset,
    "numbers": _numbers,
    "losses": _losses,
}
"""What reads the records of the other kinds, from their fields and arrays."""


def integer(value: object) -> int:
    """Return a value that is a whole number.

    Raises:
        TypeError: it is none.
    """
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def _optional(value: object) -> int | None:
    return None if value is None else integer(value)


def _number(value: object) -> float | None:
    """Return a finite number, or None: the worker writes None for NaN and infinity."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
