"""Commands that hand the results of a class back to where its submissions came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.errors import ExitCode

if TYPE_CHECKING:
    from grader.exchange import Filled

_FOLDER = click.argument("folder", metavar="CLASS", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.command("gradebook")
@_FOLDER
@click.option("--for", "system", type=click.Choice(["canvas", "moodle", "nbgrader"]), required=True)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="What the system let you download: Canvas' gradebook, Moodle's offline worksheet.",
)
@click.option("--assignment", default="", help="Its title or number, as in the head of Canvas' column.")
@click.option(
    "--columns",
    default="",
    metavar="grade=LABEL,...",
    help="What columns of Moodle's worksheet are called, where its language is not known: id, name, email, id_number, "
    "group, grade, maximum, comments.",
)
@click.option("--include-waiting", is_flag=True, help="Also scores of which points wait for a person.")
@click.option("--rescale", is_flag=True, help="Convert scores where the system counts other points than the lab.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to upload.")
def gradebook_command(
    *,
    folder: Path,
    system: str,
    sheet: Path | None,
    assignment: str,
    columns: str,
    include_waiting: bool,
    rescale: bool,
    out: Path,
) -> int:
    """Write the scores of a class as Canvas, Moodle or nbgrader take them."""
    from grader import tables  # noqa: PLC0415
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.exchange.gradebooks import canvas, moodle, plain  # noqa: PLC0415
    from grader.files import write_atomically  # noqa: PLC0415

    if columns and system != "moodle":
        raise UsageError("--columns is for Moodle's worksheet", slug="no-columns")
    named = moodle.columns(columns)
    results = tables.results(folder)
    if system == "nbgrader":
        write_atomically(out, plain.nbgrader(results, assignment=assignment, include_waiting=include_waiting))
        return ExitCode.GRADED
    if sheet is None and system == "moodle":
        raise UsageError(
            "Moodle's labels differ by language: give the worksheet that it let you download as --sheet",
            slug="no-sheet",
        )
    filled: Filled
    if sheet is None:
        filled = canvas.create(results, assignment=assignment, include_waiting=include_waiting)
    elif system == "canvas":
        filled = canvas.fill(
            sheet.read_bytes(), results, assignment=assignment, include_waiting=include_waiting, rescale=rescale
        )
    else:
        filled = moodle.fill(
            sheet.read_bytes(), results, columns=named, include_waiting=include_waiting, rescale=rescale
        )
    write_atomically(out, filled.data)
    for note in filled.notes:
        click.echo(f"· {note.about}: {note.text}", err=True)
    click.echo(f"{len(filled.entries)} of {len(results)} scores in {out}")
    return ExitCode.GRADED


@click.command("feedback")
@_FOLDER
@click.option("--for", "system", type=click.Choice(["canvas", "moodle"]), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The archive to upload.")
def feedback_command(*, folder: Path, system: str, out: Path) -> int:
    """Pack the reports of a class as Canvas or Moodle take them back."""
    from grader import classroom, tables  # noqa: PLC0415
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.exchange import bundles  # noqa: PLC0415

    if classroom.remembered(folder).staff:
        raise UsageError("these reports show hidden checks (--staff): not for students", slug="staff-reports")
    results = tables.results(folder)
    notes = {"canvas": bundles.canvas, "moodle": bundles.moodle}[system](results, out)
    for note in notes:
        click.echo(f"· {note.about}: {note.text}", err=True)
    click.echo(f"{len(results) - len(notes)} reports in {out}")
    return ExitCode.GRADED
