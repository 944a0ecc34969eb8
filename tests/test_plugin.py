"""Plain pytest as the judge, and nothing beside a submission ever imported (attacks A41 and B19)."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import quiz

from grader import labs
from grader.errors import AuthorError
from grader.judge import verdict
from grader.judge.defects import DEFECTS
from grader.judge.plugin import collect_specs
from grader.model import Outcome

LAB = labs.find("mnist_cnn")
SHADOWS = ("numpy", "json", "random", "conftest", "sitecustomize", "usercustomize", "evil", "grader", "tensorflow")


def booby_trap(folder: Path) -> Path:
    """Put modules and pytest files beside a submission, each of which writes a canary when it is imported."""
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'canary')!r}, 'a').write({name!r})\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p evil'\n")
    submission = folder / "lab.py"
    submission.write_text("prediction = XXXXXX\n")
    return submission


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_pytest_judges_a_submission(tmp_path: Path) -> None:
    submission = booby_trap(tmp_path)
    result = run("-m", "pytest", LAB.checks_file, "--submission", submission, "--data", "synthetic", cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{len(collect_specs(LAB))} failed" in result.stdout
    assert "There is still XXXXXX" in result.stdout
    assert not (tmp_path / "canary").exists()


def test_pytest_judges_questions_as_the_command_does(tmp_path: Path) -> None:
    checks = quiz.write_lab(tmp_path) / "checks.py"
    work = tmp_path / "work"
    work.mkdir()
    (work / "lab.py").write_text(quiz.RIGHT.replace("* 300 + 300", "* 300").replace("answer_trains = False\n", ""))
    options = ("-rA", "--submission", work / "lab.py", "--data", "synthetic", "-p", "no:cacheprovider")
    result = run("-m", "pytest", checks, *options, cwd=work)
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout + result.stderr
    assert "2 failed, 2 passed, 1 skipped" in result.stdout
    for line in (
        "PASSED ../reference/quiz/checks.py::test_loss_is_named",
        "PASSED ../reference/quiz/checks.py::question_last",
        "FAILED ../reference/quiz/checks.py::question_parameters",
        "FAILED ../reference/quiz/checks.py::question_trains",
        "question_why waits for a person, with 3 points",
        "Your answer is not right: 235200",
        "Nothing in your file belongs to “Max pooling has weights.”.",
    ):
        assert line in result.stdout, result.stdout
    assert "Traceback" not in result.stdout
    assert "235500" not in result.stdout
    one = run("-m", "pytest", f"{checks}::question_last", *options, cwd=work)
    assert "1 passed" in one.stdout, one.stdout + one.stderr
    assert one.returncode == 0


def test_questions_are_no_tests_without_a_submission(tmp_path: Path) -> None:
    checks = quiz.write_lab(tmp_path) / "checks.py"
    result = run("-m", "pytest", "--collect-only", "-q", checks, cwd=tmp_path)
    assert "test_loss_is_named" in result.stdout, result.stdout + result.stderr
    assert "question_" not in result.stdout


def test_the_command_imports_nothing_from_beside_the_submission(tmp_path: Path) -> None:
    booby_trap(tmp_path)
    result = run("-m", "grader", "--lab", LAB.id, "--data", "synthetic", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "canary").exists()


def test_pytest_refuses_to_be_configured_from_beside_the_submission(tmp_path: Path) -> None:
    submission = booby_trap(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    result = run("-m", "pytest", "--submission", submission, LAB.checks_file, cwd=tmp_path)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout + result.stderr
    assert "beside the submission" in result.stderr


def test_the_checks_cannot_be_changed_by_the_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    booby_trap(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing_at_all")
    monkeypatch.setenv("PYTEST_PLUGINS", "evil")
    assert len(collect_specs(LAB)) > 20
    assert not (tmp_path / "canary").exists()


def lab_with(folder: Path, checks: str) -> labs.Lab:
    (folder / "lab.toml").write_text((LAB.folder / "lab.toml").read_text())
    (folder / "checks.py").write_text(checks)
    (folder.parent / "pytest.ini").write_text("[pytest]\npython_files = checks.py\n")
    return labs.read(folder)


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ("def test_a(): pass", "marks part and points"),
        (
            "from grader.judge import checks\nclass TestA(checks.Fit):\n    part, role, points = 'fc_fit', 'fc', {}",
            "does not say what 'trained' pays",
        ),
        ("this is no Python", "cannot be run"),
        ("", "cannot be run"),
        ("import grader.nothing", "cannot be run"),
    ],
)
def test_broken_checks_are_the_authors_fault(tmp_path: Path, checks: str, words: str) -> None:
    folder = tmp_path / "reference" / "broken"
    folder.mkdir(parents=True)
    with pytest.raises(AuthorError, match=words):
        collect_specs(lab_with(folder, checks))


def test_every_defect_can_be_told() -> None:
    for slug, text in DEFECTS.items():
        assert text.message, slug
        assert text.hint, slug
        assert not text.message.startswith(" "), slug
    with pytest.raises(verdict.Verdict) as caught:
        verdict.fail("few-images", (3, 2), found=100)
    assert caught.value.outcome is Outcome.FAILED
    assert caught.value.feedback.rationale == "The network is trained on 100 images only."
    assert (caught.value.feedback.cell, caught.value.feedback.line) == (3, 2)
    assert caught.value.earned == Fraction(0)
