"""The record keeps what is well-formed and counts what is not; it is written by an untrusted process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import claims
from grader import record as records
from grader.errors import MachineError
from grader.evidence import Evidence
from grader.wire import Array, Frame

CALL: dict[str, Any] = {
    "number": 1,
    "name": "fit",
    "cell": 3,
    "line": 2,
    "model": 1,
    "data": None,
    "settings": {},
    "result": {},
    "error": "",
    "finished": True,
}


def write(folder: Path, *frames: Frame) -> Evidence:
    with records.Recorder(folder) as recorder:
        for frame in frames:
            assert recorder.write(frame)
    return records.read(folder)


def bytes_of(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(text.encode(), np.uint8)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    facts = json.dumps({"marks": [{"kind": "define", "line": 1, "end_line": 2, "defines": "f"}], "placeholders": [2]})
    snapshot = {"model": 1, "call": 1, "stage": "trained", "class": "Sequential", "layers": [], "parameters": 6}
    record = write(
        tmp_path,
        Frame(kind="cell", fields={"index": 1}, arrays={"source": bytes_of("a = 1"), "facts": bytes_of(facts)}),
        Frame(kind="ran", fields={"index": 1, "state": "ok", "failures": [], "seconds": 0.5, "output": "x"}),
        Frame(kind="call", fields={**CALL, "finished": False}),
        Frame(kind="call", fields=CALL),
        Frame(
            kind="snapshot",
            fields={**snapshot, "spec": None, "data": None},
            arrays={"skip": np.ones(3, np.uint8), "w0": weights},
        ),
        Frame(kind="run", fields={"cells": 1}),
        Frame(kind="end", fields={"reason": "done", "detail": ""}),
    )
    assert record.malformed == 0
    assert record.cells[0].source == "a = 1"
    assert record.cells[0].marks[0].defines == "f"
    assert record.cells[0].placeholders == (2,)
    assert (record.cells[0].state, record.cells[0].output) == ("ok", "x")
    assert [call.finished for call in record.calls] == [True]
    np.testing.assert_array_equal(record.snapshots[0].weights[0], weights)
    assert record.ending == "done"


def test_a_record_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    write(tmp_path, Frame(kind="call", fields=CALL))
    with (tmp_path / "evidence.jsonl").open("ab") as file:
        file.write(b'{"kind": "call", "fie')
    record = records.read(tmp_path)
    assert len(record.calls) == 1
    assert record.malformed == 1
    assert record.ending == "died"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {**CALL, "number": "1"},
        {**CALL, "number": True},
        {**CALL, "cell": [1]},
        {**CALL, "settings": 3},
        {**CALL, "data": {"split": "train"}},
    ],
)
def test_a_malformed_claim_is_dropped_and_counted(tmp_path: Path, fields: dict[str, Any]) -> None:
    record = write(tmp_path, Frame(kind="call", fields=fields))
    assert record.calls == ()
    assert record.malformed == 1


def test_the_record_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BYTES_LIMIT", 100)
    with records.Recorder(tmp_path) as recorder:
        assert recorder.write(Frame(kind="run", arrays={"x": np.zeros(60, np.uint8)}))
        assert not recorder.write(Frame(kind="run", arrays={"x": np.zeros(60, np.uint8)}))


def test_no_record_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        records.read(tmp_path / "none")


def test_a_full_record_has_room_for_how_the_run_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "RECORDS_LIMIT", 1)
    with records.Recorder(tmp_path) as recorder:
        assert recorder.write(Frame(kind="run", fields={"began": False}))
        assert not recorder.write(Frame(kind="run", fields={"began": False}))
        recorder.add(Frame(kind="run", fields={"began": True}))
        recorder.add(Frame(kind="end", fields={"reason": "evidence_full", "detail": ""}))
    record = records.read(tmp_path)
    assert (record.run["began"], record.ending) == (True, "evidence_full")


def test_of_very_many_calls_only_so_many_are_kept(tmp_path: Path) -> None:
    calls = [Frame(kind="call", fields={**CALL, "number": number}) for number in range(records.CALLS_LIMIT + 50)]
    again = Frame(kind="call", fields={**CALL, "number": 0, "line": 7})
    record = write(tmp_path, *calls, again, Frame(kind="call", fields={**CALL, "number": -1, "name": "compile"}))
    assert len(record.calls) == records.CALLS_LIMIT + 1
    assert next(call for call in record.calls if call.number == 0).line == 7


def test_what_is_drawn_is_cut_and_made_of_numbers(tmp_path: Path) -> None:
    axes = {"title": "9" * 5_000, "labels": [], "images": 1, "split": "test", "row": 1, "label": 1}
    figure = {"cell": 1, "line": 1, "title": "t", "axes": [{**axes, "lines": [["nan", 1.5, None, 2]] * 50}]}
    (found,) = write(tmp_path, Frame(kind="figure", fields=figure)).figures
    assert len(found.axes[0].title) == claims.TEXT_LIMIT
    assert found.axes[0].lines == ((1.5, 2.0),) * claims.LINES_DRAWN_LIMIT


@pytest.mark.parametrize(
    ("kind", "fields", "arrays"),
    [
        ("losses", {"losses": 5}, {}),
        ("losses", {}, {}),
        ("figure", {"axes": None}, {}),
        ("numbers", {"numbers": [[]]}, {}),
        ("probe", {"name": "x", "cell": 1, "line": 1, "answers": [1], "kind": "", "error": ""}, {"t0": np.zeros(())}),
    ],
)
def test_a_record_of_any_kind_may_be_malformed(
    tmp_path: Path, kind: str, fields: dict[str, Any], arrays: dict[str, Array]
) -> None:
    record = write(tmp_path, Frame(kind=kind, fields=fields, arrays=arrays))
    assert record.malformed == 1
    assert (record.losses, record.probes, record.figures, record.numbers) == ((), (), (), ())


def test_texts_and_figures_are_cut_where_the_worker_cuts_them(tmp_path: Path) -> None:
    long = "x" * 50_000
    figure = {"cell": 1, "line": 1, "title": "t", "axes": []}
    numbers = Frame(kind="numbers", fields={"cell": 1, "name": long, "numbers": []})
    call = Frame(kind="call", fields={**CALL, "error": long})
    record = write(tmp_path, call, numbers, *[Frame(kind="figure", fields=figure)] * 200)
    assert len(record.calls[0].error) == len(record.numbers[0].name) == claims.TEXT_LIMIT
    assert len(record.figures) == records.KIND_LIMITS["figure"]


@pytest.mark.parametrize("given", [5, "x", {"a": 1}, None])
def test_what_a_call_was_told_in_lists_is_in_lists(tmp_path: Path, given: object) -> None:
    call = Frame(kind="call", fields={**CALL, "settings": {"metrics": given, "loss_weights": given}})
    assert write(tmp_path, call).calls[0].settings == {"metrics": [], "loss_weights": []}
