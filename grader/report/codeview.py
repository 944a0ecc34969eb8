"""What the HTML report shows about the student's code: lines of (token class, text), never markup.

Pygments only splits the code; its own HTML is not used, as the template engine escapes each text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import le
from typing import TYPE_CHECKING, Any

from pygments.lexers.python import PythonLexer
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    String,
)

from grader.language import N_
from grader.language import gettext as _
from grader.report.words import ACTIONABLE
from grader.text import PARAGRAPH, SOURCE, clean, line

if TYPE_CHECKING:
    from grader.model import CellView, Grade

Token = tuple[str, str]

_CLASSES: tuple[tuple[Any, str], ...] = (
    (Comment, "c"),
    (String, "s"),
    (Number, "n"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (Name.Builtin, "b"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Decorator, "f"),
)

_MOST_CELLS = 300
_MOST_LINES = 1_500

_ALL_CHARACTERS, _ALL_LINES, _ALL_OUTPUT = 100_000, 4_000, 60_000
"""What is shown of all cells together, so that no page has many megabytes; labs have a fifth of it."""

_MOST_COLOURED = 50_000
"""Characters of a submission that get colours: each may cost a tag. What is beyond stays plain."""

_OUTPUT = 6_000
"""Characters of a cell's output that are shown: its end, where errors and results are."""

_STATES = {
    "ok": ("✓", N_("ran"), "good"),
    "raised": ("✗", N_("stopped with an error"), "bad"),
    "syntax_error": ("✗", N_("Python could not read it"), "bad"),
    "placeholder": ("○", N_("still has a placeholder"), "idle"),
    "timed_out": ("✗", N_("ran out of time"), "bad"),
    "budget_reached": ("✓", N_("ended by us: enough training was seen"), "good"),
    "skipped": ("-", N_("was not run"), "idle"),
}


_STOPPED = frozenset({"raised", "syntax_error", "timed_out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of code; `remark` says in words why it is marked, and is empty where it is not."""

    number: int
    tokens: tuple[Token, ...]
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell with its code; `open` where a student should look at it."""

    index: int
    anchor: str
    mark: str
    state: str
    tone: str
    open: bool
    lines: tuple[Line, ...]
    cut: bool
    exception: str
    output: str
    seconds: str


def cells(grade: Grade) -> tuple[Cell, ...]:
    """Return the cells in the order of the submission."""
    places = _places(grade)
    coloured = _MOST_COLOURED
    left = (_ALL_CHARACTERS, _ALL_LINES, _ALL_OUTPUT)
    shown: list[Cell] = []
    for cell in grade.cells[:_MOST_CELLS]:
        coloured -= len(cell.source)
        remarks = dict.fromkeys(places.get(cell.index, ()), _("look here"))
        if cell.failing_line is not None and cell.state in _STOPPED:
            remarks[cell.failing_line] = _("it stopped here")
        room = _room(cell)
        if all(map(le, room, left)):
            left = (left[0] - room[0], left[1] - room[1], left[2] - room[2])
            shown.append(_cell(cell, remarks, coloured=coloured >= 0))
        else:
            bare = _cell(replace(cell, source="", exception="", output=""), remarks, coloured=False)
            shown.append(replace(bare, lines=(), cut=True))
    return tuple(shown)


def _room(cell: CellView) -> tuple[int, int, int]:
    """Return how much room a cell takes at most: characters of code, lines, characters of output."""
    lines = min(cell.source.count("\n") + 1, _MOST_LINES)
    return min(len(cell.source), SOURCE), lines, min(len(cell.output), _OUTPUT) + min(len(cell.exception), PARAGRAPH)


def _places(grade: Grade) -> dict[int, list[int | None]]:
    """Return the lines, by cell, that visible checks point at; those of hidden ones would give them away."""
    places: dict[int, list[int | None]] = {}
    for check in (check for part in grade.parts for check in part.checks):
        if check.feedback.cell is not None and check.outcome in ACTIONABLE and not check.spec.hidden:
            places.setdefault(check.feedback.cell, []).append(check.feedback.line)
    return places


def _cell(cell: CellView, remarks: dict[int | None, str], *, coloured: bool) -> Cell:
    mark, state, tone = _STATES.get(cell.state, ("?", line(cell.state, 60), "idle"))
    source = clean(cell.source, SOURCE)
    rows = _rows(source) if coloured else _plain_rows(source)
    return Cell(
        index=cell.index,
        anchor=f"cell-{cell.index}",
        mark=mark,
        state=_(state),
        tone=tone,
        open=tone != "good" or bool(remarks),
        lines=_lines(rows[:_MOST_LINES], remarks),
        cut=len(rows) > _MOST_LINES or source != clean(cell.source, SOURCE + 1),
        exception=clean(cell.exception, PARAGRAPH).strip(),
        output=clean(cell.output, 10 * _OUTPUT)[-_OUTPUT:].strip("\n"),
        seconds=f"{cell.seconds:.1f}",
    )


def _lines(rows: list[tuple[Token, ...]], remarks: dict[int | None, str]) -> tuple[Line, ...]:
    return tuple(
        Line(number=number, tokens=tokens, remark=remarks.get(number, "")) for number, tokens in enumerate(rows, 1)
    )


def _rows(source: str) -> list[tuple[Token, ...]]:
    """Split code into lines of tokens; joining neighbours of one class halves the size of the page."""
    rows: list[list[Token]] = [[]]
    # In blanks that go over many lines, Pygments looks for a docstring from each of the lines on.
    code = "\n".join(row if row.strip() else "" for row in source.split("\n"))
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        name = _class(kind)
        for place, piece in enumerate(text.split("\n")):
            if place:
                rows.append([])
            if piece:
                _append(rows[-1], name if piece.strip() else "", piece)
    return [tuple(row) for row in rows]


def _plain_rows(source: str) -> list[tuple[Token, ...]]:
    return [(("", row),) if row else () for row in source.split("\n")]


def _append(row: list[Token], name: str, piece: str) -> None:
    if row and row[-1][0] == name:
        row[-1] = (name, row[-1][1] + piece)
    else:
        row.append((name, piece))


def _class(kind: object) -> str:
    return next((name for token, name in _CLASSES if kind in token), "")
