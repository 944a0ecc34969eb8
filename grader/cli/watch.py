"""`grade --watch`: what is shown each time the file is saved."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import click

from grader.cli.progress import doing, missing
from grader.errors import ExitCode
from grader.language import gettext as _
from grader.language import ngettext, use
from grader.text import PARAGRAPH, clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console
    from rich.status import Status

    from grader.pipeline import Request
    from grader.watching import Graded, Problem, Saved


def watch(request: Request, after_first: Callable[[Path], None]) -> int:
    """Grade a file each time it is saved, until somebody stops it, which is how it ends well.

    `after_first` is called with the report once there is one.
    """
    from rich.console import Console  # noqa: PLC0415 - `grade --help` must not wait for it

    from grader import watching  # noqa: PLC0415

    with use(request.spoken), contextlib.suppress(KeyboardInterrupt):
        screen = _Screen(Console(highlight=False), request)
        with contextlib.closing(watching.watch(request)) as told, screen.status:
            for event in told:
                screen.show(event)
                if isinstance(event, watching.Graded) and event.before is None:
                    after_first(screen.report)
    with use(request.spoken):
        click.echo(_("Stopped watching."))
    return ExitCode.GRADED


class _Screen:
    """The terminal, from top to bottom: a heading for each save, what is seen at once, then the verdicts."""

    def __init__(self, console: Console, request: Request) -> None:
        self._console, self._request = console, request
        self._cells = 0
        self.status: Status = console.status(_("Reading your file …"))
        self.report = request.out / "report.html"

    def show(self, event: object) -> None:
        """Show one thing that happened."""
        from grader.watching import Graded, Problem, Saved  # noqa: PLC0415
        from grader.wire import Frame  # noqa: PLC0415

        match event:
            case Saved():
                self._saved(event)
            case Frame():
                self.status.update(doing(event, self._cells) or self.status.status)
            case Graded():
                self._graded(event)
            case Problem():
                self._problem(event)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def _saved(self, saved: Saved) -> None:
        self._cells = len(saved.code.cells)
        read = ngettext("{number} cell read.", "{number} cells read.", self._cells).format(number=self._cells)
        if saved.is_same:
            read = _("The code is as before: nothing is run.")
        elif not saved.is_first:
            cells = ", ".join(map(str, saved.changed)) or "–"
            read = _("Changed cells: {cells}.").format(cells=cells)
        self._say(f"\n── {time.strftime('%H:%M:%S')} · {read}")
        if not saved.is_same:
            for text in missing(saved.code):
                self._say(f"· {text}")
            self.status.update(_("Starting …"))

    def _graded(self, graded: Graded) -> None:
        from grader.report import changes, terminal  # noqa: PLC0415

        self.status.update(_("Waiting for the next save; Ctrl-C ends this."))
        staff = self._request.staff
        if graded.before is None:
            self._console.print(terminal.summary(graded.grade, report=self.report, staff=staff))
        elif graded.is_same and not changes.changes(graded.before, graded.grade):
            self._say(_("The report is that of the saved file: {path}").format(path=self.report))
        else:
            self._console.print(changes.told(graded.before, graded.grade, report=self.report, staff=staff))

    def _problem(self, problem: Problem) -> None:
        self._say(f"! {clean(problem.text, PARAGRAPH)}")
        self.status.update(_("Waiting for the next save; Ctrl-C ends this."))
