"""Where a line of a cell stands in the file that was handed in: what shows files shows their raw lines.

The trusted process parses no submission. It looks for the lines that the worker says a cell has: in a script as they
are, in a notebook as strings of JSON, one per line or a whole cell in one, whatever the tool that saved it does.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.model import CellView

LINES_LIMIT = 100_000
"""Lines of a file that are looked at; notebooks with figures saved in them have some thousand."""

STRING_LIMIT = 200_000
"""Characters of a line that can be source; saved figures are longer."""

_SAME_LIMIT = 200
"""Places of one line that are tried: `)` stands everywhere, and says little."""

_VOTERS_LIMIT = 500
"""Lines of a cell that say where it stands, the first ones: that is asked for each remark."""

_STRING = re.compile(r'\s*+(?:"source"\s*+:\s*+)?+(?:\[\s*+)?+(?P<text>"(?:[^"\\]|\\.)*+")\s*+\]?+\s*+,?+\s*+')
"""A line of a notebook that holds nothing but one string of JSON, or the source of a cell; nothing is tried twice."""

_KIND = re.compile(r'\s*\{?\s*"cell_type"\s*:\s*"(?P<kind>\w+)"')
_KIND_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLines:
    """The lines of source that a file holds, each with its number in the file, counted from 1."""

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    places: Mapping[str, Sequence[int]]
    cells: tuple[CellView, ...]

    def find(self, cell: int, line: int | None) -> int | None:
        """Return the number of a cell's line in the file, of its first line without one; None if it is not there.

        Most lines of the cell have to be where the first guess of each of them says: a key that is masked in the
        report, or a line that occurs elsewhere, changes nothing.
        """
        view = next((each for each in self.cells if each.index == cell), None)
        if view is None or not view.source.strip():
            return None
        wanted = view.source.split("\n")
        voters = [(offset, text) for offset, text in enumerate(wanted) if text.strip()][:_VOTERS_LIMIT]
        guesses = Counter(
            place - offset for offset, text in voters for place in self.places.get(text, ())[:_SAME_LIMIT]
        )
        fitting = sorted(start for start, votes in guesses.items() if votes * 2 > len(voters))
        if not fitting:
            return None
        best = max(guesses[start] for start in fitting)
        starts = [start for start in fitting if guesses[start] == best]
        start = starts[min(self._twins_before(view), len(starts) - 1)]
        position = start + min(max(line or 1, 1), len(wanted)) - 1
        return self.numbers[position] if 0 <= position < len(self.numbers) else None

    def _twins_before(self, view: CellView) -> int:
        return sum(each.source == view.source for each in self.cells if each.index < view.index)


def read(data: bytes, cells: Sequence[CellView], *, suffix: str) -> RawLines:
    """Return the lines of source in a file.

    Args:
        data: what was handed in.
        cells: the cells as the worker read them.
        suffix: `.ipynb`, or that of a script.
    """
    raw = data.decode("utf-8-sig", "replace").split("\n")[:LINES_LIMIT]
    found = list(_strings(raw)) if suffix == ".ipynb" else [(text.rstrip("\r"), n) for n, text in enumerate(raw, 1)]
    places: dict[str, list[int]] = defaultdict(list)
    for position, (text, _) in enumerate(found):
        places[text].append(position)
    return RawLines(
        texts=tuple(text for text, _ in found),
        numbers=tuple(number for _, number in found),
        places=places,
        cells=tuple(cells),
    )


def _strings(raw: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the lines of the strings of a notebook, each with the number of the raw line that it stands in.

    What kind of cell it is stands before its source in what every tool saves; texts of other cells are left out.
    """
    is_code = True
    for number, text in enumerate(raw, 1):
        if kind := _KIND.match(text[:_KIND_LIMIT]):
            is_code = kind["kind"] == "code"
        match = _STRING.fullmatch(text) if is_code and len(text) <= STRING_LIMIT else None
        if match is None:
            continue
        try:
            source = json.loads(match["text"])
        except ValueError:
            continue
        for line in source.removesuffix("\n").replace("\r\n", "\n").split("\n"):
            yield line.rstrip("\r"), number
