"""The benchmark against other graders compares what it says: the same notebooks, as each of them takes them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from benchmarks.peers import __main__ as benchmark
from benchmarks.peers import assignment, notebooks, plain
from benchmarks.peers.asserts import ASSERTS
from grader import exchange, submission
from grader.exchange import Layout

COUNT = 40


@pytest.fixture(scope="module")
def made() -> list[notebooks.Made]:
    return notebooks.make_class(COUNT)


def cells_of(book: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return nbgrader's cells of a notebook by their ids, in order; no id stands there twice."""
    marked = [cell for cell in book["cells"] if "nbgrader" in cell["metadata"]]
    found = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in marked}
    assert len(found) == len(marked)
    return found


def test_a_class_is_varied_and_a_tenth_of_it_is_copied(made: list[notebooks.Made], tmp_path: Path) -> None:
    paths = assignment.hand_in(made, tmp_path)
    taken = [submission.take(path) for path in paths.values()]
    assert len({one.sha256 for one in taken}) == COUNT
    assert len({one.content for one in taken}) == COUNT - COUNT // notebooks.COPIED
    assert len({one.fixture for one in made}) == COUNT - COUNT // notebooks.COPIED
    assert {one.right == frozenset(notebooks.POINTS) for one in made} == {True, False}


def test_the_class_is_read_as_a_download_of_nbgrader(made: list[notebooks.Made], tmp_path: Path) -> None:
    assignment.hand_in(made, tmp_path / "submitted")
    found = exchange.read(tmp_path / "submitted", into=tmp_path / "into")
    assert found.layout is Layout.NBGRADER
    assert [entry.id for entry in found.entries] == [one.student for one in made]


def test_every_part_is_tested_behind_its_cell_and_students_see_no_assert(made: list[notebooks.Made]) -> None:
    for one in made:
        found = cells_of(json.loads(one.data))
        order = list(found)
        for part in notebooks.POINTS:
            assert found[part]["metadata"]["nbgrader"]["locked"]
            assert found[part]["metadata"]["otter"] == {"tests": [part]}
            assert "".join(found[part]["source"]).strip() == notebooks.handed_out(part).strip()
            if (written := f"write-{notebooks.TESTED_BEHIND[part]}") in found:
                assert order.index(written) < order.index(part)


def test_a_class_cannot_be_larger_than_there_are_different_notebooks() -> None:
    with pytest.raises(SystemExit, match="not enough"):
        notebooks.make_class(10_000)


def test_what_is_left_out_exists() -> None:
    names = {fixture.name for fixture in notebooks.fixtures()}
    every = {fixture.name for fixture in notebooks.course().FIXTURES}
    assert every - names == notebooks.UNFAIR


def test_the_instructors_notebook_is_one_of_nbgrader(tmp_path: Path) -> None:
    course = assignment.course(tmp_path)
    path = course / "source" / assignment.NAME / f"{assignment.NAME}.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    found = cells_of(json.loads(path.read_text()))
    for part, points in notebooks.POINTS.items():
        source, marks = found[part]["source"], found[part]["metadata"]["nbgrader"]
        assert (marks["grade"], marks["locked"], marks["points"]) == (True, True, points)
        shown, _, hidden = source.partition("### BEGIN HIDDEN TESTS\n")
        # What students received is what is left of it once the asserts are gone.
        assert shown == notebooks.handed_out(part)
        assert ASSERTS[part] in hidden
        assert hidden.endswith("### END HIDDEN TESTS")
    for cell in notebooks.WRITTEN:
        assert found[f"write-{cell}"]["source"].startswith("### BEGIN SOLUTION")
    compile((course / "nbgrader_config.py").read_text(), "nbgrader_config.py", "exec")


def test_otter_gets_the_same_asserts(tmp_path: Path) -> None:
    files = {path.stem: path for path in assignment.otter_tests(tmp_path / "tests").iterdir()}
    assert files.keys() == notebooks.POINTS.keys()
    for part, path in files.items():
        tree = ast.parse(path.read_text())
        values = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        assert [ast.literal_eval(value) for value in values] == [False, part, notebooks.POINTS[part], ASSERTS[part]]


def test_plain_pytest_runs_what_is_python_and_asserts_in_place_of_the_tests() -> None:
    written = {"cell_type": "code", "metadata": {}, "source": ["!pip install x\n", "%magic\n", "a = 1\n"]}
    assert plain.code_of(written) == "\n\na = 1"
    graded = {
        "cell_type": "code",
        "metadata": {"nbgrader": notebooks.graded_cell("prediction")},
        "source": ["# Tests\n"],
    }
    assert plain.code_of(graded) == ASSERTS["prediction"]


def test_asserts_can_fail() -> None:
    namespace = {"prediction": 3, "test_labels": [7]}
    with pytest.raises(AssertionError):
        exec(ASSERTS["prediction"], namespace)  # noqa: S102 - that is how it is run
    exec(ASSERTS["prediction"], {**namespace, "prediction": 7})  # noqa: S102 - as above


def test_a_sample_is_taken_evenly(made: list[notebooks.Made]) -> None:
    assert [one.student for one in benchmark.evenly(made, 2)] == ["student010", "student030"]
    assert benchmark.evenly(made, COUNT) == made


def test_what_was_measured_is_not_measured_again_on_the_same_terms_only(tmp_path: Path) -> None:
    kept = benchmark.Kept(tmp_path / "figures.json", {"cores": 2})
    kept.stage("ours", lambda: {"wall_s_each": 2.0})
    again = benchmark.Kept(tmp_path / "figures.json", {"cores": 2})
    again.stage("ours", lambda: pytest.fail("measured again"))
    assert again.figures["ours"]["wall_s_each"] == 2.0
    with pytest.raises(SystemExit, match="other terms"):
        benchmark.Kept(tmp_path / "figures.json", {"cores": 1})


def test_ratios_are_of_seconds_for_each_submission() -> None:
    figures = {"ours": {"wall_s_each": 2.0, "cpu_s_each": 4.0}, "nbgrader": {"wall_s_each": 100.0, "cpu_s_each": 120.0}}
    assert benchmark.ratios(figures) == {"nbgrader": {"wall_s_each": 50.0, "cpu_s_each": 30.0}}
