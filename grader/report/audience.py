"""Who reads a report: what students must not know is taken out of the grade, before anything is rendered from it.

All hidden checks of a part become one entry: how many, and the sum of their points. What is expected of a network that
a hidden check may be about goes, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from grader import rubric
from grader.language import N_
from grader.language import gettext as _
from grader.model import CheckResult, CheckSpec, Feedback, Grade, ModelView, PartResult
from grader.report import words

HIDDEN_ID = "hidden"
STAFF_MARK = N_("Hidden: {title}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenSum:
    """All hidden checks of a grade: how many, and their points."""

    checks: int
    earned: Fraction
    points: Fraction


def hidden_sum(grade: Grade) -> HiddenSum | None:
    """Return the sum over all hidden checks, or `None` where there are none."""
    hidden = [check for part in grade.parts for check in part.checks if check.spec.hidden]
    return _sum(hidden) if hidden else None


def for_students(grade: Grade) -> Grade:
    """Return the grade without anything that a hidden check would be known by."""
    hidden = [check for part in grade.parts for check in part.checks if check.spec.hidden]
    secret = {check.spec.about for check in hidden}
    return replace(
        grade,
        parts=tuple(replace(part, checks=_merged(part)) for part in grade.parts),
        models=tuple(_unexpected(m) if secret & {m.role, "*"} else m for m in grade.models),
        story=(),
        integrity=(),
    )


def for_staff(grade: Grade) -> Grade:
    """Return the grade with hidden checks among the others, each marked by its title."""
    return replace(grade, parts=tuple(replace(p, checks=tuple(map(_shown, p.checks))) for p in grade.parts))


def _sum(checks: Sequence[CheckResult]) -> HiddenSum:
    return HiddenSum(
        checks=len(checks),
        earned=sum((check.earned for check in checks), Fraction(0)),
        points=sum((check.spec.points for check in checks), Fraction(0)),
    )


def _merged(part: PartResult) -> tuple[CheckResult, ...]:
    """Return the visible checks of a part and, last, one entry for all hidden ones; two if some are extra credit."""
    visible = [check for check in part.checks if not check.spec.hidden]
    kinds = ([c for c in part.checks if c.spec.hidden and c.spec.extra is extra] for extra in (False, True))
    return (*visible, *(_entry(part.id, checks) for checks in kinds if checks))


def _entry(part: str, checks: Sequence[CheckResult]) -> CheckResult:
    whole, extra = _sum(checks), checks[0].spec.extra
    return CheckResult(
        spec=CheckSpec(
            id=f"{part}_{HIDDEN_ID}{'_extra' * extra}",
            part=part,
            title=words.count_hidden(len(checks)),
            points=whole.points,
            hidden=True,
            extra=extra,
        ),
        outcome=rubric.status([check.outcome for check in checks]),
        earned=whole.earned,
        feedback=Feedback(rationale=_(words.HIDDEN_RATIONALE)),
    )


def _unexpected(model: ModelView) -> ModelView:
    return replace(model, expected_layers=(), expected_parameters=0, expected_accuracy=None)


def _shown(check: CheckResult) -> CheckResult:
    if not check.spec.hidden:
        return check
    return replace(check, spec=replace(check.spec, hidden=False, title=_(STAFF_MARK).format(title=check.spec.title)))
