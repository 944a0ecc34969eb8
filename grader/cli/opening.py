"""Shows a report in the browser, where there is one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from grader.language import gettext as _


def show(report: Path) -> None:
    """Open a report in the browser; where that is not possible, say where it is."""
    import webbrowser  # noqa: PLC0415 - `grade --help` must not wait for it

    path = report.resolve()
    if not _has_display() or not webbrowser.open(path.as_uri()):
        click.echo(
            _("There is no browser to show it here; open this file where there is one: {path}").format(path=path)
        )


def _has_display() -> bool:
    """Tell whether windows can be shown; without, a browser for the terminal would take it over."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
