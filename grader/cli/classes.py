"""Commands about a class: grade it, and judge it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from grader.errors import ExitCode

if TYPE_CHECKING:
    from grader import slurm
    from grader.batch import Done
    from grader.exchange import Download, Intake
    from grader.rejudging import Change

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
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="ID=NAME",
    help="Which of several files of a student is graded; may be given several times.",
)
@click.option(
    "--times",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    metavar="FILE.csv",
    help="When each student handed in, and who was given more time. [default: as said before]",
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Run submissions on a Dask cluster: tcp://HOST:8786.")
@click.option("--slurm", "is_slurm", is_flag=True, help="Run submissions as jobs of a SLURM cluster.")
@click.option(
    "--slurm-options",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    metavar="FILE.toml",
    help="What SLURM is asked for: jobs, cores, memory, walltime, queue, account, ...",
)
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
    files: Sequence[str],
    times: Path | None,
    scheduler: str,
    is_slurm: bool,
    slurm_options: Path | None,
) -> int:
    """Grade a class: a folder of submissions, or what Canvas, Moodle, Gradescope or nbgrader let you download.

    What is finished is kept at once: run the same command again to continue, or after submissions were added.
    """
    from grader import batch, classroom, exchange, labs, language, rollcall, tables  # noqa: PLC0415 - `grade --help` must not wait for them
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415
    from grader.sandbox.contract import Tier  # noqa: PLC0415
    from grader.terms import Terms  # noqa: PLC0415

    if out.resolve() == source.resolve():
        raise UsageError("the folder of the class must not be that of the submissions: --out", slug="out-is-source")
    terms = Terms(
        lab=labs.find(lab_id),
        effort=Effort(effort),
        data=data,
        seed=seed,
        early_stop=early_stop,
        tier=None if require_tier is None else Tier(require_tier),
    )
    spoken = language.find(lang) if lang is not None else ""
    task = classroom.Assignment(terms=terms, out=out, staff=staff, language=spoken)
    scope = batch.Scope(
        jobs=jobs or batch.default_jobs(),
        rerun=batch.Rerun(rerun),
        only=frozenset(only),
        scheduler=scheduler,
        slurm=_slurm(slurm_options, is_wanted=is_slurm, scheduler=scheduler),
    )
    results: list[Done] = []
    total = 0
    try:
        # Nothing is unpacked before it is certain that the folder is that of this class, and nobody else's just now.
        with exchange.opened(source, layout=layout, assignment=assignment, skip=out) as download:
            _require_known(only, download)
            wishes = rollcall.Wishes(files=rollcall.wished(files, download), times=times)
            with classroom.Classroom(task) as room:
                found = rollcall.call(room, download, wishes)
                _tell_intake(found, out / rollcall.LEFT_OUT)
                _tell_untimed(found, is_due=terms.lab.late is not None)
                _tell_slurm(scope.slurm, out)
                total = len(only) or len(found.entries) + len(found.empty)
                with _Progress(total) as progress:
                    for done in batch.grade_in(room, found.entries, scope, empty=found.empty):
                        results.append(done)
                        progress.show(done)
    except KeyboardInterrupt:
        if results:
            tables.write_tables(out, to_grade=total - len(results))
        click.echo(f"grade: interrupted; {len(results)} of {total} are done, run the command again to go on", err=True)
        return ExitCode.INTERRUPTED
    tables.write_tables(out)
    return _tell_results(results, out)


def _slurm(path: Path | None, *, is_wanted: bool, scheduler: str) -> slurm.Options | None:
    from grader import slurm  # noqa: PLC0415
    from grader.errors import UsageError  # noqa: PLC0415

    if is_wanted and scheduler:
        raise UsageError("--slurm starts a cluster of its own, and --scheduler names one: give one of them", slug="two")
    if path is not None and not is_wanted:
        raise UsageError("--slurm-options is for --slurm", slug="no-slurm")
    if not is_wanted:
        return None
    return slurm.read(path) if path is not None else slurm.Options()


def _require_known(only: Sequence[str], download: Download) -> None:
    from grader.errors import UsageError  # noqa: PLC0415
    from grader.text import nearest  # noqa: PLC0415

    for id_ in only:
        if id_ not in download.offered:
            near = nearest(id_, download.offered)
            raise UsageError(f"there is no submission {id_!r} in {download.path}{near}", slug="unknown-submission")


def _tell_intake(found: Intake, left_out: Path) -> None:
    click.echo(f"{len(found.entries)} submissions, laid out as by {found.layout.value}", err=True)
    for text in found.notes[:_SHOWN]:
        click.echo(f"· {text}", err=True)
    if len(found.notes) > _SHOWN:
        click.echo(f"· … and {len(found.notes) - _SHOWN} more notes", err=True)
    if found.left_out:
        click.echo(f"· {len(found.left_out)} left out ({left_out} says what and whose):", err=True)
    for why, count in Counter(left.why for left in found.left_out).most_common():
        click.echo(f"·   {count}: {why.value}", err=True)


def _tell_untimed(found: Intake, *, is_due: bool) -> None:
    untimed = sum(entry.submitted_at is None for entry in found.entries)
    if is_due and untimed:
        told = f"of {untimed} it is not known when they were handed in: nothing is taken off for lateness"
        click.echo(f"· {told}; --times says when", err=True)


def _tell_slurm(options: slurm.Options | None, out: Path) -> None:
    from grader.slurm import FOLDER  # noqa: PLC0415

    if options is not None:
        told = f"{options.jobs} jobs of {options.cores} cores; what they print is in {out / FOLDER}"
        click.echo(f"· what has to be run waits for SLURM to start {told}", err=True)


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
@click.argument("folder", metavar="CLASS", type=click.Path(path_type=Path, exists=True, file_okay=False))
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
