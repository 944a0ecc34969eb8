"""From outcomes of checks to points and statuses of parts; exact, and without input or output."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from grader.errors import AuthorError
from grader.language import N_
from grader.model import CheckResult, CheckSpec, ExtraCredit, Outcome, PartResult

PAYING = frozenset({Outcome.PASSED, Outcome.PARTIAL})

AS_IT_SHOULD_BE = N_("As it should be.")
"""What is said of a check that passed and says nothing itself."""


def validate(
    specs: Sequence[CheckSpec], part_points: Mapping[str, Fraction], extra_parts: Collection[str] = ()
) -> None:
    """Check that the checks of each part add up to the part's points; those for extra credit come on top.

    Args:
        specs: all checks.
        part_points: the points of each part.
        extra_parts: parts that are extra credit as a whole.

    Raises:
        AuthorError: they do not, or two checks have one id, or a check needs one that does not exist.
    """
    seen: set[str] = set()
    for spec in specs:
        if spec.id in seen:
            told = "a hidden one" if spec.hidden else repr(spec.id)
            raise AuthorError(f"two checks of {spec.part!r} have the same name: {told}", slug="duplicate-check")
        seen.add(spec.id)
    for part, points in part_points.items():
        counted = [spec for spec in specs if spec.part == part and (part in extra_parts or not spec.extra)]
        total = sum((spec.points for spec in counted), Fraction(0))
        if total != points:
            raise AuthorError(
                f"the checks of {part!r} add up to {total} points, not {points} as in lab.toml",
                slug="points-sum",
            )
    for spec in specs:
        unknown = set(spec.needs) - set(part_points)
        if spec.part not in part_points or unknown:
            raise AuthorError(f"{called(spec)} names an unknown part", slug="unknown-part")


def called(spec: CheckSpec) -> str:
    """Return how an error calls a check: errors reach students, too, and a hidden check is not named to them."""
    return f"a hidden check of {spec.part!r}" if spec.hidden else f"check {spec.id!r}"


def pay(result: CheckResult) -> CheckResult:
    """Return the result with nothing earned unless its outcome pays, and never more than its points.

    Raises:
        AuthorError: a partial result earns nothing, or everything, or more.
    """
    points = result.spec.points
    earned = {Outcome.PASSED: points, Outcome.PARTIAL: result.earned}.get(result.outcome, Fraction(0))
    if not 0 <= earned <= points:
        raise AuthorError(f"{called(result.spec)} gives {earned} of {points} points", slug="points-range")
    return CheckResult(spec=result.spec, outcome=result.outcome, earned=earned, feedback=result.feedback)


def settle(part_id: str, title: str, results: Sequence[CheckResult], *, extra: bool = False) -> PartResult:
    """Return one part with its points and its status, which a check for extra credit does not lower."""
    paid = tuple(pay(result) for result in results)
    counted = tuple(result for result in paid if extra or not result.spec.extra)
    beyond = tuple(result for result in paid if not extra and result.spec.extra)
    faults = {result.outcome for result in beyond} & {Outcome.GRADER_ERROR, Outcome.NOT_RUN}
    return PartResult(
        id=part_id,
        title=title,
        status=status([*(result.outcome for result in counted or paid), *faults]),
        earned=sum((result.earned for result in counted), Fraction(0)),
        points=sum((result.spec.points for result in counted), Fraction(0)),
        checks=paid,
        extra=extra,
        extra_earned=sum((result.earned for result in beyond), Fraction(0)),
        extra_points=sum((result.spec.points for result in beyond), Fraction(0)),
    )


def extra_credit(parts: Sequence[PartResult], cap: Fraction | None) -> ExtraCredit | None:
    """Return the extra credit of all parts, no more of it counted than `cap`; `None` where there is none to be had."""
    earned = sum((part.extra_earned + part.earned * part.extra for part in parts), Fraction(0))
    points = sum((part.extra_points + part.points * part.extra for part in parts), Fraction(0))
    if not points:
        return None
    return ExtraCredit(earned=earned, points=points, counted=earned if cap is None else min(earned, cap), cap=cap)


def regular(parts: Sequence[PartResult]) -> tuple[Fraction, Fraction]:
    """Return the points that were earned and those that can be had, without extra credit."""
    counted = [part for part in parts if not part.extra]
    return (
        sum((part.earned for part in counted), Fraction(0)),
        sum((part.points for part in counted), Fraction(0)),
    )


def score(parts: Sequence[PartResult], cap: Fraction | None) -> tuple[Fraction, Fraction, ExtraCredit | None]:
    """Return what was earned, extra credit counted; what can be had without that; and the extra credit, if any."""
    earned, points = regular(parts)
    extra = extra_credit(parts, cap)
    return earned + (extra.counted if extra else 0), points, extra


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
