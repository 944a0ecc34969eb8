"""`grade explain`: one part of the last report in words, without running anything, and nothing that is hidden."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader import cli
from grader.errors import UsageError
from grader.model import CheckResult, CheckSpec, Feedback, Grade, Outcome, PartResult, RunFacts
from grader.report import explaining, jsonreport


def check(name: str, outcome: Outcome, feedback: Feedback | None = None, *, hidden: bool = False) -> CheckResult:
    spec = CheckSpec(id=name, part="build", title=f"{name} is asked.", points=Fraction(5), hidden=hidden)
    earned = Fraction(5 if outcome is Outcome.PASSED else 0)
    return CheckResult(spec=spec, outcome=outcome, earned=earned, feedback=feedback or Feedback(rationale=""))


WRONG = Feedback(
    rationale="It has nine \x1b[31moutputs.", hint="Count the digits.", deeper="From none to nine.", cell=4, line=2
)
PARTS = (
    PartResult(
        id="data_prep",
        title="Prepare the images",
        status=Outcome.PASSED,
        earned=Fraction(5),
        points=Fraction(5),
        checks=(check("scaled", Outcome.PASSED),),
    ),
    PartResult(
        id="fc_build",
        title="Build the network",
        status=Outcome.PARTIAL,
        earned=Fraction(5),
        points=Fraction(20),
        checks=(
            check("kind", Outcome.PASSED),
            check("outputs", Outcome.FAILED, WRONG),
            check("probabilities", Outcome.FAILED, WRONG),
            check("secret", Outcome.FAILED, Feedback(rationale="HUSH"), hidden=True),
        ),
    ),
    PartResult(
        id="fc_fit",
        title="Train the network",
        status=Outcome.FAILED,
        earned=Fraction(0),
        points=Fraction(5),
        checks=(
            check("trained", Outcome.PASSED),
            check("secret2", Outcome.FAILED, Feedback(rationale="HUSH"), hidden=True),
        ),
    ),
)


def graded(language: str = "en") -> Grade:
    facts = RunFacts(effort="quick", data="synthetic", seed=1, tier="B", versions=())
    return Grade(
        lab="x",
        lab_title="X",
        submission_id="x",
        submission_file="lab.ipynb",
        sha256="0",
        run=facts,
        earned=Fraction(10),
        points=Fraction(30),
        parts=PARTS,
        language=language,
    )


def explain(folder: Path, *words: str, staff: bool = False, language: str = "en") -> Result:
    (folder / "report.json").write_text(jsonreport.render(graded(language), staff=staff))
    return CliRunner().invoke(cli.cli, ["explain", *words, "--out", str(folder)])


@pytest.mark.parametrize("words", [[], ["fc_build"], ["build", "the", "network"], ["Build"], ["BUILD THE NETWORK"]])
def test_a_part_is_explained(words: list[str], tmp_path: Path) -> None:
    told = explain(tmp_path, *words)
    assert told.exit_code == 0, told.output
    lines = [line.rstrip() for line in told.output.splitlines()]
    assert lines == [
        "◐ Build the network · Partly right · 5.00 of 20.00",
        "",
        "✓ kind is asked. (5.00 of 5.00)",
        "",
        "✗ outputs is asked. (0.00 of 5.00)",
        "  It has nine outputs.",
        "  Where: cell 4, line 2",
        "  Try: Count the digits.",
        "  If that does not help: From none to nine.",
        "",
        "✗ probabilities is asked. (0.00 of 5.00)",
        "  First the problem above has to be solved.",
    ]


@pytest.mark.parametrize("staff", [False, True])
def test_hidden_checks_are_passed_over(staff: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the test
    for words in ("fc_build", "fc_fit"):
        told = explain(tmp_path, words, staff=staff).output
        assert "HUSH" not in told
        assert "secret" not in told
    assert "Every check that you can see passes here" in told


def test_the_language_is_that_of_the_report(tmp_path: Path) -> None:
    told = explain(tmp_path, "fc_build", language="de").output
    assert "Teilweise richtig" in told


@pytest.mark.parametrize(
    ("words", "advice"),
    [("fc_biuld", "did you mean 'Build the network' .fc_build."), ("network", "several"), ("%%%", "there are: ")],
)
def test_an_unknown_part_names_the_nearest(words: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(jsonreport.render(graded()))
    report = jsonreport.read((tmp_path / "report.json").read_text())
    with pytest.raises(UsageError, match=advice):
        explaining.find(report, words)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1}', '{"format": 1, "parts": [{"id": 3}]}', '{"format": 99}'])
def test_what_is_no_report_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text(text)
    assert cli.run(["explain", "--out", str(tmp_path)]) == 3
    assert "grade again" in capsys.readouterr().err


def test_without_a_report_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "--out", str(tmp_path)]) == 2
    assert "grade first" in capsys.readouterr().err
