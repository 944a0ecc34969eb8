"""What is shown on standard error while a submission runs: what is written in it, at once, and what it builds."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from grader import record
from grader.judge.code import Code
from grader.language import gettext as _
from grader.language import ngettext, whole
from grader.report.words import few
from grader.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.labs import Lab
    from grader.wire import Frame


SAME_TIME_S = 5.0
"""Files that were copied together are this many seconds apart at most."""


class Progress:
    """A line at a time, and what goes on now where that is a terminal. Use as a context manager."""

    def __init__(self, lab: Lab, file: Path) -> None:
        from rich.console import Console  # noqa: PLC0415 - `grade --help` must not wait for it

        self._lab, self._file = lab, file
        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status(_("Reading your file …"))
        self._written: list[Frame] = []
        self._cells = 0

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._status.stop()

    def take(self, frame: Frame) -> None:
        """Show one record of the worker. Nothing of it is trusted: numbers are formatted, text is not shown."""
        fields = frame.fields
        if frame.kind == "cell":
            self._written.append(frame)
        elif frame.kind == "run" and self._written and isinstance(fields.get("cells"), int):
            self._cells = fields["cells"]
            self._tell_cells()
        elif frame.kind == "call" and isinstance(result := fields.get("result"), dict):
            layers, parameters = result.get("layers"), result.get("parameters")
            if isinstance(layers, int) and isinstance(parameters, int):
                built = _("a network of {layers} layers, {parameters} parameters")
                self._say(built.format(layers=layers, parameters=whole(parameters)))
        elif now := doing(frame, self._cells):
            self._status.update(now)

    def _tell_cells(self) -> None:
        read = ngettext(
            "{file}: {number} cell read; starting TensorFlow …",
            "{file}: {number} cells read; starting TensorFlow …",
            self._cells,
        )
        self._say(read.format(file=line(self._file.name, 60), number=self._cells))
        if told := of_another(self._file):
            self._say(told)
        for text in missing(Code(lab=self._lab, cells=record.written(self._written))):
            self._say(text)
        # Submissions whose worker crashed are read twice.
        self._written.clear()

    def _say(self, text: str) -> None:
        self._console.print(f"· {text}", markup=False, soft_wrap=True)
        self._status.update(text)


def of_another(file: Path) -> str:
    """Say that the other one of the two files of a handout is the newer one; empty where it is not."""
    other = later(file)
    told = _("{other} was changed later than {file}; to grade that one: grade {other}")
    return told.format(other=other.name, file=line(file.name, 60)) if other else ""


def later(file: Path) -> Path | None:
    """Return the other one of the two files of a handout, if it was changed after the one that is graded."""
    other = file.with_name({"lab.ipynb": "lab.py", "lab.py": "lab.ipynb"}.get(file.name, file.name))
    with contextlib.suppress(OSError):
        if other.stat().st_mtime > file.stat().st_mtime + SAME_TIME_S:
            return other
    return None


def doing(frame: Frame, cells: int) -> str:
    """Return what goes on now by a record of the worker; empty where it does not tell."""
    index = frame.fields.get("index")
    if frame.kind == "started" and isinstance(index, int):
        return _("Running cell {number} of {cells} …").format(number=index, cells=cells)
    return _("Checking and writing the report …") if frame.kind == "end" else ""


def missing(code: Code) -> Iterator[str]:
    """Yield in sentences what can be seen without running anything: what is no Python, and what is still blank."""
    for cell, number in code.broken():
        yield _("Cell {cell}, line {line}: Python cannot read this.").format(cell=cell, line=number)
    blank = [(line(_(part.title), 60), place) for part, place in code.open_parts()]
    if blank:
        where = _("{part} (cell {cell}, line {line})")
        parts = few([where.format(part=title, cell=cell, line=number) for title, (cell, number) in blank])
        yield _("Still to fill in: {parts}").format(parts=parts)
