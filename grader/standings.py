"""Where one submission of a class stands: what tables and overviews are made from, as plain values and as JSON."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from fractions import Fraction

from grader.jsonvalues import built, plain
from grader.model import Grade, Outcome


class State(enum.Enum):
    """What became of a submission of a class."""

    GRADED = "graded"
    NOT_GRADABLE = "not_gradable"
    """No file of this lab, or none that can be read; a person has to look at it."""
    FAULT = "fault"
    """The machine or the grader failed; nothing is charged, and the next run tries again."""
    ABSENT = "absent"
    """Graded once, and not in the last download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A check that was lost: which, in which part, what was recognised, and what the student reads about it."""

    part: str
    check: str
    title: str
    defect: str
    rationale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStanding:
    """What became of one part of the lab."""

    id: str
    title: str
    status: Outcome
    earned: Fraction
    points: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one submission stands. `note` is a sentence for staff, about why there is no grade.

    `content` is the digest of the code, the same for identical work; `sha256` is that of the file. `off` is what
    lateness cost, `waiting` what waits for a person.
    """

    id: str
    file: str
    state: State
    name: str = ""
    email: str = ""
    note: str = ""
    content: str = ""
    sha256: str = ""
    earned: Fraction = Fraction(0)
    points: Fraction = Fraction(0)
    waiting: Fraction = Fraction(0)
    off: Fraction = Fraction(0)
    is_late: bool | None = None
    seconds: float = 0.0
    parts: tuple[PartStanding, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    @property
    def was_late(self) -> bool | None:
        """Whether it is late: that it cost points, or else what the system says (`is_late`)."""
        return True if self.off else self.is_late

    @property
    def is_broken(self) -> bool:
        """Tell whether there is no grade, or one with a check that the grader could not judge: no score for anybody."""
        return self.state is not State.GRADED or any(part.status is Outcome.GRADER_ERROR for part in self.parts)

    @property
    def needs_person(self) -> bool:
        """Tell whether somebody has to look: there is no whole grade, or answers in words wait."""
        return self.is_broken or self.waiting > 0


_LOST = frozenset(
    {Outcome.FAILED, Outcome.PARTIAL, Outcome.BLOCKED, Outcome.TIMED_OUT, Outcome.NOT_ATTEMPTED, Outcome.GRADER_ERROR}
)


def of(grade: Grade, *, content: str, name: str = "", email: str = "", is_late: bool | None = None) -> Standing:
    """Return where a graded submission stands."""
    return Standing(
        id=grade.submission_id,
        file=grade.submission_file,
        state=State.GRADED,
        name=name,
        email=email,
        content=content,
        sha256=grade.sha256,
        earned=grade.earned,
        points=grade.points,
        waiting=grade.waiting,
        off=grade.penalty.off if grade.penalty else Fraction(0),
        is_late=is_late,
        seconds=grade.duration_s,
        parts=tuple(
            PartStanding(id=part.id, title=part.title, status=part.status, earned=part.earned, points=part.points)
            for part in grade.parts
        ),
        mistakes=tuple(
            Mistake(
                part=part.id,
                check=check.spec.id,
                title=check.spec.title,
                defect=check.feedback.defect,
                rationale=check.feedback.rationale,
            )
            for part in grade.parts
            for check in part.checks
            if check.outcome in _LOST
        ),
    )


def render(standing: Standing) -> str:
    """Return a standing as JSON."""
    return json.dumps(plain(standing), ensure_ascii=True, allow_nan=False)


def read(text: str) -> Standing:
    """Return the standing that `render` wrote.

    Raises:
        KeyError, TypeError, ValueError: the text is none.
    """
    standing: Standing = built(Standing, json.loads(text))
    return standing
