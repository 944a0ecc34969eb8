"""Canvas' gradebook: the CSV file that an instructor exports, with scores for one assignment, to be imported again.

Source of the format: Canvas' `lib/gradebook_importer.rb` and `lib/gradebook_exporter.rb`. Students are matched by ID,
by SIS user id or login, then by name; an assignment by the number in parentheses after its title, or by the exact
title. A column that is neither would make Canvas *create* an assignment, so it is refused here. There is no column for
comments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from grader import points
from grader.errors import UsageError
from grader.exchange.gradebooks import listed, number, put_score, scaled
from grader.exchange.matching import Row, match
from grader.exchange.results import Filled, Note, Result
from grader.exchange.roster import Layout
from grader.exchange.tables import Table, parse, table_of_ours

_WHAT = "a gradebook exported from Canvas"

_IDS = ("sis user id", "sis login id", "integration id")
_ABOUT_STUDENTS = frozenset(
    {"student", "lastname", "firstname", "last name", "first name", "id", *_IDS, "root account", "section"}
)
_TOTAL = re.compile(
    r"(?:.* )?(?:current|final|unposted current|unposted final|override) (?:score|points|grade|status)\Z"
)

_NUMBERED = re.compile(r"(?P<title>.*?)\s*\((?P<id>\d+)\)\s*", re.DOTALL)

_POINTS_POSSIBLE = "    Points Possible"
"""With four blanks in front, as Canvas exports it."""

_NOT_FOR_SCORES = {"EX": "is excused", "N/A": "does not have this assignment"}


def fill(
    data: bytes, results: Sequence[Result], *, assignment: str, include_waiting: bool = False, rescale: bool = False
) -> Filled:
    """Write scores into an exported gradebook; all other cells stay as they are, byte for byte.

    Args:
        data: the file as Canvas exported it.
        results: one for each entry.
        assignment: the number of the assignment, its column's head, or its exact title.
        include_waiting: whether scores are written of which points wait for a person.
        rescale: whether scores are converted where Canvas gives other points for the assignment than the lab.

    Raises:
        UsageError: the file is no such gradebook, has no such assignment, or counts other points for it.
    """
    table = parse(data, what=_WHAT, is_head=_is_head)
    column = _column(table, assignment)
    maximum = _points_possible(table, column)
    pairs, notes = match(results, _rows(table), Layout.CANVAS)
    written = []
    for result, row in pairs:
        score, state = result.score(include_waiting=include_waiting), table.cell(row.index, column)
        if score is None:
            notes.append(Note(about=result.entry.id, text=f"{result.why_none()}; the row stays as it was"))
        elif state.upper() in _NOT_FOR_SCORES:
            why = _NOT_FOR_SCORES[state.upper()]
            notes.append(Note(about=result.entry.id, text=f"the student {why} ({state}); the row stays as it was"))
        else:
            note = put_score(table, row, column, *scaled(score, result, maximum, rescale=rescale))
            notes += [note] if note else []
            written.append(result.entry.id)
    return Filled(data=table.render(), entries=tuple(dict.fromkeys(written)), notes=tuple(notes))


def create(results: Sequence[Result], *, assignment: str, include_waiting: bool = False) -> Filled:
    """Return the short form of a gradebook, for entries that were downloaded from Canvas.

    Args:
        results: one for each entry.
        assignment: the head of the assignment's column, with its number: `Lab 1 (12345)`.
        include_waiting: as for `fill`.

    Raises:
        UsageError: the assignment has no number, so that Canvas would create a new one.
    """
    if _NUMBERED.fullmatch(assignment) is None:
        raise UsageError(
            f"{assignment!r}: Canvas would create a new assignment; add the number that its address ends in, "
            "like 'Lab 1 (12345)'",
            slug="no-assignment",
        )
    rows, notes, written = [["Student", "ID", "Section", assignment]], [], []
    total = points.total(results[0].max_points) if results else ""
    possible = f"{_POINTS_POSSIBLE},,,{total}\r\n"
    for result in results:
        score, entry = result.score(include_waiting=include_waiting), result.entry
        if entry.layout is not Layout.CANVAS or not entry.user_id.isdecimal():
            notes.append(Note(about=entry.id, text="its number in Canvas is not known; fill an exported gradebook"))
        elif score is None:
            notes.append(Note(about=entry.id, text=result.why_none()))
        else:
            rows.append([entry.name, entry.user_id, "", points.show(score, result.max_points)])
            written.append(entry.id)
    head, body = table_of_ours(rows[:1]), table_of_ours(rows[1:])
    return Filled(data=head + possible.encode() + body, entries=tuple(written), notes=tuple(notes))


def _is_head(cells: Sequence[str]) -> bool:
    names = [cell.casefold() for cell in cells]
    return "id" in names[1:3] and any("student" in name or name in ("lastname", "last name") for name in names[:1])


def _column(table: Table, assignment: str) -> int:
    """Return the column of an assignment.

    Raises:
        UsageError: there is none, or there are several.
    """
    wanted = assignment.strip()
    asked = _NUMBERED.fullmatch(wanted)
    wanted_id = asked["id"] if asked else wanted if wanted.isdecimal() else ""
    columns = {
        place: head.strip()
        for place, head in enumerate(table.head)
        if head.strip().casefold() not in _ABOUT_STUDENTS and not _TOTAL.match(head.strip().casefold())
    }
    numbered = {place: found for place, head in columns.items() if (found := _NUMBERED.fullmatch(head))}
    by_id = [place for place, found in numbered.items() if found["id"] == wanted_id]
    by_title = [
        place
        for place, head in columns.items()
        if wanted in (head, numbered[place]["title"] if place in numbered else head)
    ]
    found_in = sorted({*by_id, *by_title})
    if len(found_in) == 1:
        return found_in[0]
    many = "several columns are" if found_in else "no column is"
    raise UsageError(
        f"{many} the assignment {assignment!r}; name one of {listed(columns.values())}. "
        "Another name would create a new assignment",
        slug="no-assignment",
    )


def _points_possible(table: Table, column: int) -> Fraction | None:
    for row in range(1, len(table.rows)):
        if table.cell(row, 0).casefold() == _POINTS_POSSIBLE.strip().casefold():
            return number(table.cell(row, column))
    return None


def _rows(table: Table) -> list[Row]:
    """Return the students: rows without an ID are about assignments."""
    names = [head.strip().casefold() for head in table.head]
    first = names.index("id")
    return [
        Row(
            index=row,
            own=table.cell(row, first),
            ids=tuple(filter(None, (table.cell(row, names.index(name)) for name in _IDS if name in names))),
            name=", ".join(table.cell(row, place) for place in range(first)),
        )
        for row in range(1, len(table.rows))
        if table.cell(row, first)
    ]
