"""`results.json`: what Gradescope reads from an autograder (source: its `autograder_samples`, `docs/specs.md`).

Every check is a test. Hidden ones are tests with a visibility of their own, whose names only staff see, or one entry
with their sum; as long as there is a test that is hidden, Gradescope shows students no total.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from typing import Any

from grader import points
from grader.language import gettext as _
from grader.language import use
from grader.model import CheckResult, Grade, Outcome, PartResult
from grader.report import account, audience, html
from grader.report.view import place_of, points_of_part, waiting
from grader.report.words import WORDS, explain
from grader.text import PARAGRAPH, clean, line

OUTPUT_LIMIT = 20_000
"""Characters of what stands above the tests."""


class HiddenTests(enum.Enum):
    """Who sees hidden checks on Gradescope: nobody but staff, students later on, or students their sum at once."""

    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    SUM = "sum"


def render(grade: Grade, *, hidden: HiddenTests = HiddenTests.HIDDEN) -> str:
    """Return the results of a grade as JSON in pure ASCII."""
    with use(grade.language):
        document = {
            "score": points.number(grade.earned, grade.points),
            "execution_time": round(grade.duration_s, 2),
            "output": _output(grade),
            "output_format": "html",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": {
                "lab": line(grade.lab),
                "sha256": line(grade.sha256),
                "effort": line(grade.run.effort),
                "seed": grade.run.seed,
            },
            "tests": list(_tests(grade, hidden)),
        }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def refused(message: str) -> str:
    """Return the results of what cannot be graded because of what was handed in: no points, and the reason."""
    told = _("There is nothing to grade in what you handed in: {reason}").format(reason=clean(message, PARAGRAPH))
    document = {
        "score": 0,
        "output": told,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _output(grade: Grade) -> str:
    sentences = account.lines(grade)
    shown = audience.for_students(grade)
    context = {
        "title": line(shown.lab_title),
        "score": _("{earned} of {maximum} points").format(
            earned=points.show(shown.earned, shown.points), maximum=points.total(shown.points)
        ),
        "waiting": waiting(shown),
        "account": sentences,
        "parts": [_row(part) for part in shown.parts],
        "notes": [clean(note, PARAGRAPH) for note in (*shown.findings, *shown.run.notes, *shown.run.caps)],
    }
    text = html.fill("gradescope.html.j2", context)
    # A flood of findings is cut by leaving all of them out: half a tag would be worse.
    return text if len(text) <= OUTPUT_LIMIT else html.fill("gradescope.html.j2", {**context, "notes": []})


def _row(part: PartResult) -> dict[str, str]:
    word = WORDS[part.status]
    return {
        "mark": word.mark,
        "title": line(part.title),
        "status": word.label,
        "points": points_of_part(part),
    }


def _tests(grade: Grade, hidden: HiddenTests) -> Iterator[dict[str, Any]]:
    shown = audience.for_students(grade) if hidden is HiddenTests.SUM else grade
    for place, part in enumerate(shown.parts, 1):
        for number, check in enumerate(part.checks, 1):
            visibility = hidden.value if check.spec.hidden and hidden is not HiddenTests.SUM else "visible"
            yield _test(part, check, number=f"{place}.{number}", visibility=visibility)


def _test(part: PartResult, check: CheckResult, *, number: str, visibility: str) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{line(part.title)}: {line(check.spec.title)}",
        "number": number,
        "output": _told(check),
        "tags": [line(part.id)],
        "visibility": visibility,
    }
    if check.outcome is Outcome.WAITING:
        # Neither passed nor failed, and no points yet: with a score it would be shown as one or the other.
        return test
    return test | {
        "score": points.number(check.earned, check.spec.points),
        "max_score": points.number(check.spec.points, check.spec.points),
        "status": "passed" if check.outcome is Outcome.PASSED else "failed",
    }


def _told(check: CheckResult) -> str:
    """Return the word for the outcome, what happened and where, and what to try."""
    feedback, told = check.feedback, [WORDS[check.outcome].label]
    if check.outcome is not Outcome.PASSED:
        where = f" ({place_of(feedback)})" if feedback.cell is not None else ""
        told.append(f"{clean(explain(check), PARAGRAPH)}{where}")
        if feedback.hint:
            told.append(_("Try: {hint}").format(hint=clean(feedback.hint, PARAGRAPH)))
    return "\n".join(told)
