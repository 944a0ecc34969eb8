"""The record of a run on disk: written as it arrives, read back as evidence.

`evidence.jsonl` has one record per line as it arrived, `arrays.bin` the raw arrays one after the other. Both are
written while the submission runs, so a crash or a timeout keeps what came before. Records are claims of an untrusted
process: reading converts each field to its type, and drops (and counts) a record that does not fit.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from grader.errors import MachineError
from grader.evidence import (
    Answer,
    Axes,
    Call,
    Cell,
    DataFacts,
    Dataset,
    Evidence,
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
from grader.wire import Array, Frame, WireError, loads

FORMAT = 1
"""Version of the record. History: 1, the first one."""

LINES_LIMIT, MARKS_LIMIT, CELLS_LIMIT = 100_000, 3_000, 3_000
"""Lines of a cell, places in it that are marked, and cells of a submission; a hand-written lab has dozens."""

ANSWER_LIMIT, ANSWERS_LIMIT = 4_000, 500
"""Characters of the answer to a question, some six hundred words, and questions of a lab that may be answered."""

AXES_LIMIT = 40
"""Axes of one figure; labs draw nine or ten."""

LOSSES_LIMIT = 20_000
"""Losses of a hand-written loop, one for each step; a full training of five epochs has some thousands."""

PREDICTED_LIMIT = 10
"""Digits that networks gave for one image; there are ten."""

KIND_LIMIT = 10_000
KIND_LIMITS = {"snapshot": 300, "figure": 60}
"""Records of one kind that are looked at, and of those that are compared with much else; labs leave some dozens."""

CALLS_LIMIT, NAMES_LIMIT = 1_000, 100
"""Calls of one method, and networks with a name at one time; what asks about calls compares them with each other."""

ASKED = ("predict", "call")
"""Methods that people call for each image; nothing compares those."""

TEXT_LIMIT, POINTS_LIMIT, LINES_DRAWN_LIMIT = 600, 200, 12
"""Characters of a title or an error, points of a curve, and curves in one pair of axes: a worker sends no more."""

LINE_BYTES_LIMIT = 16 * 1024**2
"""Bytes of JSON that one submission may leave; a reference leaves less than one million. As Python's objects they may
take twenty times as much."""

RECORDS_LIMIT = 50_000
BYTES_LIMIT = 512 * 1024**2
"""What one submission may leave on disk; a full-effort reference leaves about 20 MB."""


class Recorder:
    """Writes frames to a folder as they arrive; the trusted side of the record."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lines = (folder / "evidence.jsonl").open("wb")
        self._arrays = (folder / "arrays.bin").open("wb")
        self._records = 0
        self._offset = 0
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._arrays.close()

    def write(self, frame: Frame) -> bool:
        """Append one frame; return False, writing nothing, once the record is as large as it may get."""
        size = sum(array.nbytes for array in frame.arrays.values())
        is_full = self._records >= RECORDS_LIMIT or self._written > LINE_BYTES_LIMIT
        if is_full or self._offset + size > BYTES_LIMIT:
            return False
        self.add(frame)
        return True

    def add(self, frame: Frame) -> None:
        """Append one frame of our own: how a run ended has its place in a record that is full, too."""
        places = {}
        for name, array in frame.arrays.items():
            places[name] = [array.dtype.name, list(array.shape), self._offset]
            self._arrays.write(array.tobytes())
            self._offset += array.nbytes
        record = {"kind": frame.kind, "fields": dict(frame.fields), "arrays": places}
        self._arrays.flush()
        line = json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
        self._written += len(line)
        self._lines.write(line)
        self._lines.flush()
        self._records += 1


def read(folder: Path) -> Evidence:
    """Read a record.

    Raises:
        MachineError: there is no readable record in the folder.
    """
    try:
        lines = (folder / "evidence.jsonl").read_bytes().splitlines()
        blob = np.fromfile(folder / "arrays.bin", dtype=np.uint8)
    except OSError as error:
        raise MachineError(f"no evidence in {folder}: {error.strerror}", slug="evidence") from error
    return _Reader(blob).read(lines)


def written(frames: Iterable[Frame]) -> tuple[Cell, ...]:
    """Return the cells that frames tell of, as they are before anything has run; what does not fit is left out."""
    cells: dict[int, Cell] = {}
    for frame in frames:
        with contextlib.suppress(*_MISFITS):
            if frame.kind == "cell" and len(cells) < CELLS_LIMIT:
                index = _int(frame.fields["index"])
                cells[index] = Cell(index=index, **_written(frame.arrays))
    return tuple(cell for _, cell in sorted(cells.items()))


_MISFITS = (WireError, KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What is raised for a record that is not as it should be."""


class _Reader:
    def __init__(self, blob: Array) -> None:
        self._blob = blob
        self._malformed = 0
        self._kept: dict[str, list[Any]] = {}
        self._cells: dict[int, dict[str, Any]] = {}
        self._calls: dict[int, Call] = {}
        self._counts: Counter[str] = Counter()
        self._answers: dict[str, Answer] = {}
        self._run: Mapping[str, Any] = {}
        self._end: Mapping[str, Any] = {}

    def read(self, lines: list[bytes]) -> Evidence:
        for line in lines:
            try:
                self._take(line)
            except _MISFITS:
                self._malformed += 1
        losses, tapes = [((), 0), *self._kept.get("losses", ())][-1]
        return Evidence(
            run=self._run,
            cells=tuple(Cell(**fields) for _, fields in sorted(self._cells.items())),
            calls=tuple(call for _, call in sorted(self._calls.items())),
            snapshots=tuple(self._kept.get("snapshot", ())),
            tape=tuple(self._kept.get("tape", ())),
            names=tuple(self._kept.get("names", ())),
            values=tuple(self._kept.get("value", ())),
            probes=tuple(self._kept.get("probe", ())),
            figures=tuple(self._kept.get("figure", ())),
            functions=tuple(self._kept.get("function", ())),
            datasets=tuple(self._kept.get("dataset", ())),
            numbers=tuple(self._kept.get("numbers", ())),
            losses=losses,
            tapes=tapes,
            ending=str(self._end.get("reason", "died")),
            ending_detail=str(self._end.get("detail", "")),
            answers=self._answers,
            malformed=self._malformed,
        )

    def _take(self, line: bytes) -> None:
        record = loads(line)
        kind, fields = record["kind"], record["fields"]
        arrays = {name: self._array(place) for name, place in record["arrays"].items()}
        if kind == "run":
            self._run = {**self._run, **fields}
        elif kind == "end":
            self._end = fields
        elif kind in ("cell", "ran"):
            self._take_cell(kind, fields, arrays)
        elif kind == "call":
            self._take_call(_call(fields))
        elif kind == "answer":
            self._take_answer(_answer(fields))
        elif kind in _PARSERS:
            kept = self._kept.setdefault(kind, [])
            if len(kept) < KIND_LIMITS.get(kind, KIND_LIMIT):
                kept.append(_PARSERS[kind](fields, arrays))

    def _take_cell(self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        index = _int(fields["index"])
        if index not in self._cells and len(self._cells) >= CELLS_LIMIT:
            raise ValueError("too many cells")
        cell = self._cells.setdefault(index, {"index": index})
        cell.update(_written(arrays) if kind == "cell" else _ran(fields))

    def _take_call(self, call: Call) -> None:
        """Keep the last record of each call, of so many calls of one method."""
        if call.number not in self._calls:
            self._counts[call.name] += 1
            if self._counts[call.name] > (KIND_LIMIT if call.name in ASKED else CALLS_LIMIT):
                return
        self._calls[call.number] = call

    def _take_answer(self, answer: Answer) -> None:
        """Keep the last answer that each variable held."""
        if answer.name not in self._answers and len(self._answers) >= ANSWERS_LIMIT:
            raise ValueError("too many answers")
        self._answers[answer.name] = answer

    def _array(self, place: list[Any]) -> Array:
        name, shape, offset = place
        dtype = np.dtype(name)
        count = int(np.prod(shape, dtype=np.int64))
        # Arrays lie one after the other without padding, so a view would be unaligned.
        raw = self._blob[offset : offset + count * dtype.itemsize]
        return np.frombuffer(raw.tobytes(), dtype=dtype).reshape(shape)


def _written(arrays: Mapping[str, Array]) -> dict[str, Any]:
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
    line = _int(value)
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


def _ran(fields: Mapping[str, Any]) -> dict[str, Any]:
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
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        first=_int(fields["first"]),
        last=_int(fields["last"]),
    )


def _data(fields: Mapping[str, Any] | None) -> DataFacts | None:
    if fields is None:
        return None
    return DataFacts(
        split=str(fields["split"]),
        rows=_int(fields["rows"]),
        shape=tuple(_int(size) for size in fields["shape"]),
        dtype=str(fields["dtype"]),
        low=_number(fields["low"]) or 0.0,
        high=_number(fields["high"]) or 0.0,
        labels=str(fields["labels"]),
        scale=_number(fields["scale"]),
        offset=_number(fields["offset"]),
    )


def _call(fields: Mapping[str, Any]) -> Call:
    return Call(
        number=_int(fields["number"]),
        name=str(fields["name"]),
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        model=_optional_int(fields["model"]),
        data=_data(fields["data"]),
        settings=_settings(fields["settings"]),
        result=_result(fields["result"]),
        error=str(fields["error"])[:TEXT_LIMIT],
        finished=fields["finished"] is True,
    )


def _settings(fields: Mapping[str, Any]) -> dict[str, Any]:
    metrics = fields.get("metrics")
    return {**fields, "metrics": list(map(str, metrics)) if isinstance(metrics, list) else []}


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
        output_shape=tuple(_int(size) for size in fields["output_shape"]),
        parameters=_int(fields["parameters"]),
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
        model=_int(fields["model"]),
        call=_int(fields["call"]),
        stage=str(fields["stage"]),
        kind=str(fields["class"]),
        layers=tuple(layer_row(layer) for layer in fields["layers"]),
        parameters=_int(fields["parameters"]),
        spec=_spec(fields["spec"]),
        data=_data(fields["data"]),
        weights=_numbered(arrays, "w"),
        claimed=arrays.get("claimed"),
    )


def _tape(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> TapeStep:
    return TapeStep(
        number=_int(fields["number"]),
        step=_int(fields["step"]),
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        model=_optional_int(fields["model"]),
        target_shape=tuple(_int(size) for size in fields["target_shape"]),
        loss=_number(fields["loss"]),
        split=str(fields["split"]),
        missing=_int(fields["missing"]),
        variables=_int(fields["variables"]),
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
    models = {str(name): _int(model) for name, model in named}
    return Names(cell=_int(fields["cell"]), models=models)


def _value(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Value:
    data = _data(fields["data"])
    if data is None:
        raise TypeError("a value without facts")
    return Value(cell=_int(fields["cell"]), name=str(fields["name"]), data=data)


def _probe(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> Probe:
    answers = _numbered(arrays, "t")
    if any(array.ndim != 1 for array in answers):
        raise ValueError("an answer that is no row of numbers")
    return Probe(
        name=str(fields["name"]),
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        answers=tuple(fields["answers"]),
        kind=str(fields["kind"])[:TEXT_LIMIT],
        error=str(fields["error"])[:TEXT_LIMIT],
        printed=fields.get("printed") is True,
        arrays=answers,
    )


def _figure(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Figure:
    return Figure(
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        title=str(fields["title"])[:TEXT_LIMIT],
        axes=tuple(_axes(axes) for axes in fields["axes"][:AXES_LIMIT]),
    )


def _axes(fields: Mapping[str, Any]) -> Axes:
    return Axes(
        title=str(fields["title"])[:TEXT_LIMIT],
        labels=tuple(map(str, fields["labels"])),
        images=_int(fields["images"]),
        lines=tuple(_points(line) for line in fields["lines"][:LINES_DRAWN_LIMIT]),
        split=str(fields["split"]),
        row=_int(fields["row"]),
        label=_optional_int(fields["label"]),
        predicted=tuple(map(_int, fields.get("predicted", ())[:PREDICTED_LIMIT])),
    )


def _points(line: list[object]) -> tuple[float, ...]:
    return tuple(y for point in line[:POINTS_LIMIT] if (y := _number(point)) is not None)


def _function(fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> FunctionRun:
    kinds = tuple(map(str, fields["kinds"]))
    return FunctionRun(
        name=str(fields["name"]),
        trial=_int(fields["trial"]),
        cell=_optional_int(fields["cell"]),
        line=_optional_int(fields["line"]),
        error=str(fields["error"])[:TEXT_LIMIT],
        kinds=kinds,
        facts=tuple(_data(facts) for facts in fields["facts"]),
        results=tuple(arrays.get(f"r{number}") for number in range(len(kinds))),
    )


def _dataset(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Dataset:
    steps = tuple((str(name), _optional_int(size)) for name, size in fields["steps"])
    return Dataset(cell=_int(fields["cell"]), name=str(fields["name"]), steps=steps, data=_data(fields["data"]))


def _numbers(fields: Mapping[str, Any], _: Mapping[str, Array]) -> Numbers:
    numbers = tuple(_number(number) for number in fields["numbers"])
    return Numbers(cell=_int(fields["cell"]), name=str(fields["name"])[:TEXT_LIMIT], numbers=numbers)


def _losses(fields: Mapping[str, Any], _: Mapping[str, Array]) -> tuple[tuple[float | None, ...], int]:
    return tuple(_number(loss) for loss in fields["losses"][:LOSSES_LIMIT]), _int(fields.get("tapes", 0))


def _answer(fields: Mapping[str, Any]) -> Answer:
    text = str(fields["text"])
    return Answer(
        name=str(fields["name"])[:200],
        cell=_int(fields["cell"]),
        kind=str(fields["kind"])[:20],
        text=text[:ANSWER_LIMIT],
        type=str(fields["type"])[:80],
        cut=fields["cut"] is True or len(text) > ANSWER_LIMIT,
    )


_PARSERS = {
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


def _int(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value


def _optional_int(value: object) -> int | None:
    return None if value is None else _int(value)


def _number(value: object) -> float | None:
    """Return a finite number, or None: the worker writes None for NaN and infinity."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
