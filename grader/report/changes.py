"""What got better or worse between two grades of the same work, for a terminal."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader import points
from grader.language import N_, use
from grader.language import gettext as _
from grader.report import audience, terminal, view
from grader.report.words import WORDS, next_step
from grader.text import LINE, line

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from grader.model import Grade, PartResult


class Way(enum.Enum):
    """Which way something went: a sign, a word, and how it is coloured."""

    BETTER = ("↑", N_("better"), "green")
    WORSE = ("↓", N_("worse"), "red")
    OTHER = ("→", N_("other"), "yellow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One part that is not as it was."""

    way: Way
    before: PartResult
    now: PartResult


def changes(before: Grade, now: Grade) -> list[Change]:
    """Return the parts whose status or points are others than before, in the order of the lab."""
    old = {part.id: part for part in before.parts}
    pairs = [(old[part.id], part) for part in now.parts if part.id in old]
    return [Change(way=_way(_paid(a), _paid(b)), before=a, now=b) for a, b in pairs if _facts(a) != _facts(b)]


def told(before: Grade, now: Grade, *, report: Path, staff: bool = False) -> RenderableType:
    """Return the score, what changed, the next step, and where the full report is."""
    with use(now.language):
        shown = audience.for_staff(now) if staff else audience.for_students(now)
        rows = [_score(before, now), _table(changes(before, now)), *_next(shown)]
        where = Text.assemble(_("Full report:"), " ", (line(str(report), 4 * LINE), "bold"), overflow="fold")
        return Group(*rows, Text(""), where)


def _facts(part: PartResult) -> tuple[object, ...]:
    return part.status, part.earned, part.extra_earned


def _paid(part: PartResult) -> Fraction:
    return part.earned + part.extra_earned


def _way(before: Fraction, now: Fraction) -> Way:
    return Way.BETTER if now > before else Way.WORSE if now < before else Way.OTHER


def _score(before: Grade, now: Grade) -> RenderableType:
    score = _("{earned} of {maximum} points").format(
        earned=points.show(now.earned, now.points), maximum=points.total(now.points)
    )
    if before.earned == now.earned:
        return Text.assemble((score, "bold"), " ", _("(as before)"))
    sign, word, style = _way(before.earned, now.earned).value
    was = _("before: {earned}").format(earned=points.show(before.earned, before.points))
    return Text.assemble((score, "bold"), f" ({was}) ", (f"{sign} {_(word)}", style))


def _table(found: list[Change]) -> RenderableType:
    if not found:
        return Text(_("No part changed."))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name in ("way", "part", "change"):
        table.add_column(name, overflow="fold", no_wrap=name == "way")
    for change in found:
        sign, word, style = change.way.value
        step = f"{_stands(change.before)} → {_stands(change.now)}"
        table.add_row(Text(f"{sign} {_(word)}", style=style), Text(line(change.now.title, 60)), Text(step))
    return table


def _stands(part: PartResult) -> str:
    return f"{WORDS[part.status].label} ({view.points_of_part(part)})"


def _next(grade: Grade) -> list[RenderableType]:
    """Return the most useful next step, for whoever the grade is prepared for."""
    step = next_step(grade)
    if step.part is None:
        return [Text(""), Text(_("Everything passes. Well done!"), style="green")]
    if step.kind != "work":
        word = WORDS[step.part.status]
        return [Text(""), Text(f"{word.mark} {line(step.part.title, 60)}: {word.small}. {word.note}")]
    return [Text(""), Text(_("Next step:"), style="bold"), terminal.problem(step.part)]
