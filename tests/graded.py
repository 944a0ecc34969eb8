"""A small grade that was made by hand, with one of everything that reports tell apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from typing import Any

from grader import rubric
from grader.model import (
    CellView,
    CheckResult,
    CheckSpec,
    ExtraCredit,
    Feedback,
    Grade,
    Outcome,
    PartResult,
    Penalty,
    RunFacts,
)

SECRET = "zyzzyva"  # noqa: S105 - what hidden checks are known by

CELLS = (
    CellView(index=1, state="ok", source="import numpy as np\n\nimages = 1"),
    CellView(index=2, state="ok", source="def build():\n    return None\n\nmodel = build()"),
    CellView(index=3, state="ok", source="model.evaluate(images)"),
)


def check(
    name: str,
    part: str,
    outcome: Outcome,
    points: object,
    earned: object = 0,
    **more: Any,  # noqa: ANN401 - fields of feedback and of its specification
) -> CheckResult:
    named: dict[str, Any] = {"id": name, "part": part, "title": name.capitalize(), "points": Fraction(str(points))}
    named |= {key: more.pop(key) for key in ("hidden", "extra", "title") if key in more}
    told: dict[str, Any] = {"rationale": "", **more}
    return CheckResult(
        spec=CheckSpec(**named), outcome=outcome, earned=Fraction(str(earned)), feedback=Feedback(**told)
    )


def part(name: str, title: str, *checks: CheckResult) -> PartResult:
    return rubric.settle(name, title, checks)


def parts() -> tuple[PartResult, ...]:
    o = Outcome
    return (
        part("data", "Prepare", check("scaled", "data", o.PASSED, 5)),
        part(
            "build",
            "Build",
            check("layers", "build", o.PASSED, 10),
            check("softmax", "build", o.FAILED, 5, rationale="No `softmax`.", hint="Add one.", cell=2, line=2),
            check("twin", "build", o.FAILED, 0, rationale="No `softmax`.", cell=2, line=2),
            check(
                "deep", "build", o.FAILED, 2, hidden=True, title=SECRET, rationale=SECRET, hint=SECRET, cell=2, line=1
            ),
        ),
        part("fit", "Train", check("trains", "fit", o.PARTIAL, 10, "7.5", rationale="Too short.", cell=3, line=1)),
        part("late", "Evaluate", check("evaluates", "late", o.BLOCKED, 4)),
        part("tape", "By hand", check("steps", "tape", o.NOT_ATTEMPTED, 4, rationale="Still blank.", cell=1, line=3)),
        part("words", "Explain", check("explains", "words", o.WAITING, 10)),
    )


def grade(**changes: Any) -> Grade:  # noqa: ANN401 - any field of a grade
    found = parts() if "parts" not in changes else changes.pop("parts")
    earned, points, extra = rubric.score(found, None)
    facts = RunFacts(effort="quick", data="synthetic", seed=1, tier="B", versions=())
    made = Grade(
        lab="mnist_cnn",
        lab_title="Digits",
        submission_id="ada",
        submission_file="lab.ipynb",
        sha256="0" * 64,
        run=facts,
        earned=earned,
        points=points,
        parts=found,
        cells=CELLS,
        extra=extra,
        duration_s=1.5,
    )
    return replace(made, **changes)


def late(made: Grade, off: object) -> Grade:
    """Return the grade with a penalty."""
    zero, moment = dt.timedelta(), dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC)
    penalty = Penalty(
        handed_in=moment,
        due=moment - dt.timedelta(days=1),
        extended=False,
        grace=zero,
        after=dt.timedelta(days=1),
        late_by=dt.timedelta(days=1),
        periods=1,
        per="day",
        wanted_percent=Fraction(10),
        percent=Fraction(10),
        of_total=False,
        base=made.earned,
        off=Fraction(str(off)),
    )
    return replace(made, penalty=penalty, earned=made.earned - penalty.off)


def beyond(made: Grade, counted: object) -> Grade:
    """Return the grade with extra credit."""
    worth = Fraction(str(counted))
    extra = ExtraCredit(earned=worth, points=worth, counted=worth)
    return replace(made, extra=extra, earned=made.earned + worth)
