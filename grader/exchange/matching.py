"""Whose row is it? Entries are matched with the rows of a gradebook by what is certain; nobody is guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grader.exchange.names import key
from grader.exchange.results import Note, Result
from grader.exchange.roster import Entry, Layout, Person
from grader.text import line

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A student in a gradebook: which row, and everything that tells who it is.

    `own` is the number that the gradebook's own system gives; `ids` are the numbers and logins of the institution.
    """

    index: int
    own: str = ""
    ids: tuple[str, ...] = ()
    name: str = ""
    group: str = ""

    @property
    def shown(self) -> str:
        """What the student is called in notes."""
        return line(self.name or self.own or f"row {self.index + 1}", 80)


class NoRow(Exception):  # noqa: N818 - an answer, not a failure
    """A student of whom no single row can be said to be theirs; the message says why."""


def match(
    results: Sequence[Result], rows: Sequence[Row], layout: Layout
) -> tuple[list[tuple[Result, Row]], list[Note]]:
    """Return which rows get which result, and notes on all results and rows that are left alone.

    Two results for one row are a contradiction that a person has to settle: neither is taken.
    """
    book = _Book(rows, layout)
    notes: list[Note] = []
    wanted: dict[int, list[Result]] = {}
    for result in results:
        for found in book.rows_of(result.entry):
            if isinstance(found, str):
                notes.append(Note(about=result.entry.id, text=found))
            elif result not in wanted.setdefault(found.index, []):
                wanted[found.index].append(result)
    pairs = []
    for row in rows:
        takers = wanted.get(row.index, [])
        if len(takers) == 1:
            pairs.append((takers[0], row))
        elif takers:
            listed = ", ".join(taker.entry.id for taker in takers)
            notes.append(Note(about=row.shown, text=f"several submissions are theirs ({listed}); none was written"))
        else:
            notes.append(Note(about=row.shown, text="no submission is theirs; the row stays as it was"))
    return pairs, notes


class _Book:
    """The rows of a gradebook, by everything that they can be found by."""

    def __init__(self, rows: Sequence[Row], layout: Layout) -> None:
        self._layout = layout
        self._own = _index((row.own, row) for row in rows)
        self._ids = _index((id_.casefold(), row) for row in rows for id_ in row.ids)
        self._names = _index((key(row.name), row) for row in rows)
        self._groups = _index((row.group.casefold(), row) for row in rows)

    def rows_of(self, entry: Entry) -> Iterator[Row | str]:
        """Yield the rows of an entry's students, and a sentence for each who has none."""
        try:
            if entry.layout is self._layout:
                yield from self._of_own(entry)
                return
        except NoRow as problem:
            yield str(problem)
            return
        if not entry.people:
            yield "the download does not tell whose it is"
        for person in entry.people:
            try:
                yield self._of_person(person)
            except NoRow as problem:
                yield str(problem)

    def _of_own(self, entry: Entry) -> list[Row]:
        """Return the rows of an entry that comes from the gradebook's own system.

        The number of a team in Moodle may be that of a participant who has nothing to do with it: names must agree.
        """
        rows = self._own.get(entry.user_id, [])
        is_moodle = self._layout is Layout.MOODLE
        if is_moodle and entry.name:
            agreeing = [row for row in rows if not row.name or key(row.name) == key(entry.name)]
            team = self._groups.get(entry.name.casefold(), [])
            if team and not agreeing:
                return team
            if rows and not agreeing:
                other = line(rows[0].name, 60)
                raise NoRow(f"the number {entry.user_id} is that of {other!r} in the gradebook, not of {entry.name!r}")
            rows = agreeing
        if len(rows) != 1:
            raise NoRow(f"{len(rows) or 'no'} rows in the gradebook have the number {entry.user_id!r}")
        return rows

    def _of_person(self, person: Person) -> Row:
        keys = [text.casefold() for text in (person.id, person.email) if text]
        found = {row.index: row for text in keys for row in self._ids.get(text, ())}
        by = "id or e-mail"
        if not found:
            words = key(person.name)
            found = {row.index: row for row in self._names.get(words, ())} if words else {}
            by = "name"
        who = line(person.name or person.id or person.email, 60)
        if not found:
            raise NoRow(f"{who!r} is not in the gradebook")
        if len(found) > 1:
            raise NoRow(f"{len(found)} students in the gradebook could be {who!r} by {by}; nothing was written")
        return next(iter(found.values()))


class Roll:
    """The entries of a class, by everything that a row of a table can name them by."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._ids = _gathered((entry.id.casefold(), entry) for entry in entries)
        self._numbers = _gathered(pair for entry in entries for pair in _numbers(entry))
        self._names = _gathered(
            (key(name), entry) for entry in entries for name in (entry.name, *(who.name for who in entry.people))
        )

    def entry_of(self, row: Row) -> Entry:
        """Return the entry of the student in a row: by numbers and addresses first, by a name where it is the only one.

        Raises:
            NoRow: there is none or several, or what the row says is about several students.
        """
        told = [found for text in row.ids if (found := self._by_number(text))]
        if told:
            return _only([entry for entry in told[0] if all(entry in found for found in told)], row, "id and e-mail")
        alike = self._names.get(key(row.name), [])
        if alike and all(_contradicts(row, entry) for entry in alike):
            raise NoRow(f"whoever is called {row.shown!r} among those who handed in has another id or e-mail")
        return _only([entry for entry in alike if not _contradicts(row, entry)], row, "name")

    def _by_number(self, text: str) -> list[Entry]:
        wanted = text.casefold()
        participant = _PARTICIPANT.fullmatch(wanted)
        return (
            self._ids.get(wanted)
            or self._numbers.get(wanted)
            or self._numbers.get(_unpadded(wanted))
            or (self._numbers.get(participant[1], []) if participant else [])
        )


_PARTICIPANT = re.compile(r"\D+ (\d+)")
"""What Moodle calls a participant: `Participant 1234`, in any language."""


def _numbers(entry: Entry) -> Iterator[tuple[str, Entry]]:
    """Yield the numbers and addresses of an entry's students; spreadsheets take zeros from the front of numbers."""
    texts = (entry.user_id, entry.email, *(text for who in entry.people for text in (who.id, who.email)))
    for text in filter(None, texts):
        yield text.casefold(), entry
        yield _unpadded(text.casefold()), entry


def _unpadded(text: str) -> str:
    return (text.lstrip("0") or "0") if text.isdigit() else text


def _only(alike: Sequence[Entry], row: Row, by: str) -> Entry:
    if len(alike) != 1:
        raise NoRow(f"{len(alike) or 'no'} submissions could be that of {row.shown!r} by {by}")
    return alike[0]


def _contradicts(row: Row, entry: Entry) -> bool:
    """Tell whether a row names a student by an id or an address, and the one of that name is known to have others."""
    if entry.layout is Layout.PLAIN:
        return False  # What stands for an id is a name there.
    known = [text for who in entry.people if key(who.name) == key(row.name) for text in (who.id, who.email) if text]
    return bool(row.ids and known)


def _gathered(pairs: Iterable[tuple[_Key, Entry]]) -> dict[_Key, list[Entry]]:
    found: dict[_Key, list[Entry]] = {}
    for name, entry in pairs:
        if name and entry not in found.setdefault(name, []):
            found[name].append(entry)
    return found


def _index(pairs: Iterable[tuple[_Key, Row]]) -> dict[_Key, list[Row]]:
    """Return the rows by their keys; what is empty is no key."""
    found: dict[_Key, list[Row]] = {}
    for name, row in pairs:
        if name and row not in found.setdefault(name, []):
            found[name].append(row)
    return found
