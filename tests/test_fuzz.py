"""Whatever a hostile worker sends, the trusted side neither crashes nor takes more memory than its caps say."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shooting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader import pipeline, report, wire
from grader import record as records
from grader import submission as intake
from grader.authoring import bench
from grader.judge.case import Case
from grader.judge.grading import grade as settle
from grader.judge.plugin import judge
from grader.model import Effort, Grade, RunFacts
from grader.verification import Verified
from grader.verify import host
from grader.wire import Frame, WireError

MANY = settings(max_examples=10_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
FEW = settings(MANY, max_examples=1_000)
JUDGED = settings(MANY, max_examples=200)
FEW_JUDGED = settings(MANY, max_examples=25)

SLACK = 8 * 1024**2
"""Bytes that decoding may take beside the arrays of a frame: JSON of 64 KiB becomes a few megabytes of objects."""

VALID = [
    b"".join(bytes(part) for part in wire.encode(frame))
    for frame in (
        Frame(kind="end", fields={"reason": "done", "detail": ""}),
        Frame(kind="call", fields={"number": 1, "settings": {"a": [1, 2.5, None, "x"]}, "result": {}}),
        Frame(kind="snapshot", fields={"model": 1}, arrays={"w0": np.ones((3, 4), np.float32), "w1": np.arange(5)}),
    )
]

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Bytes that are nearly a frame: random, mutated, truncated, oversized or nested."""
    kind = draw(st.sampled_from(("random", "mutated", "truncated", "lengths", "nested", "json")))
    data = bytearray(draw(st.sampled_from(VALID)))
    if kind == "random":
        return draw(st.binary(max_size=300))
    if kind == "mutated":
        for _ in range(draw(st.integers(1, 8))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    elif kind == "truncated":
        return bytes(data[: draw(st.integers(0, len(data)))])
    elif kind == "lengths":
        data[:4] = struct.pack("<I", draw(st.integers(0, 2**32 - 1)))
    elif kind == "nested":
        depth = draw(st.integers(1, 30_000))
        bracket = draw(st.sampled_from(("[", '{"a":')))
        text = f'{{"kind":"k","fields":{{"a":{bracket * depth}}},"arrays":[]}}'.encode()[: wire.HEADER_LIMIT]
        return struct.pack("<I", len(text)) + text
    else:
        sizes = st.integers(-2, 2**40)
        entry = st.tuples(st.text(max_size=5), st.sampled_from([*wire.DTYPES, "object"]), st.lists(sizes, max_size=10))
        arrays = draw(st.lists(entry, max_size=5))
        header = {"kind": draw(JUNK), "fields": {"a": draw(JUNK)}, "arrays": arrays}
        text = json.dumps(header).encode()[: wire.HEADER_LIMIT]
        return struct.pack("<I", len(text)) + text + bytes(200)
    return bytes(data)


@given(frames())
@FEW
def test_near_frames_are_refused_or_read_within_the_caps(data: bytes) -> None:
    assert_read_or_refused(data)


@given(frames())
@MANY
@pytest.mark.slow
def test_ten_thousand_near_frames_are_refused_or_read_within_the_caps(data: bytes) -> None:
    assert_read_or_refused(data)


def assert_read_or_refused(data: bytes) -> None:
    stream, asked = io.BytesIO(data), []

    def read(size: int) -> bytes:
        asked.append(size)
        return wire.read_exactly(stream, size)

    try:
        frame = wire.decode(read)
    except (WireError, EOFError):
        frame = None
    assert sum(asked[2:]) <= wire.FRAME_LIMIT
    assert all(0 <= size <= wire.FRAME_LIMIT for size in asked)
    if frame is not None:
        assert all(type(array) is np.ndarray and array.dtype.name in wire.DTYPES for array in frame.arrays.values())
        assert b"".join(bytes(part) for part in wire.encode(frame))


@pytest.mark.parametrize(
    "text",
    [
        b'{"kind":"k","fields":{"a":[' + b"[]," * 21_000 + b'1]},"arrays":[]}',
        b'{"kind":"k","fields":{"a":[' + b"{}," * 21_000 + b'1]},"arrays":[]}',
        b'{"kind":"k","fields":{' + b",".join(b'"%d":1' % n for n in range(7_000)) + b'},"arrays":[]}',
        b'{"kind":"k","fields":{},"arrays":[' + b",".join(b'["%d","uint8",[0]]' % n for n in range(500)) + b"]}",
    ],
)
def test_a_header_full_of_objects_stays_small(text: bytes) -> None:
    tracemalloc.start()
    try:
        frame = wire.read(io.BytesIO(struct.pack("<I", len(text)) + text))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frame.kind == "k"
    assert peak < SLACK


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Case]:
    """The record of an honest submission, and the case that it makes."""
    folder = tmp_path_factory.mktemp("recorded")
    path = folder / "honest.py"
    path.write_text(shooting.HONEST)
    with bench.Bench(shooting.LAB, folder) as work:
        _, request, run = work._run(path)
        return request.out / "evidence", pipeline.case_of(request, run, work.expected)


FACTS = RunFacts(effort="quick", data="synthetic", seed=1, tier="B", versions=(), caps=())


def mutate(value: Any, chance: random.Random, junk: list[Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a record in which some values are others."""
    if chance.random() < 0.04:
        return chance.choice(junk)
    if isinstance(value, dict):
        kept = {name: mutate(item, chance, junk) for name, item in value.items() if chance.random() > 0.01}
        return kept | ({chance.choice(list(kept)): chance.choice(junk)} if kept and chance.random() < 0.05 else {})
    if isinstance(value, list):
        return [mutate(item, chance, junk) for item in value if chance.random() > 0.02]
    return value


SEEDS, VALUES = st.integers(0, 2**32), st.lists(JUNK, min_size=1, max_size=6)
Folders = pytest.TempPathFactory


@given(seed=SEEDS, junk=VALUES)
@FEW_JUDGED
def test_a_record_with_nonsense_is_judged_all_the_same(
    recorded: tuple[Path, Case], seed: int, junk: list[Any], tmp_path_factory: Folders
) -> None:
    assert_judged(recorded, seed, junk, tmp_path_factory.mktemp("mutated"))


@given(seed=SEEDS, junk=VALUES)
@JUDGED
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_records_with_nonsense_are_judged_all_the_same(
    recorded: tuple[Path, Case], seed: int, junk: list[Any], tmp_path_factory: Folders
) -> None:
    assert_judged(recorded, seed, junk, tmp_path_factory.mktemp("mutated"))


def assert_judged(recorded: tuple[Path, Case], seed: int, junk: list[Any], folder: Path) -> None:
    source, case = recorded
    chance = random.Random(seed)  # noqa: S311 - a test has to do the same again
    values = [0, -1, 10**18, 1e300, "", "x" * 500, None, True, [], {}, "\ud800\x1b[2J<script>", *junk]
    lines = [json.loads(line) for line in (source / "evidence.jsonl").read_bytes().splitlines()]
    for line in lines:
        line["fields"] = mutate(line["fields"], chance, values)
    text = "\n".join(json.dumps(line) for line in lines if isinstance(line["fields"], dict))
    (folder / "evidence.jsonl").write_text(text)
    os.link(source / "arrays.bin", folder / "arrays.bin")
    record = records.read(folder)
    for snapshot in host._wanted(record):
        host._network_request(snapshot, case.verified.images)
    networks = {(s.model, s.call): host._claimed(s, len(case.verified.images), "") for s in host._wanted(record)}
    verified = Verified(
        networks=networks | dict(case.verified.networks),
        steps=case.verified.steps,
        labels=case.verified.labels,
        images=case.verified.images,
        initial=case.verified.initial,
    )
    mutated = Case(
        lab=case.lab,
        evidence=record,
        verified=verified,
        expected=case.expected,
        effort=Effort.QUICK,
        trials=case.trials,
    )
    results = judge(mutated)
    faults = [result for result in results if result.outcome.value == "grader_error"]
    assert [fault.feedback.defect for fault in faults] == []
    taken = intake.Submission(id="x", file="x.py", data=b"x")
    grade: Grade = settle(mutated, results, taken.identity, FACTS, 0.0)
    assert Fraction(0) <= grade.earned <= grade.points
    report.write_reports(grade, folder)
    json.loads((folder / "report.json").read_text(encoding="utf-8"))
