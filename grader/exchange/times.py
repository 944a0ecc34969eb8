"""When each student handed in, and who was given more time: a table that a person made, as downloads tell little of it.

CSV as spreadsheets save it: with commas, semicolons or tabs, with a byte order mark or without. Students are named by
`id`, `email` or `name`, so that the gradebook of a class, or what an LMS lists, can be filled in; `submitted_at` and
`extended_until` are instants in ISO 8601 with their zone. What is empty says nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader import late
from grader.errors import UsageError
from grader.exchange.matching import NoRow, Roll, Row
from grader.exchange.results import Note
from grader.exchange.roster import Entry
from grader.exchange.tables import Table, parse
from grader.late import Policy
from grader.text import line, nearest

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "identifier", "student_id", "sid"),
    "name": ("name", "full_name", "student"),
    "email": ("email", "e_mail", "email_address"),
    "submitted_at": ("submitted_at",),
    "extended_until": ("extended_until",),
}
"""What columns are called, in any case, with blanks, hyphens or underscores: by us, Canvas, Moodle and Gradescope."""

_PEOPLE = ("id", "name", "email")
_INSTANTS = ("submitted_at", "extended_until")
_WHAT = "a table with the columns id, name or email, and submitted_at or extended_until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Entries with the times of a table, and notes on all rows that went nowhere."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """What one row says; `number` is that of the row as spreadsheets count."""

    number: int
    who: Row
    submitted_at: dt.datetime | None
    extended_until: dt.datetime | None


def timed(data: bytes, entries: Sequence[Entry], rules: Policy | None, *, what: str) -> Timed:
    """Return entries with the times that a table tells; what it does not tell stays as the download says.

    Args:
        data: the table.
        entries: who handed in something.
        rules: what lateness costs in the lab; `None` where it has no deadline.
        what: the name of the table, for messages.

    Raises:
        UsageError: it is no such table; a time is none, has no zone, or has no effect; two rows contradict each other.
    """
    try:
        table = parse(data, what=_WHAT, is_head=lambda cells: len(cells) > 1)
        places, unused = _places(table)
        told = _rows(table, places, rules)
        return _applied(told, entries, unused)
    except UsageError as error:
        raise UsageError(f"{what}: {error}", slug=error.slug) from error


def _applied(told: Sequence[_Times], entries: Sequence[Entry], unused: Sequence[str]) -> Timed:
    roll = Roll(entries)
    notes = [Note(about="columns", text=f"not looked at: {', '.join(unused)}")] if unused else []
    found: dict[str, _Times] = {}
    for row in told:
        try:
            entry = roll.entry_of(row.who)
        except NoRow as problem:
            notes.append(Note(about=f"row {row.number}", text=f"{problem}; nothing is done with it"))
            continue
        before = found.setdefault(entry.id, row)
        if (before.submitted_at, before.extended_until) != (row.submitted_at, row.extended_until):
            raise UsageError(
                f"rows {before.number} and {row.number} are both about {entry.id!r}, and say different things",
                slug="times-differ",
            )
    return Timed(entries=tuple(_with(entry, found.get(entry.id)) for entry in entries), notes=tuple(notes))


def _with(entry: Entry, row: _Times | None) -> Entry:
    if row is None:
        return entry
    at, until = row.submitted_at or entry.submitted_at, row.extended_until
    # What a system says of lateness is about its own deadline, not about one that a person gave.
    is_late = at > until if at and until else entry.is_late
    return replace(entry, submitted_at=at, extended_until=until, is_late=is_late)


def _places(table: Table) -> tuple[dict[str, int], list[str]]:
    """Return where the columns are, and the names of those that mean nothing here.

    Raises:
        UsageError: one is missing, twice, or called almost as one that is known.
    """
    known = {alias: column for column, aliases in COLUMNS.items() for alias in aliases}
    places: dict[str, int] = {}
    unused = []
    for place, head in enumerate(table.head):
        column = known.get(_plain(head))
        if column is None:
            if nearest(_plain(head), _INSTANTS, cutoff=0.75):
                raise UsageError(f"there is no column {line(head, 60)!r}{nearest(_plain(head), _INSTANTS)}", slug=_SLUG)
            unused += [line(head, 60)] if head.strip() else []
        elif column in places:
            raise UsageError(f"two columns are called {column!r}", slug=_SLUG)
        else:
            places[column] = place
    for wanted in (_PEOPLE, _INSTANTS):
        if not any(column in places for column in wanted):
            near = next(filter(None, (nearest(_plain(head), wanted) for head in unused)), "")
            shown = ", ".join(map(repr, unused)) or "none other"
            raise UsageError(f"there is no column {' or '.join(wanted)}, but {shown}{near}", slug=_SLUG)
    return places, unused


_SLUG = "times-columns"


def _plain(head: str) -> str:
    return re.sub(r"[\s_-]+", "_", head.strip().casefold())


def _rows(table: Table, places: Mapping[str, int], rules: Policy | None) -> list[_Times]:
    rows = []
    for index in range(1, len(table.rows)):
        cells = {column: table.cell(index, place) for column, place in places.items()}
        number = index + 1
        instants = {column: _instant(cells.get(column, ""), number, column) for column in _INSTANTS}
        until = instants["extended_until"]
        if until is not None:
            late.require_extension(until, rules, option=f"row {number}, extended_until")
        if any(instants.values()):
            # The gradebook of a class lists the addresses of a group in one cell.
            ids = tuple(filter(None, (cells.get("id"), *re.split(r"\s*[;,]\s*", cells.get("email", "")))))
            who = Row(index=index, own=cells.get("id", ""), ids=ids, name=cells.get("name", ""))
            rows.append(_Times(number=number, who=who, **instants))
    return rows


def _instant(text: str, number: int, column: str) -> dt.datetime | None:
    return late.instant(text, option=f"row {number}, {column}") if text else None
