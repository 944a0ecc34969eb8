"""A class of the course lab: notebooks written in many ways, each of another student, as they come from nbgrader.

They are made of the fixtures in `tests/course.py`. Each has a seed of its own in its first cell and outputs of its own;
a tenth are the work of somebody else, run again. Behind the cell of each part stands the cell with which an instructor
tests it, locked and without its hidden tests, as nbgrader hands it out: all graders read the very same files.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from grader import labs

ROOT = Path(__file__).parent.parent.parent

LAB = labs.find("mit_6s191_lab2")

POINTS = {part.id: float(part.points) for part in LAB.parts}
"""The points of each part."""

TESTED_BEHIND = {
    "fc_build": "fc_build",
    "fc_compile": "fc_fit",
    "fc_evaluate": "fc_evaluate",
    "cnn_build": "cnn_build",
    "cnn_compile": "cnn_compile",
    "cnn_fit": "cnn_fit",
    "cnn_evaluate": "cnn_evaluate",
    "prediction": "prediction",
    "gradient_tape": "tape",
}
"""Behind which cell of the notebook each part is tested."""

UNFAIR = frozenset(
    {
        # Never end, or end the kernel.
        "fit_below_an_endless_loop",
        "endless_loop_in_a_cell_of_its_own",
        "endless_loop_above_graded_code",
        "sleeps_for_an_hour",
        "restarts_the_runtime",
        "leaves_where_there_is_no_gpu",
        "waits_for_input_and_mounts_a_drive",
        # Change the machine of whoever runs them.
        "magics_and_shell_lines",
        # Take hours where nothing shortens them.
        "fifty_epochs",
        "fit_called_seven_times",
        "fit_positional",
        "experiments_with_optimizers",
        "twelve_convolutional_experiments_before_the_cnn",
        "sixteen_experiments_before_the_cnn",
        "compiled_to_run_eagerly",
        "tape_over_batches_of_ten_thousand",
        "predicts_image_by_image",
        "eight_hundred_subplots",
        # Have no cells behind which a part could be tested.
        "all_code_in_a_single_cell",
        "code_squeezed_into_four_cells",
        "twenty_six_code_cells",
        "single_cell_with_the_tape_left",
        "single_cell_evaluating_the_fc_net",
    }
)
"""Fixtures that are left out: they would make the others look slower than they are, or keep them from grading."""

WRITTEN = frozenset(
    {
        "fc_build",
        "fc_compile",
        "fc_evaluate",
        "cnn_build",
        "cnn_compile",
        "cnn_fit",
        "cnn_evaluate",
        "prediction",
        "tape",
    }
)
"""The cells in which students write."""

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

COPIED = 10
"""One in so many is the work of another student."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A notebook of the class: of which student, from which fixture, and which parts of it deserve all points."""

    student: str
    fixture: str
    right: frozenset[str]
    data: bytes


def fixtures() -> Sequence[Any]:
    """Return the fixtures of the course lab that every grader can be asked to grade."""
    return [fixture for fixture in course().FIXTURES if fixture.name not in UNFAIR]


def reference() -> Mapping[str, str]:
    """Return the cells of a notebook that is right in all parts."""
    cells: Mapping[str, str] = course().RIGHT
    return cells


def course() -> ModuleType:
    """Return the module of the fixtures, which stands among the tests."""
    if (tests := str(ROOT / "tests")) not in sys.path:
        sys.path.append(tests)
    return importlib.import_module("course")


def make_class(count: int) -> list[Made]:
    """Return the notebooks of a class: nine tenths from different fixtures, taken evenly from all of them."""
    known = fixtures()
    own = count - count // COPIED
    if own > len(known):
        raise SystemExit(f"there are {len(known)} different notebooks: not enough for {own}")
    chosen = [known[number * len(known) // own] for number in range(own)]
    copied = [number * own // (count - own) for number in range(count - own)]
    sources = [*enumerate(chosen), *((number, chosen[number]) for number in copied)]
    return [_made(number, seed, fixture) for number, (seed, fixture) in enumerate(sources)]


def _made(number: int, seed: int, fixture: Any) -> Made:  # noqa: ANN401 - tests/course.py is found at run time
    right = frozenset(TESTED_BEHIND) - fixture.loses
    data = as_handed_in(fixture, seed=1000 + seed, run=number)
    return Made(student=f"student{number:03}", fixture=fixture.name, right=right, data=data)


def as_handed_in(fixture: Any, *, seed: int, run: int) -> bytes:  # noqa: ANN401 - as above
    """Return a fixture as a notebook of nbgrader, with a seed in its first cell and the outputs of one run."""
    sources, marks = [f"# my seed: {seed}\n"], {}
    for name, source in fixture.cells.items():
        cell = name.removesuffix("_again")
        if source:
            sources.append(source)
            if name in WRITTEN:
                marks[source.strip()] = solution_cell(name)
        # Where something was done again below, it is tested there.
        if f"{name}_again" not in fixture.cells:
            sources += [handed_out(part) for part, behind in TESTED_BEHIND.items() if behind == cell]
    marks |= {handed_out(part).strip(): graded_cell(part) for part in TESTED_BEHIND}
    book = json.loads(fixture.dress(sources))
    for cell in book["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            _dress(cell, marks)
            cell["outputs"] = [*cell.get("outputs", ()), _said(f"run {run}\n")]
    return json.dumps({**book, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 2}).encode()


def _dress(cell: dict[str, Any], marks: Mapping[str, Mapping[str, object]]) -> None:
    mark = marks.get("".join(cell["source"]).replace("\r\n", "\n").strip())
    if mark:
        cell["metadata"]["nbgrader"] = mark
    if mark and mark["grade"]:
        cell["metadata"]["otter"] = {"tests": [mark["grade_id"]]}
    cell.setdefault("execution_count", None)


def handed_out(part: str) -> str:
    """Return the cell that tests a part, as students see it: nbgrader has taken the hidden tests out."""
    return f"# Tests of {part}\n"


def graded_cell(part: str) -> Mapping[str, object]:
    """Return the metadata of a cell that nbgrader runs and overwrites.

    Source of the format: nbgrader's `docs/source/contributor_guide/metadata.rst`, schema version 3.
    """
    return {**_CELL, "grade": True, "grade_id": part, "locked": True, "points": POINTS[part]}


def solution_cell(cell: str) -> Mapping[str, object]:
    """Return the metadata of a cell in which students write."""
    return {**_CELL, "grade_id": f"write-{cell}", "solution": True}


_CELL = {"grade": False, "locked": False, "schema_version": 3, "solution": False, "task": False, "cell_type": "code"}


def _said(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": [text]}
