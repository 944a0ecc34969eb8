"""Submissions of a class that somebody may want to look at: no grade, the same code, slow ones, late ones.

Members of groups are places in the sequence of standings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from grader import points
from grader.model import Outcome
from grader.standings import Standing, State
from grader.text import PARAGRAPH, line

MOST_SLOW: Final = 10

_UNTOUCHED: Final = frozenset({Outcome.NOT_ATTEMPTED, Outcome.BLOCKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One submission of a group; `note` says what is special about it."""

    place: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Submissions that have something in common."""

    title: str
    members: tuple[Member, ...]
    note: str = ""


def needs_person(standings: Sequence[Standing]) -> tuple[Group, ...]:
    """Return who needs a person, by the gravest reason of each; the notes name all reasons. No group is empty."""
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for place, standing in enumerate(standings):
        reasons = [(title, tell(standing)) for title, applies, tell in _REASONS if applies(standing)]
        if reasons:
            note = "; ".join(filter(None, (text for _, text in reasons)))
            found[reasons[0][0]].append(Member(place=place, note=note))
    return tuple(Group(title=title, members=tuple(found[title])) for title, _, _ in _REASONS if found[title])


def same_code(standings: Sequence[Standing]) -> tuple[Group, ...]:
    """Return the groups of students whose code is the same, the largest first.

    A student who handed in the same code twice is no group. Groups in which nothing was started come last: an
    untouched skeleton is the same for all.
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, standing in enumerate(standings):
        if standing.content:
            found[standing.content].append(place)
    several = [places for places in found.values() if len({_student(standings[place]) for place in places}) > 1]
    groups = [(_is_untouched(standings[places[0]]), places) for places in several]
    return tuple(
        Group(
            title=f"{len({_student(standings[place]) for place in places})} students",
            members=tuple(Member(place=place) for place in places),
            note="Nothing is started in it." if untouched else "",
        )
        for untouched, places in sorted(groups, key=lambda group: (group[0], -len(group[1])))
    )


def slowest(standings: Sequence[Standing]) -> tuple[Member, ...]:
    """Return the ten submissions that took the grader longest, the slowest first."""
    timed = [place for place, standing in enumerate(standings) if standing.seconds > 0]
    ranked = sorted(timed, key=lambda place: -standings[place].seconds)[:MOST_SLOW]
    return tuple(Member(place=place, note=f"{standings[place].seconds:.1f} s") for place in ranked)


def late(standings: Sequence[Standing]) -> tuple[Member, ...]:
    """Return what was handed in late, and what that cost."""
    return tuple(
        Member(place=place, note=lateness(standing)) for place, standing in enumerate(standings) if standing.was_late
    )


def lateness(standing: Standing) -> str:
    """Return the points that lateness cost, such as `−5.00`, or an empty string."""
    return f"−{points.show(standing.off, standing.points)}" if standing.off > 0 else ""


def _student(standing: Standing) -> str:
    """Return by what a student is told from others: two submissions with one address or one name are one student's."""
    return (standing.email.strip() or standing.name.strip() or standing.id).casefold()


def _is_untouched(standing: Standing) -> bool:
    return bool(standing.parts) and all(part.status in _UNTOUCHED for part in standing.parts)


def _broken_parts(standing: Standing) -> str:
    titles = [line(part.title) for part in standing.parts if part.status is Outcome.GRADER_ERROR]
    return f"could not be judged: {', '.join(titles)}" if titles else ""


def _waits(standing: Standing) -> str:
    return f"points that wait: {points.show(standing.waiting, standing.points)}"


def _note(standing: Standing) -> str:
    return line(standing.note, PARAGRAPH)


_Reason = tuple[str, Callable[[Standing], bool], Callable[[Standing], str]]
_REASONS: Final[tuple[_Reason, ...]] = (
    ("Cannot be graded", lambda one: one.state is State.NOT_GRADABLE, _note),
    ("Not in the last download", lambda one: one.state is State.ABSENT, _note),
    ("The machine or the grader failed", lambda one: one.state is State.FAULT, _note),
    ("A check could not be judged", lambda one: one.state is State.GRADED and bool(_broken_parts(one)), _broken_parts),
    ("Answers wait for a person", lambda one: one.state is State.GRADED and one.waiting > 0, _waits),
)
"""Why somebody has to look, the gravest reason first: a title, whether it applies, and what to say about it."""
