"""The class through other graders, each in its normal way: serial, in full, and with what it offers as feedback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.peers import assignment
from benchmarks.peers.notebooks import POINTS
from benchmarks.peers.ours import Verdict
from benchmarks.peers.usage import Usage, measured

GRADES = f"""
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    print(json.dumps({{
        submission.student.id: {{grade.name: grade.auto_score for grade in submission.notebooks[0].grades}}
        for submission in book.assignment_submissions("{assignment.NAME}")
    }}))
"""
"""Prints what nbgrader's database says of each student."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where others run: their interpreter and environment, the notebooks, and a folder to work in."""

    python: Path
    environment: Mapping[str, str]
    notebooks: Mapping[str, Path]
    folder: Path

    def fresh(self, name: str) -> Path:
        """Return an empty folder: what an earlier run left, which was stopped, is taken away."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir(parents=True)
        return self.folder / name

    def run(self, command: Sequence[str], where: Path, *, fine: Sequence[int] = (0,), **more: str) -> str:
        """Run a program of theirs and return what it prints; one that fails would look fast."""
        line = [str(self.python), *command]
        done = subprocess.run(
            line, cwd=where, env={**self.environment, **more}, stdout=subprocess.PIPE, check=False, text=True
        )
        if done.returncode not in fine:
            raise SystemExit(f"{command[:3]} exited with {done.returncode}")
        return done.stdout


Outcome = tuple[Usage, dict[str, Verdict]]


def nbgrader(place: Place) -> Outcome:
    """`nbgrader autograde` and `nbgrader generate_feedback`, for all notebooks at once; it takes them one by one."""
    course = assignment.course(place.fresh("course"))
    for student, path in place.notebooks.items():
        shutil.copytree(path.parent, course / "submitted" / student / assignment.NAME)
    place.run(["-m", "nbgrader", "generate_assignment", assignment.NAME], course)
    with measured() as usage:
        place.run(["-m", "nbgrader", "autograde", assignment.NAME], course)
        place.run(["-m", "nbgrader", "generate_feedback", assignment.NAME], course)
    return usage, json.loads(place.run(["-c", GRADES], course))


def otter(place: Place) -> Outcome:
    """`otter run` for each notebook, which needs no container."""
    tests = assignment.otter_tests(place.fresh("otter") / "tests")
    folder, verdicts = tests.parent, {}
    place.run(["-m", "otter", "generate", "-t", str(tests), "-o", str(folder / "autograder.zip")], folder)
    with measured() as usage:
        for student, path in place.notebooks.items():
            out = folder / student
            out.mkdir()
            place.run(["-m", "otter", "run", str(path), "-a", "autograder.zip", "-o", str(out)], folder)
            verdicts[student] = _otters(out / "results.json")
    return usage, verdicts


def _otters(file: Path) -> Verdict:
    found = json.loads(file.read_text(encoding="utf-8"))["tests"]
    return {test["name"]: test["score"] for test in found if "score" in test}


def plain_pytest(place: Place) -> Outcome:
    """`pytest` for each notebook, with nothing but a file of tests."""
    folder, verdicts = place.fresh("pytest"), {}
    tests = Path(__file__).with_name("plain.py")
    # Where they were installed by the extra, our plugin is there, too: it has no part in this.
    options = ["-p", "no:grader", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), "-q"]
    with measured() as usage:
        for student, path in place.notebooks.items():
            report = folder / f"{student}.xml"
            command = ["-m", "pytest", *options, str(tests), f"--junitxml={report}"]
            sys.stderr.write(place.run(command, folder, fine=(0, 1), SUBMISSION=str(path), MPLBACKEND="Agg"))
            verdicts[student] = _pytests(report)
    return usage, verdicts


def _pytests(report: Path) -> Verdict:
    # It was written by our own pytest over code of ours.
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314
    passed = {case.get("name", "").removeprefix("test_part[").removesuffix("]"): not len(case) for case in cases}
    return {part: POINTS[part] if passed.get(part) else 0.0 for part in POINTS}


GRADERS = {"nbgrader": nbgrader, "otter": otter, "pytest": plain_pytest}
"""The others, by the name under which their figures stand."""
