"""What the overview shows of a class in numbers: how scores are spread, how each part went, which mistakes are common.

All numbers count submissions. Whoever has no grade is counted as that, so each table adds up to the whole class.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from grader import points
from grader.model import Outcome
from grader.standings import Mistake, PartStanding, Standing, State
from grader.text import line

MOST_MISTAKES: Final = 20
"""Mistakes that are listed: what fewer people did is found in their own reports."""

_BIN: Final = 10
_FULL: Final = 100
_HEATS: Final = 5
"""Steps of colour in the heat map; the number beside it is exact."""

_CONSEQUENCE: Final = "blocked"
"""The defect of a check that waits for an earlier part; the mistake is in that one, and counted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How staff see an outcome: a letter, a word (never colour alone), a tone of the stylesheet."""

    letter: str
    label: str
    tone: str


_FAULT: Final = Mark(letter="E", label="grader error", tone="fault")
MARKS: Final[Mapping[Outcome, Mark]] = {
    Outcome.PASSED: Mark(letter="P", label="passed", tone="good"),
    Outcome.PARTIAL: Mark(letter="½", label="partly", tone="partial"),
    Outcome.FAILED: Mark(letter="F", label="failed", tone="bad"),
    Outcome.TIMED_OUT: Mark(letter="T", label="timed out", tone="bad"),
    Outcome.BLOCKED: Mark(letter="B", label="blocked", tone="idle"),
    Outcome.NOT_ATTEMPTED: Mark(letter="N", label="not started", tone="idle"),
    Outcome.WAITING: Mark(letter="W", label="waits for a person", tone="idle"),
    Outcome.GRADER_ERROR: _FAULT,
    Outcome.NOT_RUN: _FAULT,
}
NO_RESULT: Final = Mark(letter="–", label="no result", tone="idle")
_NOT_A_MISTAKE: Final = frozenset({Outcome.NOT_ATTEMPTED, Outcome.BLOCKED, Outcome.GRADER_ERROR, Outcome.NOT_RUN})
"""Parts in which nothing was done wrong: not begun, not reached, or not judged. The heat map counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Averages:
    """The middle of the scores, in percent with one decimal; texts, `–` where nothing is graded."""

    median: str
    mean: str
    lower: str
    upper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """How many submissions have a score of so many percent; `is_score` is false for those without a grade."""

    label: str
    number: int
    is_score: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the lab, as the first submission that has it names it."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """One cell of the heat map: a number, its share of the class, and how strongly it is coloured, 0 to 5."""

    mark: Mark
    number: int
    percent: int
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """How one part went: a cell for each column of the map, and the average of those who have a result."""

    part: Part
    cells: tuple[Heat, ...]
    average: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonMistake:
    """What several people got wrong in one part; `defect` is empty where only the check is known.

    `members` are places in the sequence of standings, `percent` is the share of those who have a grade.
    """

    part: str
    title: str
    defect: str
    rationale: str
    members: tuple[int, ...]
    percent: int


def score(standing: Standing) -> Fraction | None:
    """Return the share of all points that was earned, above one with extra credit; `None` where there is no grade."""
    if standing.state is not State.GRADED:
        return None
    return standing.earned / standing.points if standing.points > 0 else Fraction(1)


def averages(standings: Iterable[Standing]) -> Averages:
    """Return the middle of the scores of all who have a grade; quartiles include both ends."""
    scores = [share for share in map(score, standings) if share is not None]
    if not scores:
        return Averages(median="–", mean="–", lower="–", upper="–")
    # One score has no quartiles of its own: it is all of them.
    quartiles = statistics.quantiles(scores * 2 if len(scores) == 1 else scores, n=4, method="inclusive")
    lower, median, upper = map(_percent, quartiles)
    return Averages(median=median, mean=_percent(statistics.mean(scores)), lower=lower, upper=upper)


def distribution(standings: Sequence[Standing]) -> tuple[Bin, ...]:
    """Return the scores in steps of ten percent, full marks apart, and last those without a grade.

    A score belongs where its whole percentage does, as the table shows it: 99.6 of 100 is 99 %.
    """
    graded = [standing for standing in standings if standing.state is State.GRADED]
    percents = [points.percent(standing.earned, standing.points) for standing in graded]
    found = Counter(min(max(percent, 0), _FULL) // _BIN for percent in percents)
    steps = [Bin(label=f"{low}–{low + _BIN - 1}", number=found[low // _BIN]) for low in range(0, _FULL, _BIN)]
    above = any(percent > _FULL for percent in percents)
    full = Bin(label="100+" if above else "100", number=found[_FULL // _BIN])
    return (*steps, full, Bin(label="no grade", number=len(standings) - len(graded), is_score=False))


def parts(standings: Iterable[Standing]) -> tuple[Part, ...]:
    """Return all parts that any submission has, in the order in which they are first seen."""
    titles: dict[str, str] = {}
    for part in _results(standings):
        titles.setdefault(part.id, part.title)
    return tuple(Part(id=name, title=line(title)) for name, title in titles.items())


def columns(standings: Iterable[Standing]) -> tuple[Mark, ...]:
    """Return the columns of the heat map: what every class has, what occurs in this one, and last `no result`."""
    usual = {Outcome.PASSED, Outcome.PARTIAL, Outcome.FAILED, Outcome.NOT_ATTEMPTED}
    found = usual | {part.status for part in _results(standings)}
    marks = (mark for outcome, mark in MARKS.items() if outcome in found)
    return (*dict.fromkeys(marks), NO_RESULT)


def heat_map(standings: Sequence[Standing]) -> tuple[HeatRow, ...]:
    """Return how each part went; the numbers of a row add up to the class."""
    found: defaultdict[str, list[PartStanding]] = defaultdict(list)
    for standing in standings:
        for part in {part.id: part for part in _parts(standing)}.values():
            found[part.id].append(part)
    marks = columns(standings)
    return tuple(_heat_row(part, found[part.id], marks, len(standings)) for part in parts(standings))


def mistakes(standings: Sequence[Standing]) -> tuple[CommonMistake, ...]:
    """Return the mistakes that most people made, the commonest first; each counts once for each person."""
    members: defaultdict[tuple[str, str, str], dict[int, Mistake]] = defaultdict(dict)
    for place, standing in enumerate(standings):
        for mistake in _real_mistakes(standing):
            known = mistake.defect or mistake.check
            members[mistake.part, mistake.defect, known].setdefault(place, mistake)
    titles = {part.id: part.title for part in parts(standings)}
    order = {name: place for place, name in enumerate(titles)}
    ranked = sorted(members.items(), key=lambda item: (-len(item[1]), order.get(item[0][0], len(order))))
    graded = sum(standing.state is State.GRADED for standing in standings)
    return tuple(_common(found, titles, graded) for _, found in ranked[:MOST_MISTAKES])


def _common(found: Mapping[int, Mistake], titles: Mapping[str, str], graded: int) -> CommonMistake:
    first = next(iter(found.values()))
    rationales = Counter(mistake.rationale for mistake in found.values())
    return CommonMistake(
        part=titles.get(first.part, line(first.part)),
        title=line(first.title),
        defect=line(first.defect),
        rationale=line(rationales.most_common(1)[0][0]),
        members=tuple(found),
        percent=points.percent(Fraction(len(found)), Fraction(graded)),
    )


def _real_mistakes(standing: Standing) -> Iterator[Mistake]:
    untouched = {part.id for part in _parts(standing) if part.status in _NOT_A_MISTAKE}
    for mistake in standing.mistakes if standing.state is State.GRADED else ():
        if mistake.part not in untouched and mistake.defect != _CONSEQUENCE:
            yield mistake


def _heat_row(part: Part, found: Sequence[PartStanding], marks: Sequence[Mark], everybody: int) -> HeatRow:
    numbers = Counter(MARKS[one.status] for one in found)
    numbers[NO_RESULT] = everybody - len(found)
    cells = tuple(_heat(mark, numbers[mark], everybody) for mark in marks)
    shares = [one.earned / one.points for one in found if one.points > 0]
    return HeatRow(part=part, cells=cells, average=_percent(statistics.mean(shares)) if shares else "–")


def _heat(mark: Mark, number: int, everybody: int) -> Heat:
    heat = -(-number * _HEATS // everybody)  # rounded up: one in a thousand is not nobody
    return Heat(mark=mark, number=number, percent=points.percent(Fraction(number), Fraction(everybody)), heat=heat)


def _results(standings: Iterable[Standing]) -> Iterator[PartStanding]:
    for standing in standings:
        yield from _parts(standing)


def _parts(standing: Standing) -> tuple[PartStanding, ...]:
    """Return the parts of a submission that has a grade: what else is known of one is no result."""
    return standing.parts if standing.state is State.GRADED else ()


def _percent(share: Fraction) -> str:
    return points.show(share * _FULL, Fraction(_FULL), places=1) + "%"
