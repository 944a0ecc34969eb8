"""Tables of others, changed cell by cell: what is not changed stays what it was, byte for byte.

The rows are read by `csv`; where each cell lies in the text is found beside it, and a file about which the two do not
agree is refused. Cells of ours are safe to open in a spreadsheet (attack B17); those of the file are its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.errors import UsageError
from grader.text import LINE, csv_cell

FILE_LIMIT = 64 * 1024**2
"""Bytes; the gradebook of a thousand students with a hundred assignments has one megabyte."""

_CELL_LIMIT = 1_000_000
"""Characters; Moodle's worksheets hold what students typed in."""

_DELIMITERS = (",", ";", "\t")

_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_POINT = re.compile(r"-?\d+\.\d+")
_COMMA = re.compile(r"-?\d+,\d+")


@dataclass(slots=True, kw_only=True)
class Table:
    """A table whose first row is its head. `rows` are the texts of the cells, `_raw` the cells as they were written."""

    rows: list[list[str]]
    encoding: str
    delimiter: str
    has_decimal_comma: bool
    _raw: list[list[str]]
    _ends: list[str]

    @property
    def head(self) -> list[str]:
        """The texts of the first row."""
        return self.rows[0]

    def cell(self, row: int, column: int) -> str:
        """Return the text of a cell, without blanks around it; a row may be shorter than the head."""
        return self.rows[row][column].strip() if column < len(self.rows[row]) else ""

    def put(self, row: int, column: int, text: str) -> None:
        """Write a text of ours into a cell."""
        for cells in (self.rows[row], self._raw[row]):
            cells.extend([""] * (column + 1 - len(cells)))
        self.rows[row][column] = text
        self._raw[row][column] = _quoted(text, self.delimiter)

    def render(self) -> bytes:
        """Return the file in the encoding it had; a character that this lacks becomes a reference such as `&#8217;`."""
        lines = (self.delimiter.join(row) + end for row, end in zip(self._raw, self._ends, strict=True))
        return "".join(lines).encode(self.encoding, "xmlcharrefreplace")


def parse(data: bytes, *, what: str, is_head: Callable[[Sequence[str]], bool]) -> Table:
    """Read a table whose columns are separated in the way that makes its first row a head.

    Args:
        data: the file.
        what: what the file should be, for the message.
        is_head: tells whether the cells of a row are the head that is looked for.

    Raises:
        UsageError: it is no such table.
    """
    if len(data) > FILE_LIMIT:
        raise UsageError(f"this file is too large for {what}", slug="no-gradebook")
    encoding, text = _decoded(data)
    body = text.removeprefix("\ufeff")
    for delimiter in _DELIMITERS:
        rows = _rows(body, delimiter)
        if rows and is_head([cell.strip() for cell in rows[0]]):
            raw, ends = _cells(body, delimiter)
            if [len(row) for row in raw] != [len(row) or 1 for row in rows]:
                raise UsageError(f"quotes in this file are out of order; download {what} again", slug="no-gradebook")
            raw[0][0] = text[: len(text) - len(body)] + raw[0][0]
            rows = [row or [""] for row in rows]
            comma = _has_decimal_comma(rows)
            return Table(
                rows=rows, encoding=encoding, delimiter=delimiter, has_decimal_comma=comma, _raw=raw, _ends=ends
            )
    first = ", ".join(map(repr, (_rows(body, ",") or [[]])[0][:6]))
    raise UsageError(f"this is not {what}: its first row is {first or 'empty'}", slug="no-gradebook")


def own_cell(text: str, limit: int = LINE) -> str:
    """Return a text of ours as the content of a cell that no spreadsheet takes for a formula; numbers stay numbers.

    What follows a separator is looked at, too: a spreadsheet may split rows at another one. Source: OWASP, *CSV
    Injection*.
    """
    if _NUMBER.fullmatch(text):
        return text
    return re.sub(r"([;,]\s*)(?=[=+@])|(;\s*)(?=-)", r"\g<0>'", csv_cell(text, limit))


def table_of_ours(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a table that is all ours, in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([own_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _has_decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether numbers in it have a comma where others have a point."""
    cells = [cell.strip() for row in rows for cell in row]
    return any(map(_COMMA.fullmatch, cells)) and not any(map(_POINT.fullmatch, cells))


def _quoted(text: str, delimiter: str) -> str:
    needs = any(sign in text for sign in (delimiter, '"', "\r", "\n")) or text != text.strip()
    escaped = text.replace('"', '""')
    return f'"{escaped}"' if needs else text


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the encoding and the text; a byte order mark stays in it, so that it comes back where it was."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-8")):
        if data.startswith(mark):
            try:
                return encoding, data.decode(encoding)
            except UnicodeDecodeError:
                continue
    # Every byte is a character of it, so that what was there comes back.
    return "latin-1", data.decode("latin-1")


def _rows(text: str, delimiter: str) -> list[list[str]]:
    before = csv.field_size_limit(_CELL_LIMIT)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(before)


def _cells(text: str, delimiter: str) -> tuple[list[list[str]], list[str]]:
    """Return the cells as they are written, row by row, and how each row ends."""
    sign = re.escape(delimiter)
    cell = re.compile(rf'((?:"(?:[^"]++|"")*+")?[^{sign}\r\n]*)({sign}|\r\n|\r|\n|\Z)')
    raw: list[list[str]] = [[]]
    ends: list[str] = []
    position = 0
    while position < len(text) or raw[-1]:
        found = cell.match(text, position)
        if found is None:  # pragma: no cover - the pattern takes every text
            break
        raw[-1].append(found[1])
        position = found.end()
        if found[2] != delimiter:
            ends.append(found[2])
            raw.append([])
    return raw[:-1], ends
