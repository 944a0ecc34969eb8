"""The summary that a terminal shows: rich values for the command line to print, readable without colour too.

Only `Text` is used for what came from a submission: rich would act on `[markup]` in plain strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader import points
from grader.language import gettext as _
from grader.language import use
from grader.model import Grade, Outcome, PartResult
from grader.report import account, audience
from grader.report.view import place_of, points_of_part, waiting
from grader.report.words import HIDDEN_ONLY, WORDS, explain, few, first_problem, needs_work
from grader.text import LINE, clean, line

if TYPE_CHECKING:
    from pathlib import Path

_STYLES = {"good": "green", "partial": "yellow", "bad": "red", "idle": "dim", "fault": "magenta"}

_MOST_WORDS = 600
"""Characters of an explanation on a terminal; the HTML report has all of it."""


def summary(grade: Grade, *, report: Path | None, staff: bool = False) -> RenderableType:
    """Return score, parts and what to do about those that did not pass, then where the full report is.

    Args:
        grade: what to show.
        report: the HTML report, or `None` where none was written.
        staff: whether hidden checks are shown like others.
    """
    with use(grade.language):
        return _summary(grade, report, staff=staff)


def _summary(grade: Grade, report: Path | None, *, staff: bool) -> RenderableType:
    sentences = account.lines(grade)
    grade = audience.for_staff(grade) if staff else audience.for_students(grade)
    rows: list[RenderableType] = [_score(grade), *(Text(sentence) for sentence in sentences)]
    rows += [Text("")] if sentences else []
    rows += [_table(grade)]
    rows += [problem(part, staff=staff) for part in grade.parts if part.status not in _BRIEF or _is_mixed(part)]
    rows += [_waiting(grade, status) for status in _BRIEF[1:] if any(part.status is status for part in grade.parts)]
    if report is not None:
        rows += [
            Text(""),
            Text.assemble(_("Full report:"), " ", (line(str(report), 4 * LINE), "bold"), overflow="fold"),
        ]
    return Group(*rows)


_BRIEF = (Outcome.PASSED, Outcome.NOT_ATTEMPTED, Outcome.BLOCKED, Outcome.WAITING)
"""Statuses of which a line says enough: there is nothing to explain about a part that is not written yet."""


def _is_mixed(part: PartResult) -> bool:
    return part.status is Outcome.WAITING and needs_work(part)


def _waiting(grade: Grade, status: Outcome) -> Text:
    word = WORDS[status]
    titles = few([_title(part) for part in grade.parts if part.status is status])
    return Text.assemble("\n", (word.mark, _STYLES[word.tone]), " ", (f"{word.label}: ", "bold"), titles)


def _title(part: PartResult) -> str:
    """Return the title of a part, with the points that wait for a person in it, or with the place that is blank."""
    title = line(part.title, 60)
    check = first_problem(part) if part.status is Outcome.NOT_ATTEMPTED else None
    if check is not None and check.feedback.cell is not None:
        return f"{title} ({place_of(check.feedback)})"
    if not part.waiting:
        return title
    return _("{part} ({points} points)").format(part=title, points=points.show(part.waiting, part.points))


def _score(grade: Grade) -> Text:
    score = _("{earned} of {maximum} points").format(
        earned=points.show(grade.earned, grade.points), maximum=points.total(grade.points)
    )
    waits = f"; {told}" if (told := waiting(grade)) else ""
    # The first number is what one looks for.
    number, space, rest = score.partition(" ")
    return Text.assemble((line(grade.lab_title), "bold"), "\n", (number, "bold"), f"{space}{rest}{waits}\n")


def _table(grade: Grade) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column("mark", no_wrap=True)
    table.add_column("part", overflow="fold")
    table.add_column("status", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    for part in grade.parts:
        word = WORDS[part.status]
        style = _STYLES[word.tone]
        table.add_row(
            Text(word.mark, style=style),
            Text(line(part.title, 60)),
            Text(word.label, style=style),
            Text(points_of_part(part)),
        )
    return table


def problem(part: PartResult, *, staff: bool = False) -> Group:
    """Return what happened in a part, where, and what to try; of a grade for its reader, in the current language.

    Staff also see where a check raised.
    """
    word = WORDS[part.status]
    title = Text.assemble((word.mark, _STYLES[word.tone]), " ", (line(part.title, 60), "bold"))
    check = first_problem(part)
    if check is not None and check.feedback.cell is not None:
        title.append(f"  ({place_of(check.feedback)})", "dim")
    if check is None:
        texts = [word.note or _(HIDDEN_ONLY)]
    else:
        texts = [clean(explain(check), _MOST_WORDS)]
        if check.feedback.hint:
            texts.append(_("Try: {hint}").format(hint=clean(check.feedback.hint, _MOST_WORDS)))
    if staff:
        traces = [(check.spec.id, check.feedback.trace) for check in part.checks if check.feedback.trace]
        texts += [clean(f"{name}:\n{trace}", 4 * _MOST_WORDS) for name, trace in traces]
    # A fold never loses the end of a long path or name, as an ellipsis would.
    lines = [Padding(Text(text, overflow="fold"), (0, 0, 0, 2)) for text in texts]
    return Group(Text(""), title, *lines)
