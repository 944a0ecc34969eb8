"""What the HTML report shows about score, parts and checks: cleaned texts, ready for the template.

Of hidden checks only their number and their points get into these values, so no template can tell more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from grader import points
from grader.language import N_, ngettext
from grader.language import gettext as _
from grader.model import CheckResult, Feedback, Grade, Outcome, PartResult
from grader.report.words import ACTIONABLE, HIDDEN_ONLY, WORDS, NextStep, Word, explain, next_step
from grader.rubric import AS_IT_SHOULD_BE
from grader.text import PARAGRAPH, clean, line

Sources = Mapping[int | None, str]
"""The code of each cell by its number."""

_CODE = 120
"""Characters of a line of code that is quoted beside a check; the whole cell is further down."""

_OPEN = frozenset({Outcome.FAILED, Outcome.PARTIAL, Outcome.TIMED_OUT, Outcome.GRADER_ERROR, Outcome.NOT_RUN})
"""Parts whose checks are seen at once. What passed, waits, or was not started is one line that unfolds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the student's code something happened, with that line; `anchor` is the id of the cell's element."""

    text: str
    anchor: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCard:
    """One visible check: what happened, what to try where it did not pass, and where to look if that did not help."""

    title: str
    word: Word
    rationale: str
    hint: str
    deeper: str
    points: str
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenCard:
    """The hidden checks of a part: how many, and what they paid together."""

    label: str
    points: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCard:
    """One part; `weight` is its share of the score bar, `open` says whether its checks are seen at once."""

    anchor: str
    title: str
    word: Word
    points: str
    waiting: str
    weight: str
    open: bool
    checks: tuple[CheckCard, ...]
    hidden: tuple[HiddenCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCard:
    """The one thing to do next; `gain` are the points that wait there."""

    title: str
    anchor: str = ""
    word: Word | None = None
    texts: tuple[str, ...] = ()
    hint: str = ""
    gain: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many parts came out with one outcome."""

    word: Word
    number: int


def parts(grade: Grade) -> tuple[PartCard, ...]:
    """Return the cards of all parts, in the order of the lab."""
    sources, following = _sources(grade), next_step(grade).part
    return tuple(
        _part(part, place, sources, is_open=part is following or part.status in _OPEN)
        for place, part in enumerate(grade.parts, 1)
    )


def tallies(grade: Grade) -> tuple[Tally, ...]:
    """Return the outcomes that occur among the parts, from the best to the worst."""
    statuses = [part.status for part in grade.parts]
    counted = ((word, statuses.count(outcome)) for outcome, word in WORDS.items())
    return tuple(Tally(word=word, number=number) for word, number in counted if number)


def next_card(grade: Grade) -> NextCard:
    """Return the most useful next step in words."""
    step = next_step(grade)
    if step.part is None:
        return NextCard(title=_("Everything passes. Well done!"), texts=(_("There is nothing left to fix here."),))
    if step.kind == "work":
        return _work(grade, step, step.part)
    title = _(_TITLES[step.kind])
    word = WORDS[step.part.status]
    texts = (f"{line(step.part.title)}: {word.small}.", word.note)
    return NextCard(title=title, anchor=_anchor(grade, step.part), word=word, texts=texts)


_TITLES = {
    "fault": N_("Tell your instructor"),
    "wait": N_("Wait for an earlier step"),
    "person": N_("Nothing more to do: a person reads your answers"),
}


def waiting(grade: Grade) -> str:
    """Return what waits for a person in words, or an empty string."""
    if not grade.waiting:
        return ""
    # Half a point is as plural as two points are.
    number = 1 if grade.waiting == 1 else 2
    told = ngettext("{points} point waits for a person", "{points} points wait for a person", number)
    return told.format(points=points.show(grade.waiting, grade.points))


def points_of(earned: Fraction, maximum: Fraction) -> str:
    """Return earned points beside those that can be had."""
    return _("{earned} of {maximum}").format(earned=points.show(earned, maximum), maximum=points.total(maximum))


def points_of_part(part: PartResult) -> str:
    """Return the points of a part, and those for extra credit as such."""
    if part.extra:
        return _("{points} extra").format(points=points_of(part.earned, part.points))
    own = points_of(part.earned, part.points)
    if not part.extra_points:
        return own
    return _("{points} + {extra} extra").format(points=own, extra=points.show(part.extra_earned, part.extra_points))


def _work(grade: Grade, step: NextStep, part: PartResult) -> NextCard:
    check = step.check
    happened = clean(explain(check), PARAGRAPH) if check is not None else _(HIDDEN_ONLY)
    return NextCard(
        title=line(part.title),
        anchor=_anchor(grade, part),
        word=WORDS[part.status],
        texts=(happened,),
        hint=clean(check.feedback.hint, PARAGRAPH) if check is not None else "",
        gain=points.show(part.points - part.earned - part.waiting, part.points),
        place=_place(check.feedback, _sources(grade)) if check is not None else None,
    )


def _sources(grade: Grade) -> Sources:
    return {cell.index: cell.source for cell in grade.cells}


def _anchor(grade: Grade, part: PartResult) -> str:
    return f"part-{grade.parts.index(part) + 1}"


def _part(part: PartResult, place: int, sources: Sources, *, is_open: bool) -> PartCard:
    return PartCard(
        anchor=f"part-{place}",
        title=line(part.title),
        word=WORDS[part.status],
        points=points_of_part(part),
        waiting=points.show(part.waiting, part.points) if part.waiting else "",
        weight=points.total(part.points),
        open=is_open,
        checks=_without_repetition([_check(check, sources) for check in part.checks if not check.spec.hidden]),
        hidden=tuple(_hidden(check) for check in part.checks if check.spec.hidden),
    )


def _without_repetition(cards: list[CheckCard]) -> tuple[CheckCard, ...]:
    """Say what happened once where several checks of a part failed for one reason."""
    seen: set[str] = set()
    shown = []
    for card in cards:
        again = card.word is not WORDS[Outcome.PASSED] and card.rationale in seen
        shown.append(
            replace(card, rationale=_("First the problem above has to be solved."), hint="", deeper="", place=None)
            if again
            else card
        )
        seen.add(card.rationale)
    return tuple(shown)


def _hidden(check: CheckResult) -> HiddenCard:
    """Return the card of what a student's grade has in the place of all hidden checks of a part."""
    return HiddenCard(label=line(check.spec.title), points=_points_of_check(check))


def _check(check: CheckResult, sources: Sources) -> CheckCard:
    passed = check.outcome is Outcome.PASSED
    told = check.feedback.rationale if passed else explain(check)
    return CheckCard(
        title=line(check.spec.title),
        word=WORDS[check.outcome],
        rationale="" if passed and told == _(AS_IT_SHOULD_BE) else clean(told, PARAGRAPH),
        hint="" if passed else clean(check.feedback.hint, PARAGRAPH),
        deeper="" if passed else clean(check.feedback.deeper, PARAGRAPH),
        points=_points_of_check(check),
        place=_place(check.feedback, sources) if check.outcome in ACTIONABLE else None,
    )


def _points_of_check(check: CheckResult) -> str:
    own = points_of(check.earned, check.spec.points)
    return _("{points} extra").format(points=own) if check.spec.extra else own


def _place(feedback: Feedback, sources: Sources) -> Place | None:
    if feedback.cell not in sources:
        return None
    rows = sources[feedback.cell].split("\n")
    code = rows[feedback.line - 1] if feedback.line and feedback.line <= len(rows) else ""
    return Place(text=place_of(feedback), anchor=f"cell-{feedback.cell}", code=line(code, _CODE))


def place_of(feedback: Feedback) -> str:
    """Return in words where in the code something happened."""
    where = _("cell {cell}, line {line}") if feedback.line else _("cell {cell}")
    return where.format(cell=feedback.cell, line=feedback.line)
