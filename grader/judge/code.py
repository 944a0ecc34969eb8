"""What is written in a submission, before anything has run: which code belongs to which part, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from grader.evidence import Cell, Mark
from grader.labs import Anchor, Lab, Part

Place = tuple[int | None, int | None]
"""(cell, line) in the submission, both counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The cells of a submission, read by the anchors of its lab."""

    lab: Lab
    cells: tuple[Cell, ...]

    def marks(self, anchor: Anchor) -> Iterator[tuple[Cell, Mark]]:
        """Yield the places in the code that an anchor recognises."""
        limits = self._first(anchor.before), self._first(anchor.after)
        for cell in self.cells:
            for mark in cell.marks:
                place = (cell.index, mark.line)
                if limits[0] is not None and place >= limits[0]:
                    continue
                if limits[1] is not None and place < limits[1]:
                    continue
                if _matches(anchor, mark):
                    yield cell, mark

    def unfilled(self, part: Part) -> Place | None:
        """Return where a placeholder still stands in the code of a part, or None."""
        for cell, mark in self.marks(part.anchor):
            for line in cell.placeholders:
                if mark.line <= line <= mark.end_line:
                    return cell.index, line
        return None

    def gap(self, part: Part, shown: Iterable[Place] = ()) -> Place | None:
        """Return where None stands for the answer of a part, or None where the part is done there or elsewhere.

        `shown` are the places of what was recorded of the part.
        """
        marks = [(cell, mark, _lines_in(cell.gaps, mark)) for cell, mark in self.marks(part.anchor)]
        left = [(cell, mark, lines) for cell, mark, lines in marks if lines]
        done = [mark for _, mark, lines in marks if not lines]
        # What a loop or a function recorded, it did beside the line with None; such a line itself answers nothing.
        idle = {(cell.index, line) for cell, mark, lines in left if mark.kind == "statement" for line in lines}
        if not set(shown) <= idle:
            return None
        for cell, mark, lines in left:
            if not any(part.anchor.calls or set(mark.assigns) & set(other.assigns) for other in done):
                return cell.index, lines[0]
        return None

    def blank_at(self, place: Place) -> str:
        """Return what stands where something is missing: the placeholder of the lab, `...`, None, or nothing at all."""
        source = next((cell.source for cell in self.cells if cell.index == place[0]), "")
        line = [*source.split("\n"), ""][min((place[1] or 1) - 1, source.count("\n") + 1)]
        otherwise = "" if line.split("#")[0].rstrip().endswith("=") else self.lab.placeholder
        return next((word for word in (self.lab.placeholder, "...", "None") if word in line), otherwise)

    def open_parts(self) -> list[tuple[Part, Place]]:
        """Return the parts in which something is still to be filled in, and where."""
        found = ((part, self.unfilled(part)) for part in self.lab.parts)
        return [(part, place) for part, place in found if place is not None]

    def broken(self) -> list[tuple[int, int]]:
        """Return the cells and lines that cannot be read as Python, the first of each cell."""
        return [(cell.index, cell.broken[0]) for cell in self.cells if cell.broken]

    def _first(self, name: str) -> tuple[int, int] | None:
        """Return where a name is first defined or assigned, or None."""
        if not name:
            return None
        for cell in self.cells:
            for mark in cell.marks:
                if mark.defines == name or name in mark.assigns:
                    return cell.index, mark.line
        # Without the lab's function, the network itself marks the place.
        variable = next((role.variable for role in self.lab.roles if role.builder == name), "")
        return self._first(variable) if variable else None


def _lines_in(lines: Sequence[int], mark: Mark) -> list[int]:
    return [line for line in lines if mark.line <= line <= mark.end_line]


def _matches(anchor: Anchor, mark: Mark) -> bool:
    if mark.kind == "tape":
        return anchor.tape
    if mark.kind == "define":
        return mark.defines in anchor.defines
    if set(mark.assigns) & set(anchor.assigns):
        return True
    return any(_matches_call(pattern, call) for pattern in anchor.calls for call in mark.calls)


def _matches_call(pattern: str, call: str) -> bool:
    return call.endswith(pattern[1:]) if pattern.startswith("*") else call == pattern
