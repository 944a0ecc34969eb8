"""How a lab's own check says in words what it found; a check that just returns has passed, and is paid in full.

    @pytest.mark.part("fc_build")
    @pytest.mark.points(4)
    def test_regularised(case: Case) -> None:
        \"\"\"The network is kept from learning by heart.\"\"\"
        awards.partial(2, "There is dropout, but only at the very end.", hint="Where do most parameters lie?")

A plain `assert condition, "what happened"` does for a check that needs no hint.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from grader.judge.verdict import NOWHERE, NoEvidence, Place, Verdict
from grader.model import Feedback, Outcome


def partial(
    points: Fraction | float | str, rationale: str, *, hint: str = "", deeper: str = "", place: Place = NOWHERE
) -> NoReturn:
    """End the check with some of its points.

    Args:
        points: what it pays: a whole number, a decimal such as `0.5` or `"0.5"`, or a fraction such as `"1/3"`.
        rationale: what happened, in a sentence or two.
        hint: what to try.
        deeper: where to look if the hint did not help; it is folded below the hint, and names no solution.
        place: (cell, line) in the submission, where it is known.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.PARTIAL, _told(rationale, hint, deeper, place), Fraction(str(points)))


def fail(rationale: str, *, hint: str = "", deeper: str = "", place: Place = NOWHERE) -> NoReturn:
    """End the check with no points; the arguments are those of `partial`.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.FAILED, _told(rationale, hint, deeper, place))


def not_attempted(rationale: str, *, hint: str = "", deeper: str = "", place: Place = NOWHERE) -> NoReturn:
    """End the check as one that nobody has begun with; the arguments are those of `partial`.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.NOT_ATTEMPTED, _told(rationale, hint, deeper, place))


def nothing_to_judge(rationale: str, *, hint: str = "", deeper: str = "", place: Place = NOWHERE) -> NoReturn:
    """End the check because what it looks at is not there; the arguments are those of `partial`.

    Where a part that the check `needs` has not passed, it waits for that part, and the student reads which one it is.

    Raises:
        NoEvidence: always.
    """
    raise NoEvidence(_told(rationale, hint, deeper, place))


def _told(rationale: str, hint: str, deeper: str, place: Place) -> Feedback:
    cell, line = place
    return Feedback(rationale=rationale, hint=hint, deeper=deeper, cell=cell, line=line)
