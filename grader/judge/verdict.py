"""How a check says what it found: by returning, or by raising one of these."""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from grader.judge import code
from grader.judge.defects import DEFECTS
from grader.judge.ladder import DEEPER
from grader.language import gettext as _
from grader.model import Feedback, Outcome

Place = code.Place

NOWHERE: Place = (None, None)

Problem = tuple[str, dict[str, object]]
"""A defect of the table and its details."""


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


def feedback(defect: str, place: Place = NOWHERE, **details: object) -> Feedback:
    """Return what the table says about a defect in the current language, with the details filled in."""
    text = DEFECTS[defect]
    cell, line = place
    return Feedback(
        rationale=_(text.message).format(**details).strip(),
        hint=_(text.hint).format(**details),
        deeper=_(further) if (further := DEEPER.get(defect)) else "",
        defect=defect,
        cell=cell,
        line=line,
    )


def fail(defect: str, place: Place = NOWHERE, **details: object) -> NoReturn:
    """End the check as failed, by a defect of the table.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.FAILED, feedback(defect, place, **details))


def not_attempted(defect: str, place: Place = NOWHERE, **details: object) -> NoReturn:
    """End the check as not attempted.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.NOT_ATTEMPTED, feedback(defect, place, **details))


def timed_out(defect: str, place: Place = NOWHERE, **details: object) -> NoReturn:
    """End the check as timed out.

    Raises:
        Verdict: always.
    """
    raise Verdict(Outcome.TIMED_OUT, feedback(defect, place, **details))


def no_evidence(defect: str, place: Place = NOWHERE, **details: object) -> NoReturn:
    """End the check because nothing was recorded that it could judge.

    Raises:
        NoEvidence: always.
    """
    raise NoEvidence(feedback(defect, place, **details))
