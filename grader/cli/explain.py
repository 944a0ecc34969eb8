"""`grade explain`: one part of the last report, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from grader.errors import ExitCode, UsageError
from grader.language import use

BYTES_LIMIT = 64 * 1024**2
"""A report beyond this was not written here: the largest has some hundred kilobytes."""


@click.command("explain")
@click.argument("words", metavar="[PART]", nargs=-1)
@click.option(
    "--out",
    "--report",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("grade-report"),
    show_default=True,
    help="Folder of the report.",
)
def explain_command(*, words: Sequence[str], folder: Path) -> int:
    """Say what a part asks, what happened there, and what to try. Runs nothing.

    PART is its id, its title or a piece of it. Without one, the part to work on next is explained.
    """
    from rich.console import Console  # noqa: PLC0415 - `grade --help` must not wait for them
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from grader.report import explaining, jsonreport  # noqa: PLC0415

    report = jsonreport.read(_text(folder / "report.json"))
    part = explaining.find(report, " ".join(words))
    console = Console(highlight=False)
    with use(str(report.get("language", ""))):
        for indent, text in explaining.lines(explaining.explained(part)):
            console.print(Padding(Text(text, overflow="fold"), (0, 0, 0, 2 * indent)))
    return ExitCode.GRADED


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(BYTES_LIMIT)
    except OSError as error:
        raise UsageError(
            f"there is no report at {path}; grade first, or name its folder with --out", slug="no-report"
        ) from error
