"""What a gradebook is told about each entry, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from grader import points
from grader.exchange.roster import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class PartScore:
    """The exact points of one part of the lab."""

    id: str
    points: Fraction
    max_points: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one entry scored, exactly.

    Attributes:
        points: the final score, after the penalty; `None` where there is none because the grader or the machine failed.
        max_points: the points that can be had, without extra credit.
        status: in one word what became of it; it is shown, and nothing is concluded from it.
        waiting: the points that wait for a person to mark.
        penalty: the points that lateness took off.
        summary: what the student reads beside the grade, as plain text; empty leaves comments alone.
        report: the HTML report, for feedback bundles.
    """

    entry: Entry
    points: Fraction | None
    max_points: Fraction
    status: str = ""
    waiting: Fraction = Fraction(0)
    penalty: Fraction = Fraction(0)
    parts: tuple[PartScore, ...] = ()
    summary: str = ""
    report: Path | None = None

    @property
    def is_late(self) -> bool | None:
        """Whether it is late: what the system says, or that it cost points."""
        return True if self.penalty else self.entry.is_late

    def score(self, *, include_waiting: bool) -> Fraction | None:
        """Return the score to write; `None` where there is none, or where points of it still wait for a person."""
        return None if self.waiting and not include_waiting else self.points

    def why_none(self) -> str:
        """Return why there is no score to write."""
        if self.points is None:
            return "it was not graded"
        return f"{points.show(self.waiting, self.max_points)} points still wait for a person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a person should look at: about which entry or which row, and what it is."""

    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A gradebook with scores, ready to be uploaded: its bytes, the ids of the entries that are in it, and notes."""

    data: bytes
    entries: tuple[str, ...]
    notes: tuple[Note, ...] = ()
