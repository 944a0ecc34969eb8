"""How a check says what it found: by returning, or by raising one of these."""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from grader.model import Feedback, Outcome


class Verdict(Exception):  # noqa: N818 - an outcome that travels through pytest, not an error
    """Ends a check with an outcome other than passed."""

    def __init__(self, outcome: Outcome, feedback: Feedback, earned: Fraction = Fraction(0)) -> None:
        super().__init__(feedback.rationale)
        self.outcome = outcome
        self.feedback = feedback
        self.earned = earned


class NoEvidence(Verdict):
    """There is nothing to judge although code is there: failed, or blocked by a part that is needed."""

    def __init__(self, feedback: Feedback) -> None:
        super().__init__(Outcome.FAILED, feedback)


def fail(rationale: str, hint: str = "", *, defect: str = "", place: tuple[int | None, int | None] = (None, None)) -> NoReturn:
    """End the check as failed.

    Args:
        rationale: what happened, expected and actual, in one or two sentences.
        hint: what to try.
        defect: a stable name of a recognised defect.
        place: (cell, line) in the submission, counted from 0 and 1.

    Raises:
        Verdict: always.
    """
    feedback = Feedback(rationale=rationale, hint=hint, defect=defect, cell=place[0], line=place[1])
    raise Verdict(Outcome.FAILED, feedback)


def partial(earned: Fraction, rationale: str, hint: str = "") -> NoReturn:
    """End the check with some of its points.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.PARTIAL, Feedback(rationale=rationale, hint=hint), earned)


def not_attempted(rationale: str, hint: str = "", *, place: tuple[int | None, int | None] = (None, None)) -> NoReturn:
    """End the check as not attempted.

    Raises:
        Verdict: always.
    """
    feedback = Feedback(rationale=rationale, hint=hint, cell=place[0], line=place[1])
    raise Verdict(Outcome.NOT_ATTEMPTED, feedback)


def timed_out(rationale: str, hint: str = "", *, place: tuple[int | None, int | None] = (None, None)) -> NoReturn:
    """End the check as timed out.

    Raises:
        Verdict: always.
    """
    feedback = Feedback(rationale=rationale, hint=hint, cell=place[0], line=place[1])
    raise Verdict(Outcome.TIMED_OUT, feedback)


def no_evidence(rationale: str, hint: str = "", *, place: tuple[int | None, int | None] = (None, None)) -> NoReturn:
    """End the check because nothing was recorded that it could judge.

    Raises:
        NoEvidence: always.
    """
    raise NoEvidence(Feedback(rationale=rationale, hint=hint, cell=place[0], line=place[1]))
