"""What is seen in a submission before anything runs, as the worker tells it and the trusted side reads it."""

from __future__ import annotations

import json

import numpy as np

from grader import labs, record
from grader.cli.progress import missing
from grader.collect import cells, marks
from grader.judge.code import Code
from grader.wire import Frame

LAB = labs.find(labs.FLAGSHIP)


def told(*sources: str) -> list[Frame]:
    """Return the frames by which a worker tells of cells."""
    return [
        Frame(
            kind="cell",
            fields={"index": index},
            arrays={
                "source": np.frombuffer(source.encode(), np.uint8),
                "facts": np.frombuffer(
                    json.dumps(marks.find(cells.statements(source), placeholder=LAB.placeholder)).encode(), np.uint8
                ),
            },
        )
        for index, source in enumerate(sources, start=1)
    ]


def code(*sources: str) -> Code:
    return Code(lab=LAB, cells=record.written(told(*sources)))


def test_a_line_that_is_no_python_is_named() -> None:
    broken = code("x = 1", "y = 2\nz = (1,\n", "w = 3")
    assert broken.broken() == [(2, 2)]
    assert list(missing(broken)) == ["Cell 2, line 2: Python cannot read this."]


def test_what_is_still_blank_is_told_by_part() -> None:
    blank = code(
        "import keras",
        "def build_fc_model():\n    return XXXXXX",
        "cnn_model = keras.Sequential([])",
        "note = 'nothing'",
    )
    assert [(part.id, place) for part, place in blank.open_parts()] == [("fc_build", (2, 2))]
    assert list(missing(blank)) == ["Still to fill in: Build the fully connected network (cell 2, line 2)"]


def test_the_reference_has_nothing_missing() -> None:
    sources = cells.split(LAB.solution_file.read_bytes(), suffix=".py")
    assert list(missing(code(*sources))) == []


def test_records_that_do_not_fit_are_left_out() -> None:
    good, bad = told("x = 1", "y = 2")
    odd = Frame(kind="cell", fields={"index": "two"}, arrays=bad.arrays)
    lost = Frame(kind="cell", fields={"index": 3}, arrays={"source": bad.arrays["source"]})
    assert [cell.source for cell in record.written([odd, good, lost])] == ["x = 1"]
