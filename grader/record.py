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

from grader import claims
from grader.errors import MachineError
from grader.evidence import Answer, Call, Cell, Evidence
from grader.wire import Array, Frame, loads

FORMAT = 1
"""Version of the record. History: 1, the first one."""

CELLS_LIMIT, ANSWERS_LIMIT = 3_000, 500
"""Cells of a submission, and questions of a lab that may be answered; a hand-written lab has dozens."""

KIND_LIMIT = 10_000
KIND_LIMITS = {"snapshot": 300, "figure": 60}
"""Records of one kind that are looked at, and of those that are compared with much else; labs leave some dozens."""

CALLS_LIMIT = 1_000
"""Calls of one method; what asks about calls compares them with each other."""

ASKED = ("predict", "call")
"""Methods that people call for each image; nothing compares those."""

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
        with contextlib.suppress(*claims.MISFITS):
            if frame.kind == "cell" and len(cells) < CELLS_LIMIT:
                index = claims.integer(frame.fields["index"])
                cells[index] = Cell(index=index, **claims.cell(frame.arrays))
    return tuple(cell for _, cell in sorted(cells.items()))


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
            except claims.MISFITS:
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
            self._take_call(claims.call(fields))
        elif kind == "answer":
            self._take_answer(claims.answer(fields))
        elif kind in claims.PARSERS:
            kept = self._kept.setdefault(kind, [])
            if len(kept) < KIND_LIMITS.get(kind, KIND_LIMIT):
                kept.append(claims.PARSERS[kind](fields, arrays))

    def _take_cell(self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        index = claims.integer(fields["index"])
        if index not in self._cells and len(self._cells) >= CELLS_LIMIT:
            raise ValueError("too many cells")
        cell = self._cells.setdefault(index, {"index": index})
        cell.update(claims.cell(arrays) if kind == "cell" else claims.ran(fields))

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
