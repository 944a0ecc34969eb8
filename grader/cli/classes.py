"""Commands about a class: grade it, judge it again, and hand results back to where submissions came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from grader.errors import ExitCode

if TYPE_CHECKING:
    from grader.batch import Done
    from grader.exchange import Filled, Intake
    from grader.rejudging import Change

_FOLDER = click.argument("folder", metavar="CLASS", type=click.Path(path_type=Path, exists=True, file_okay=False))
_SHOWN = 10
"""Names in a list on the terminal."""


@click.command("batch")
@click.argument("source", metavar="FOLDER|ZIP", type=click.Path(path_type=Path, exists=True))
@click.option("--lab", "lab_id", required=True, metavar="LAB", help="An id of `grade labs`, or the path of its folder.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("class-report"),
    show_default=True,
    help="Folder of the class.",
)
@click.option("--effort", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--data", default="auto", show_default=True, metavar="auto|mnist|synthetic|FILE.npz")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=None, help="Submissions at a time. [default: one per core]")
@click.option(
    "--layout",
    type=click.Choice(["auto", "plain", "canvas", "moodle", "gradescope", "nbgrader"]),
    default="auto",
    show_default=True,
    help="Where the download comes from.",
)
@click.option("--assignment", default="", help="Which assignment, where a download has several.")
@click.option("--only", multiple=True, metavar="ID", help="Only this submission; may be given several times.")
@click.option(
    "--rerun",
    type=click.Choice(["changed", "failed", "all"]),
    default="changed",
    show_default=True,
    help="What to grade again: what changed; also what has no score; everything.",
)
@click.option("--early-stop/--no-early-stop", default=True, show_default=True)
@click.option("--require-tier", type=click.Choice(["A", "B", "C", "D"]), default=None, help="Exit with 4 below it.")
@click.option("--staff", is_flag=True, help="Show hidden checks; such reports are not for students.")
@click.option("--lang", default=None, metavar="LANGUAGE", help="Of the reports. [default: the lab's]")
@click.option("--scheduler", default="", metavar="ADDRESS", help="Run submissions on a Dask cluster: tcp://HOST:8786.")
def batch_command(
    *,
    source: Path,
    lab_id: str,
    out: Path,
    effort: str,
    data: str,
    seed: int,
    jobs: int | None,
    layout: str,
    assignment: str,
    only: Sequence[str],
    rerun: str,
    early_stop: bool,
    require_tier: str | None,
    staff: bool,
    lang: str | None,
    scheduler: str,
) -> int:
    """Grade a class: a folder of submissions, or what Canvas, Moodle, Gradescope or nbgrader let you download.

    What is finished is kept at once: run the same command again to continue, or after submissions were added.
    """
    from grader import batch, classroom, exchange, labs, language, store, tables  # noqa: PLC0415 - `grade --help` must not wait for them
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415
    from grader.sandbox.contract import Tier  # noqa: PLC0415

    lab = labs.find(lab_id)
    if out.resolve() == source.resolve():
        raise UsageError("the folder of the class must not be that of the submissions: --out", slug="out-is-source")
    found = exchange.read(source, into=out / "submissions", layout=layout, assignment=assignment, skip=out)
    unknown = sorted(set(only) - {entry.id for entry in found.entries})
    if unknown:
        raise UsageError(f"there is no submission {unknown[0]!r} in {source}", slug="unknown-submission")
    _tell_intake(found)
    task = classroom.Assignment(
        lab=lab,
        effort=Effort(effort),
        data=data,
        seed=seed,
        out=out,
        tier=None if require_tier is None else Tier(require_tier),
        early_stop=early_stop,
        staff=staff,
        language=language.find(lang) if lang is not None else "",
    )
    untimed = sum(entry.submitted_at is None for entry in found.entries)
    if lab.late is not None and untimed:
        told = f"of {untimed} it is not known when they were handed in: nothing is taken off for lateness"
        click.echo(f"· {told}", err=True)
    scope = batch.Scope(
        jobs=jobs or batch.default_jobs(), rerun=batch.Rerun(rerun), only=frozenset(only), scheduler=scheduler
    )
    results: list[Done] = []
    total = len(only) or len(found.entries) + len(found.empty)
    try:
        with _Progress(total) as progress:
            for done in batch.grade_class(task, found.entries, scope, empty=found.empty):
                results.append(done)
                progress.show(done)
    except KeyboardInterrupt:
        if (out / store.FILE).exists():
            tables.write_tables(out, to_grade=total - len(results))
        click.echo(f"grade: interrupted; {len(results)} of {total} are done, run the command again to go on", err=True)
        return ExitCode.INTERRUPTED
    tables.write_tables(out)
    return _tell_results(results, out)


def _tell_intake(found: Intake) -> None:
    left = [f"left out: {each.name} ({each.why.value})" for each in found.left_out]
    click.echo(f"{len(found.entries)} submissions, laid out as by {found.layout.value}", err=True)
    for text in (*found.notes, *left[:_SHOWN]):
        click.echo(f"· {text}", err=True)
    if len(left) > _SHOWN:
        click.echo(f"· … and {len(left) - _SHOWN} more are left out", err=True)


class _Progress:
    """Shows on standard error how far a class is; a line for each result where that is no terminal."""

    def __init__(self, total: int) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        self._console = Console(stderr=True, highlight=False)
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def show(self, done: Done) -> None:
        """Show a result."""
        from grader.batch import How  # noqa: PLC0415

        self._progress.advance(self._task)
        if done.how is not How.UNCHANGED:
            self._console.print(_line(done), markup=False)


def _line(done: Done) -> str:
    from grader import points  # noqa: PLC0415
    from grader.batch import How  # noqa: PLC0415
    from grader.standings import State  # noqa: PLC0415
    from grader.text import line  # noqa: PLC0415

    standing = done.standing
    if standing.state is not State.GRADED:
        return line(f"{standing.id}: {standing.state.value.replace('_', ' ')}: {standing.note}")
    score = f"{points.show(standing.earned, standing.points)} of {points.total(standing.points)}"
    return f"{standing.id}: {score}{' (run before)' if done.how is How.KNOWN else ''}"


def _tell_results(results: Sequence[Done], out: Path) -> int:
    from grader.batch import How  # noqa: PLC0415
    from grader.standings import State  # noqa: PLC0415

    graded = [done for done in results if done.standing.state is State.GRADED]
    unchanged = sum(done.how is How.UNCHANGED for done in graded)
    counts = [f"{len(graded)} graded ({unchanged} of them unchanged)"]
    people = [done.standing.id for done in results if done.standing.needs_person]
    counts += (
        [f"{len(people)} need a person: {', '.join(people[:_SHOWN])}{' …' * (len(people) > _SHOWN)}"] if people else []
    )
    click.echo("; ".join(counts))
    click.echo(f"{out / 'index.html'}  {out / 'gradebook.csv'}")
    failed = [done for done in results if done.standing.is_broken and done.standing.state is not State.NOT_GRADABLE]
    return ExitCode.FAULT if failed else ExitCode.GRADED


@click.command("rejudge")
@_FOLDER
@click.option("--lab", "lab_id", default=None, metavar="LAB", help="The changed lab. [default: where it was]")
@click.option("--all-reports", is_flag=True, help="Write all reports anew, not only those that changed.")
def rejudge_command(*, folder: Path, lab_id: str | None, all_reports: bool) -> int:
    """Judge a class again after a check or the points of a lab changed. Runs no student code."""
    from grader import classroom, rejudging, tables  # noqa: PLC0415

    changes: list[Change] = []
    try:
        for change in rejudging.rejudge(classroom.remembered(folder, lab_id), all_reports=all_reports):
            changes.append(change)
            if change.is_one or change.problem:
                click.echo(_told(change))
    finally:
        tables.write_tables(folder)
    click.echo(f"{sum(change.is_one for change in changes)} of {len(changes)} changed")
    return ExitCode.FAULT if any(change.problem for change in changes) else ExitCode.GRADED


def _told(change: Change) -> str:
    from grader import points  # noqa: PLC0415

    before, after = change.before, change.after
    if change.problem:
        return f"{after.id}: not judged again: {change.problem}"
    scores = [points.show(each.earned, each.points) for each in (before, after)]
    parts = [
        f"{(new or old).id} {points.show(old.earned, old.points) if old else '–'}"  # type: ignore[union-attr]
        f" → {points.show(new.earned, new.points) if new else '–'}"
        for old, new in change.parts
    ]
    return f"{after.id}: {' → '.join(scores)}  ({', '.join(parts) or 'feedback only'})"


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
@click.option("--include-waiting", is_flag=True, help="Also scores of which points wait for a person.")
@click.option("--rescale", is_flag=True, help="Convert scores where the system counts other points than the lab.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to upload.")
def gradebook_command(
    *,
    folder: Path,
    system: str,
    sheet: Path | None,
    assignment: str,
    include_waiting: bool,
    rescale: bool,
    out: Path,
) -> int:
    """Write the scores of a class as Canvas, Moodle or nbgrader take them."""
    from grader import tables  # noqa: PLC0415
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.exchange.gradebooks import canvas, moodle, plain  # noqa: PLC0415
    from grader.files import write_atomically  # noqa: PLC0415

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
        filled = moodle.fill(sheet.read_bytes(), results, include_waiting=include_waiting, rescale=rescale)
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
