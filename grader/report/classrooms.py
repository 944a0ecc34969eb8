"""Results for classrooms that run on GitHub: Classroom 50, and GitHub Classroom as it was until August 2026.

Both count in whole points. Sources: *Advanced Autograding* in the wiki of Classroom 50; `runner/data.py` and
`src/notify-classroom.js` of GitHub Classroom's autograding actions.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from grader import points
from grader.language import gettext as _
from grader.language import use
from grader.model import Grade, Outcome, PartResult
from grader.report import account, audience
from grader.report.words import WORDS, explain, first_problem
from grader.text import LINE, clean, line

CLASSROOM50 = "classroom50/result/v1"
NEEDED = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "OWNER", "ASSIGNMENT_TYPE")
"""Variables that Classroom 50 sets and without which there is no result of it."""

LEGACY_VERSION = 3
LEGACY_OUTPUT = 500
"""Characters to which GitHub Classroom cut an output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePoints:
    """A part in whole points. What is taken off or added for all parts has an entry of its own, `maximum` 0."""

    part: PartResult | None
    title: str
    earned: int
    maximum: int


def whole(value: Fraction, maximum: Fraction) -> int:
    """Return points without decimals: all of them only if they were earned, none only if there are none."""
    full, rounded = math.ceil(maximum), math.floor(value + Fraction(1, 2))
    if not 0 < value < maximum:
        return rounded if value != maximum else full
    return min(max(rounded, min(1, full - 1)), full - 1)


def in_whole_points(grade: Grade) -> tuple[WholePoints, ...]:
    """Return the parts in whole points, which add up to the score in whole points, and the maxima to the total.

    What rounding leaves over goes to the parts that lost most by it.
    """
    regular = [part for part in grade.parts if not part.extra]
    earned, total = (sum((getattr(part, name) for part in regular), Fraction(0)) for name in ("earned", "points"))
    maxima = _apportioned([part.points for part in regular], whole(total, total))
    scores = _apportioned([part.earned for part in regular], whole(earned, total), caps=maxima)
    entries = [
        WholePoints(part=part, title=line(part.title), earned=score, maximum=most)
        for part, score, most in zip(regular, scores, maxima, strict=True)
    ]
    beyond = whole(grade.extra.counted, grade.extra.points) if grade.extra is not None else 0
    if beyond:
        entries.append(WholePoints(part=None, title=_("Extra credit"), earned=beyond, maximum=0))
    off = whole(grade.earned, grade.points) - sum(entry.earned for entry in entries)
    if off:
        is_late = grade.penalty is not None and grade.penalty.off > 0
        entries.append(WholePoints(part=None, title=_("Late") if is_late else _("Rounding"), earned=off, maximum=0))
    return tuple(entries)


def _apportioned(values: Sequence[Fraction], total: int, *, caps: Sequence[int] = ()) -> list[int]:
    """Return the values in whole numbers that add up to `total`, none above its cap (largest remainders)."""
    shares = [math.floor(value) for value in values]
    caps = caps or [math.ceil(value) for value in values]
    shares = [min(share, cap) for share, cap in zip(shares, caps, strict=True)]
    order = sorted(range(len(values)), key=lambda place: shares[place] - values[place])
    while (missing := total - sum(shares)) > 0:
        open_places = [place for place in order if shares[place] < caps[place]][:missing]
        if not open_places:
            break
        for place in open_places:
            shares[place] += 1
    while (over := sum(shares) - total) > 0:
        for place in [place for place in reversed(order) if shares[place] > 0][:over]:
            shares[place] -= 1
    return shares


def classroom50(grade: Grade, environment: Mapping[str, str], *, committed: str) -> str:
    """Return `result.json` for Classroom 50: whole points, a test for each part, the exact points beside them.

    Args:
        grade: what to tell; hidden checks are in the sums only.
        environment: what Classroom 50 sets; see `NEEDED`.
        committed: the date of the commit in ISO 8601.
    """
    with use(grade.language):
        notes = list(account.lines(grade))
        grade = audience.for_students(grade)
        entries = in_whole_points(grade)
        document: dict[str, Any] = {
            "schema": CLASSROOM50,
            "classroom": environment["CLASSROOM"],
            "assignment": environment["ASSIGNMENT"],
            "assignment_type": environment["ASSIGNMENT_TYPE"],
            "owner": environment["OWNER"],
            "submission": environment["SUBMISSION_TAG"],
            "commit": environment.get("COMMIT_URL", ""),
            "release": environment.get("RELEASE_URL", ""),
            "review": environment.get("REVIEW_URL", ""),
            "datetime": committed,
            "score": sum(entry.earned for entry in entries),
            "max-score": sum(entry.maximum for entry in entries),
            "tests": [_test50(entry) for entry in entries],
            "points": points.number(grade.earned, grade.points),
            "waiting-points": points.number(grade.waiting, grade.points),
            "notes": notes,
        }
        if environment.get("USERNAME"):
            document["submitted_by"] = environment["USERNAME"]
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _test50(entry: WholePoints) -> dict[str, Any]:
    test = {
        "test-name": entry.title,
        "passed": entry.part is None and entry.earned > 0,
        "score": entry.earned,
        "max-score": entry.maximum,
    }
    if entry.part is not None:
        test |= {
            "passed": entry.part.status is Outcome.PASSED,
            "status": WORDS[entry.part.status].label,
            "points": points.number(entry.part.earned, entry.part.points),
            "feedback": _feedback(entry.part),
        }
    return test


def legacy(grade: Grade) -> str:
    """Return the result of a runner of GitHub Classroom, in base64 as its reporter reads it.

    The reporter's notice adds up the scores of the tests, its table multiplies the share of tests that passed with
    `max_score`. Both say the same only where each test is worth the same: so each point is a test.
    """
    with use(grade.language):
        grade = audience.for_students(grade)
        entries = [entry for entry in in_whole_points(grade) if entry.part is not None]
        score = min(max(whole(grade.earned, grade.points), 0), sum(entry.maximum for entry in entries))
        tests = _unit_tests(entries, score)
    is_done = all(test["status"] == "pass" for test in tests)
    document = {
        "version": LEGACY_VERSION,
        "status": "pass" if is_done else "fail",
        "max_score": len(tests),
        "tests": tests,
    }
    return _encoded(document)


def legacy_fault(message: str) -> str:
    """Return the result of a runner that failed: with an empty list of tests, which the reporter counts on."""
    return _encoded(
        {
            "version": LEGACY_VERSION,
            "status": "error",
            "message": clean(message, LEGACY_OUTPUT),
            "max_score": 0,
            "tests": [],
        }
    )


def _unit_tests(entries: Sequence[WholePoints], score: int) -> list[dict[str, Any]]:
    """Return a test for each point, as many of which pass as the score has points.

    What lateness takes off fails at the end of the list; extra credit makes up for what is missing first.
    """
    earned = [number < entry.earned for entry in entries for number in range(entry.maximum)]
    owed = score - sum(earned)
    for place in range(len(earned)) if owed > 0 else reversed(range(len(earned))):
        if owed and earned[place] is (owed < 0):
            earned[place] = owed > 0
            owed += 1 if owed < 0 else -1
    tests: list[dict[str, Any]] = []
    for entry in entries:
        for number in range(1, entry.maximum + 1):
            is_passed = earned[len(tests)]
            tests.append(_unit_test(entry, number, is_passed=is_passed, is_first=number == entry.earned + 1))
    return tests


def _unit_test(entry: WholePoints, number: int, *, is_passed: bool, is_first: bool) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": _("{part}: point {number} of {maximum}").format(part=entry.title, number=number, maximum=entry.maximum),
        "status": "pass" if is_passed else "fail",
        "test_code": "",
        "task_id": 0,
        "filename": "",
        "line_no": 0,
        "duration": 0,
        "score": int(is_passed),
    }
    if not is_passed and is_first and entry.part is not None:
        test["message"] = test["output"] = clean(_feedback(entry.part), LEGACY_OUTPUT)
    return test


def _feedback(part: PartResult) -> str:
    if part.status is Outcome.PASSED:
        return ""
    check = first_problem(part)
    told = (explain(check), check.feedback.hint) if check is not None else (WORDS[part.status].note,)
    return "\n".join(clean(text, 4 * LINE) for text in told if text)


def _encoded(document: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(document, ensure_ascii=True, allow_nan=False).encode()).decode()
