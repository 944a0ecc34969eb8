"""The course lab as an assignment of nbgrader and of otter-grader: their own formats, the same asserts.

nbgrader: `source/lab2/lab2.ipynb` has solutions and hidden tests, from which it makes `release/` and its database;
the class lies in `submitted/STUDENT/lab2/`. otter: one file of exception-based tests for each part, zipped by itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.peers import notebooks
from benchmarks.peers.asserts import ASSERTS
from benchmarks.peers.notebooks import Made

NAME = "lab2"

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "course"
# Its own 30 seconds are for cells that train nothing.
c.ExecutePreprocessor.timeout = 7200
c.Execute.timeout = 7200
"""

TIME_OF_HANDING_IN = "2026-11-20 10:00:00 UTC\n"

TEST_FILE = """
from otter.test_files import test_case

OK_FORMAT = False
name = "{part}"
points = {points}

ASSERTS = {source!r}


@test_case()
def test_{part}(env):
    exec(ASSERTS, env)
"""


def course(folder: Path) -> Path:
    """Write a course with its source notebook, ready for `nbgrader generate_assignment lab2`."""
    source = folder / "source" / NAME
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    (source / f"{NAME}.ipynb").write_text(json.dumps(source_notebook()), encoding="utf-8")
    return folder


def source_notebook() -> dict[str, object]:
    """Return the instructor's notebook: solutions between marks, and asserts that students do not see."""
    cells: list[dict[str, object]] = []
    for cell, text in notebooks.reference().items():
        if cell in notebooks.WRITTEN:
            solution = f"### BEGIN SOLUTION\n{text.strip()}\n### END SOLUTION\n"
            cells.append(_code(solution, notebooks.solution_cell(cell)))
        else:
            cells.append(_code(text.strip(), None))
        for part, behind in notebooks.TESTED_BEHIND.items():
            if behind == cell:
                hidden = f"### BEGIN HIDDEN TESTS\n{ASSERTS[part]}\n### END HIDDEN TESTS"
                cells.append(_code(notebooks.handed_out(part) + hidden, notebooks.graded_cell(part)))
    return {"cells": cells, "metadata": notebooks.KERNEL, "nbformat": 4, "nbformat_minor": 2}


def _code(source: str, metadata: Mapping[str, object] | None) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {} if metadata is None else {"nbgrader": metadata},
        "outputs": [],
        "source": source,
    }


def hand_in(made: Iterable[Made], folder: Path) -> dict[str, Path]:
    """Write notebooks where nbgrader collects them, and return the path of each student's."""
    paths = {}
    for one in made:
        path = folder / one.student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
        path.with_name("timestamp.txt").write_text(TIME_OF_HANDING_IN, encoding="utf-8")
        paths[one.student] = path
    return paths


def otter_tests(folder: Path) -> Path:
    """Write otter's test files, ready for `otter generate`."""
    folder.mkdir(parents=True)
    for part, source in ASSERTS.items():
        text = TEST_FILE.format(part=part, points=notebooks.POINTS[part], source=source)
        (folder / f"{part}.py").write_text(text, encoding="utf-8")
    return folder


def surroundings(folder: Path, python: Path, images: Path) -> dict[str, str]:
    """Return the environment in which other graders run: stand-ins for what the course's notebooks import, and MNIST.

    Args:
        folder: where a profile for IPython is written that knows the one magic of the notebooks.
        python: the interpreter of the others; its programs come first in the path.
        images: an `.npz` file as Keras has it.
    """
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "colab.py").write_text(
        "get_ipython().register_magic_function(lambda line: None, 'line', 'tensorflow_version')\n", encoding="utf-8"
    )
    return {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(Path(__file__).parent / "stand_ins"),
        "IPYTHONDIR": str(folder),
        "PEERS_MNIST": str(images),
        # What a notebook installs is there: no network is asked, as it is not with us.
        "PIP_NO_INDEX": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
