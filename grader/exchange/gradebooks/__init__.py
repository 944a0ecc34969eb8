"""Gradebooks: tables of ours, and tables of an LMS into which scores are written.

A score goes only where it is certain whose it is, and nothing but scores and comments is changed in a table of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from grader import points
from grader.errors import UsageError
from grader.exchange.matching import Row
from grader.exchange.results import Note, Result
from grader.exchange.tables import Table
from grader.text import line

_LISTED = 30
"""Columns that a message names."""

_NUMBER = re.compile(r"-?\d{1,12}(?:[.,]\d{1,12})?")


def number(cell: str) -> Fraction | None:
    """Return the number in a cell, with a point or a comma; `None` where there is another text, or nothing."""
    return Fraction(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def scaled(score: Fraction, result: Result, maximum: Fraction | None, *, rescale: bool) -> tuple[Fraction, Fraction]:
    """Return a score and its maximum as the gradebook counts them; `maximum` is `None` where it does not say.

    Raises:
        UsageError: the gradebook gives other points for the assignment than the lab, and `rescale` is off.
    """
    if maximum is None or maximum == result.max_points or not result.max_points:
        return score, result.max_points
    if not rescale:
        theirs, ours = points.total(maximum), points.total(result.max_points)
        raise UsageError(
            f"the gradebook gives {theirs} points for this assignment, the lab {ours}; change it there, or have scores "
            "converted",
            slug="other-maximum",
        )
    return score * maximum / result.max_points, maximum


def put_score(table: Table, row: Row, column: int, score: Fraction, maximum: Fraction) -> Note | None:
    """Write a score as reports show it, with the decimal sign of the table; a note says which other one was there."""
    before = table.cell(row.index, column)
    text = points.show(score, maximum)
    table.put(row.index, column, text.replace(".", ",") if table.has_decimal_comma else text)
    if not before or number(before) == Fraction(text):
        return None
    return Note(about=row.shown, text=f"{line(before, 40)!r} was there before; now it is {text}")


def listed(heads: Iterable[str]) -> str:
    """Return the heads of columns for a message; of very many, the first ones."""
    shown = [repr(line(head, 60)) for head in heads if head]
    return ", ".join([*shown[:_LISTED], *(["…"] if len(shown) > _LISTED else [])]) or "none"
