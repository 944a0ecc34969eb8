"""A lab's own checks: partial credit, extra credit, hidden ones, and what becomes of it in every report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import outside
import pytest

from grader import labs
from grader.errors import AuthorError
from grader.judge import plugin
from grader.judge.case import Case
from grader.model import CheckResult, Outcome

OWN = '''
import pytest
from grader.judge import awards

def mark(name, points, *more):
    def put(function):
        for each in (pytest.mark.part(name), pytest.mark.points(points), *more):
            function = each(function)
        return function
    return put

@mark("bonus", 4)
def test_generalises(case):
    """The network generalises."""
    awards.partial("1/3", "A third of it holds.", hint="Look at the other two thirds.", place=(3, 2))

@mark("bonus", 6, pytest.mark.hidden)
def test_whisper_zyzzyva(case):
    """Title zyzzyva."""
    awards.fail("Rationale zyzzyva.", hint="Hint zyzzyva.", place=(1, 1))

@mark("data_prep", 2, pytest.mark.extra)
def test_neat(case):
    """It is neat."""

@mark("data_prep", 2, pytest.mark.extra, pytest.mark.hidden)
def test_whisper_quagga(case):
    """Title quagga."""
    awards.partial(0.5, "Rationale quagga.")

@mark("fc_fit", 1, pytest.mark.extra, pytest.mark.needs("fc_build"))
def test_needs(case):
    """It can be judged."""
    awards.nothing_to_judge("There is no training.")

@mark("fc_fit", 1, pytest.mark.extra)
def test_begun(case):
    """It was begun."""
    awards.not_attempted("Nobody began.")
'''
MORE = """
[[parts]]
id = "bonus"
title = "Go further"
points = 10
extra = true
anchor = { assigns = ["further"] }

[grading]
extra_cap = 2.25

[late]
deadline = 2026-11-20T23:59:00+01:00
grace = "15m"
percent = 10
per = "day"
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> labs.Lab:
    return labs.read(outside.write_lab(tmp_path_factory.mktemp("labs") / "own_checks", checks=OWN, more=MORE))


def judged(lab: labs.Lab) -> dict[str, CheckResult]:
    case = cast(Case, SimpleNamespace(lab=lab, language="en"))
    return {result.spec.id: result for result in plugin.judge(case)}


def test_own_checks_say_what_they_pay(lab: labs.Lab) -> None:
    found = judged(lab)
    partial = found["generalises"]
    assert (partial.outcome, partial.earned) == (Outcome.PARTIAL, Fraction(1, 3))
    assert partial.feedback.rationale == "A third of it holds."
    assert partial.feedback.hint == "Look at the other two thirds."
    assert (partial.feedback.cell, partial.feedback.line) == (3, 2)
    assert found["neat"].outcome is Outcome.PASSED
    assert found["needs"].outcome is Outcome.BLOCKED
    assert "before “Build the fully connected network” is done" in found["needs"].feedback.rationale
    assert found["begun"].outcome is Outcome.NOT_ATTEMPTED
    assert found["whisper_quagga"].earned == Fraction(1, 2)


def test_marks_become_part_of_the_rubric(lab: labs.Lab) -> None:
    specs = {spec.id: spec for spec in plugin.collect_specs(lab)}
    assert {name for name, spec in specs.items() if spec.hidden} == {"whisper_zyzzyva", "whisper_quagga"}
    assert {name for name, spec in specs.items() if spec.extra} == {"neat", "whisper_quagga", "needs", "begun"}
    assert specs["whisper_zyzzyva"].about == "*"


def test_shared_checks_can_be_hidden_and_extra(tmp_path: Path) -> None:
    checks = """
class TestMore(checks.Build):
    part, role = "bonus", "fc"
    points = {"ten_outputs": 5, "probabilities": 5, "layers": 5}
    hidden, extra = ("layers", "probabilities"), ("layers",)
"""
    specs = {
        spec.id: spec
        for spec in plugin.collect_specs(labs.read(outside.write_lab(tmp_path / "a", checks=checks, more=MORE)))
    }
    found = [specs[f"bonus_{name}"] for name in ("ten_outputs", "probabilities", "layers")]
    assert [(spec.hidden, spec.extra, spec.about) for spec in found] == [
        (False, False, ""),
        (True, False, "fc"),
        (True, True, "fc"),
    ]


def test_a_hidden_check_that_is_not_there_is_the_authors_fault(tmp_path: Path) -> None:
    checks = (
        "class TestMore(checks.Fit):\n    part, role, points, hidden = 'bonus', 'fc', {'trained': 5}, ('traned',)\n"
    )
    with pytest.raises(AuthorError, match="'traned' hidden or extra, and has no such check"):
        plugin.collect_specs(labs.read(outside.write_lab(tmp_path / "a", checks=checks, more=MORE)))


def test_broken_checks_do_not_tell_students_what_is_hidden(tmp_path: Path) -> None:
    checks = "@pytest.mark.hidden\ndef test_zyzzyva(case): pass\n"
    lab = labs.read(outside.write_lab(tmp_path / "a", checks=f"\nimport pytest\n{checks}"))
    with pytest.raises(AuthorError, match="cannot be run; `pytest --collect-only") as caught:
        judged(lab)
    assert "zyzzyva" not in str(caught.value)
    with pytest.raises(AuthorError, match="zyzzyva"):
        plugin.collect_specs(lab)


def grade(lab: labs.Lab, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "lab.py").write_text("further = 1\ntrain_images = XXXXXX\n")
    command = [sys.executable, "-m", "grader", "lab.py", "--lab", str(lab.folder), "--data", "synthetic", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)


def test_a_grade_with_all_of_it(lab: labs.Lab, tmp_path: Path) -> None:
    """Extra credit of 1/3 + 2 + 1/2 points, of which 2.25 count, and 20 % of that off; nothing hidden anywhere."""
    done = grade(lab, tmp_path, "--submitted-at", "2026-11-22T05:00:00Z")
    assert done.returncode == 0, done.stderr
    terminal = " ".join(done.stdout.split())
    for sentence in (
        "1.80 of 100.00 points",
        "Extra credit beyond the total: 2.83 of 16 points, of which 2.25 count at most.",
        "2 hidden checks count for 8 points; what they ask is not shown. Earned: 0.50.",
        "2 days late after the grace period: 20 % of 2.25 points = 0.45 off.",
        "0.33 of 10.00 extra",
        "0.00 of 5.00 + 2.50 extra",
    ):
        assert sentence in terminal, terminal
        page = re.sub(r"<[^>]+>", "", (tmp_path / "grade-report" / "report.html").read_text())
        assert sentence in " ".join(page.split())
    score = cast(dict[str, object], outside.report_of(tmp_path)["score"])
    assert score == {
        "points": 1.8,
        "max_points": 100.0,
        "hidden": {"checks": 2, "points": 0.5, "max_points": 8.0},
        "extra": {"points": 2.83, "max_points": 16.0, "counted": 2.25, "cap": 2.25},
        "late": {
            "submitted_at": "2026-11-22T05:00:00+00:00",
            "deadline": "2026-11-20T23:59:00+01:00",
            "extended": False,
            "grace_s": 900.0,
            "late_by_s": 107160.0,
            "percent": 20.0,
            "of_points": 2.25,
            "points_off": 0.45,
            "explanation": "2 days late after the grace period: 20 % of 2.25 points = 0.45 off.",
        },
    }
    files = [path for path in (tmp_path / "grade-report").rglob("*") if path.is_file()]
    assert len(files) >= 4
    for content in (done.stdout + done.stderr, *(path.read_text(errors="replace") for path in files)):
        assert not re.search(r"zyzzyva|quagga|whisper", content)


@pytest.mark.slow
def test_staff_see_what_is_hidden(lab: labs.Lab, tmp_path: Path) -> None:
    done = grade(lab, tmp_path, "--staff")
    assert done.returncode == 0, done.stderr
    report = outside.report_of(tmp_path)
    assert "zyzzyva" in json.dumps(report)
    assert "When this was handed in was not said" in json.dumps(report)
    for name in ("report.html", "junit.xml"):
        assert "Rationale zyzzyva." in (tmp_path / "grade-report" / name).read_text()


def test_a_skeleton_tells_nothing_of_hidden_checks(lab: labs.Lab, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grader", "skeleton", str(lab.folder), "--out", str(tmp_path / "out")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    for path in (tmp_path / "out").iterdir():
        assert not re.search(r"zyzzyva|quagga|whisper", path.read_text())
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "| Go further | 10 extra |" in readme
    assert "| **all** | **100** |" in readme
