"""From outcomes of checks to points and statuses of parts; exact, and without input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from grader.errors import AuthorError
from grader.model import CheckResult, CheckSpec, Outcome, PartResult

PAYING = frozenset({Outcome.PASSED, Outcome.PARTIAL})


def validate(specs: Sequence[CheckSpec], part_points: Mapping[str, Fraction]) -> None:
    """Check that the checks of each part add up to the part's points.

    Raises:
        AuthorError: they do not, or two checks have one id, or a check needs one that does not exist.
    """
    ids = [spec.id for spec in specs]
    if len(set(ids)) != len(ids):
        raise AuthorError("two checks have the same name", slug="duplicate-check")
    for part, points in part_points.items():
        total = sum((spec.points for spec in specs if spec.part == part), Fraction(0))
        if total != points:
            raise AuthorError(f"the checks of {part!r} add up to {total} points, not {points}", slug="points-sum")
    for spec in specs:
        unknown = set(spec.needs) - set(part_points)
        if spec.part not in part_points or unknown:
            raise AuthorError(f"check {spec.id!r} names an unknown part", slug="unknown-part")


def pay(result: CheckResult) -> CheckResult:
    """Return the result with nothing earned unless its outcome pays, and never more than its points.

    Raises:
        AuthorError: a partial result earns nothing, or everything, or more.
    """
    points = result.spec.points
    earned = {Outcome.PASSED: points, Outcome.PARTIAL: result.earned}.get(result.outcome, Fraction(0))
    if not 0 <= earned <= points:
        raise AuthorError(f"check {result.spec.id!r} gives {earned} of {points} points", slug="points-range")
    return CheckResult(spec=result.spec, outcome=result.outcome, earned=earned, feedback=result.feedback)


def settle(part_id: str, title: str, results: Sequence[CheckResult]) -> PartResult:
    """Return one part with its points and its status."""
    paid = tuple(pay(result) for result in results)
    return PartResult(
        id=part_id,
        title=title,
        status=status([result.outcome for result in paid]),
        earned=sum((result.earned for result in paid), Fraction(0)),
        points=sum((result.spec.points for result in paid), Fraction(0)),
        checks=paid,
    )


def status(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the status of a part from the outcomes of its checks.

    A fault of the grader shows through everything, and then what waits for a person, as the last word on that part is
    not spoken. Otherwise a part that pays in full has passed, one that pays a bit is partial, and one that pays nothing
    is called by the gravest reason among its checks.
    """
    found = set(outcomes)
    if not found or found & {Outcome.GRADER_ERROR, Outcome.NOT_RUN}:
        return Outcome.GRADER_ERROR
    if Outcome.WAITING in found:
        return Outcome.WAITING
    if found == {Outcome.PASSED}:
        return Outcome.PASSED
    if found & PAYING:
        return Outcome.PARTIAL
    for reason in (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NOT_ATTEMPTED):
        if reason in found:
            return reason
    return Outcome.BLOCKED
