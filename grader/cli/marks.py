"""Commands about answers in words, which a person marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from grader.errors import ExitCode


@click.group("marks")
def marks_group() -> None:
    """Answers in words: out into a table for a person to mark, and back into the reports."""


@marks_group.command("export")
@click.argument("folders", metavar="REPORT_FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("marks.csv"), show_default=True)
def marks_export_command(*, folders: Sequence[Path], out: Path) -> int:
    """Write all answers that are for a person into one table, each with its rubric."""
    from grader import marks  # noqa: PLC0415

    count = marks.export(marks.find(folders), out)
    what = "1 answer" if count == 1 else f"{count} answers"
    click.echo(f"{what} in {out}: fill in the columns mark and comment, then `grade marks import {out} …`")
    return ExitCode.GRADED


@marks_group.command("import")
@click.argument("table", metavar="MARKS.csv", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folders", metavar="REPORT_FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
def marks_import_command(*, table: Path, folders: Sequence[Path]) -> int:
    """Count the marks of a table, and write the reports anew."""
    from grader import marks, tables  # noqa: PLC0415

    try:
        # Held from before the reports are read: a class that is graded meanwhile would overwrite them.
        with tables.held(folders) as classes:
            reports = marks.find(folders)
            changed = marks.bring_in(reports, marks.read(marks.take(table), reports))
            for file in classes:
                tables.take_over(file)
    except marks.MarksError as error:
        for complaint in error.complaints:
            click.echo(f"grade: {table.name}, {complaint}", err=True)
        return error.exit_code
    for report in changed:
        click.echo(marks.described(report))
    click.echo(f"{len(changed)} of {len(reports)} reports written anew")
    return ExitCode.GRADED
