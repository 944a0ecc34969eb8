"""The command line: the only module that prints and that knows exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from grader import __version__
from grader.cli import classes
from grader.errors import ExitCode, GraderError
from grader.language import gettext as _
from grader.language import names, ngettext, whole

if TYPE_CHECKING:
    from grader.model import Grade
    from grader.pipeline import Request
    from grader.wire import Frame


LANGUAGE_HELP = f"Language of the report: {', '.join(names())}. [default: that of the lab]"


class DefaultToRun(click.Group):
    """`grade FILE` and plain `grade` mean `grade run`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Put `run` in front of anything that is not a command."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Do the same for options: `grade --effort full` is `grade run --effort full`."""
        own = {"--help", "-h", "--version"}
        if not args or (args[0] not in self.commands and args[0] not in own):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultToRun, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grade")
def cli() -> None:
    """Grade a lab: in its folder, type `grade`.

    Without a command, `grade [FILE]` grades one file and writes a report.
    """


@cli.command("run")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--lab",
    "lab_id",
    default=None,
    metavar="LAB",
    help="Which lab: an id of `grade labs`, or the path of its folder. [default: found by itself]",
)
@click.option(
    "--effort",
    type=click.Choice(["quick", "full"]),
    default="quick",
    show_default=True,
    help="quick caps the training; full trains as written.",
)
@click.option(
    "--data",
    default="auto",
    show_default=True,
    metavar="auto|mnist|synthetic|FILE.npz",
    help="Which images to grade with.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Of everything that is random.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("grade-report"),
    show_default=True,
    help="Folder for the report.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    default=None,
    metavar="PERCENT",
    help="Exit with 1 when the score is lower.",
)
@click.option(
    "--early-stop/--no-early-stop",
    default=True,
    show_default=True,
    help="At full effort, end a training once the expected accuracy is reached.",
)
@click.option(
    "--require-tier",
    type=click.Choice(["A", "B", "C", "D"]),
    default=None,
    help="Exit with 4 where this machine cannot isolate student code that well; see `grade doctor`.",
)
@click.option(
    "--submitted-at",
    default=None,
    metavar="INSTANT",
    help="When it was handed in, with its zone: 2026-11-20T23:59:00+01:00. For labs with a deadline.",
)
@click.option(
    "--extended-until",
    default=None,
    metavar="INSTANT",
    help="The deadline of this student, if it is later than that of the lab.",
)
@click.option("--lang", default=None, metavar="LANGUAGE", help=LANGUAGE_HELP)
@click.option("--staff", is_flag=True, help="Show hidden checks; such a report is not for students.")
def run_command(
    *,
    file: Path | None,
    lab_id: str | None,
    effort: str,
    data: str,
    seed: int,
    out: Path,
    fail_under: float | None,
    early_stop: bool,
    require_tier: str | None,
    submitted_at: str | None,
    extended_until: str | None,
    lang: str | None,
    staff: bool,
) -> int:
    """Grade one submission and write report.html, report.json and junit.xml."""
    from grader import labs, language, late, pipeline, submission  # noqa: PLC0415 - `grade --help` must not wait for them
    from grader.model import Effort  # noqa: PLC0415
    from grader.sandbox.contract import Tier  # noqa: PLC0415

    wanted = language.find(lang) if lang is not None else ""
    file = file if file is not None else submission.find_in(Path())
    lab = labs.find(lab_id or labs.recognise(submission.take(file).data))
    request = pipeline.Request(
        file=file,
        lab=lab,
        effort=Effort(effort),
        data=data,
        seed=seed,
        out=out,
        early_stop=early_stop,
        tier=None if require_tier is None else Tier(require_tier),
        handed_in=late.handed_in(submitted_at, extended_until, lab.late),
        staff=staff,
        language=wanted,
    )
    return _grade(request, fail_under)


def _grade(request: Request, fail_under: float | None = None) -> int:
    """Grade with progress on standard error and the summary on standard output."""
    from grader import pipeline  # noqa: PLC0415
    from grader.language import use  # noqa: PLC0415

    with use(request.spoken), _Progress() as progress:
        grade = pipeline.grade(request, progress.take)
    _print_summary(grade, request)
    if _is_incomplete(grade):
        return ExitCode.FAULT
    # What waits for a person counts neither way: work that is all done must not fail for want of somebody's time.
    if fail_under is not None and grade.earned * 100 < (grade.points - grade.waiting) * _exact(fail_under):
        return ExitCode.BELOW_THRESHOLD
    return ExitCode.GRADED


def _exact(percent: float) -> Any:  # noqa: ANN401 - a Fraction, imported late
    from fractions import Fraction  # noqa: PLC0415

    return Fraction(str(percent))


def _is_incomplete(grade: Grade) -> bool:
    from grader.model import Outcome  # noqa: PLC0415

    return any(part.status is Outcome.GRADER_ERROR for part in grade.parts)


def _print_summary(grade: Grade, request: Request) -> None:
    from rich.console import Console  # noqa: PLC0415

    from grader.report import terminal  # noqa: PLC0415

    Console(highlight=False).print(terminal.summary(grade, report=request.out / "report.html", staff=request.staff))


class _Progress:
    """Shows on standard error what is happening; a line at a time where that is no terminal."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415

        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status(_("Reading your file …"))
        self._cells = 0

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._status.stop()

    def take(self, frame: Frame) -> None:
        """Show one record of the worker. Nothing of it is trusted: numbers are formatted, text is not shown."""
        fields = frame.fields
        if frame.kind == "run" and isinstance(fields.get("cells"), int):
            self._cells = fields["cells"]
            read = ngettext(
                "{number} cell read; starting TensorFlow …", "{number} cells read; starting TensorFlow …", self._cells
            )
            self._say(read.format(number=self._cells))
        elif frame.kind == "started" and isinstance(fields.get("index"), int):
            running = _("Running cell {number} of {cells} …")
            self._status.update(running.format(number=fields["index"] + 1, cells=self._cells))
        elif frame.kind == "call" and isinstance(result := fields.get("result"), dict):
            layers, parameters = result.get("layers"), result.get("parameters")
            if isinstance(layers, int) and isinstance(parameters, int):
                built = _("a network of {layers} layers, {parameters} parameters")
                self._say(built.format(layers=layers, parameters=whole(parameters)))
        elif frame.kind == "end":
            self._status.update(_("Checking and writing the report …"))

    def _say(self, text: str) -> None:
        self._console.print(f"· {text}", markup=False)
        self._status.update(text)


@cli.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("grade-report"),
    show_default=True,
    help="Folder for the report.",
)
@click.option("--lang", default=None, metavar="LANGUAGE", help=LANGUAGE_HELP)
def demo_command(*, out: Path, lang: str | None) -> int:
    """Grade a sample submission, partly wrong, to see what a report looks like."""
    from grader import labs, language, pipeline  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415

    lab = labs.find(labs.FLAGSHIP)
    file, wanted = lab.folder / "sample.ipynb", language.find(lang) if lang is not None else ""
    return _grade(
        pipeline.Request(file=file, lab=lab, effort=Effort.QUICK, data="auto", seed=1, out=out, language=wanted)
    )


@cli.command("labs")
@click.argument("wanted", metavar="[LAB]...", nargs=-1)
@click.option("--quiet", is_flag=True, help="Names only.")
def labs_command(*, wanted: Sequence[str], quiet: bool) -> int:
    """List the labs that are installed, or those that are named by id or path, and where they come from."""
    from grader import labs  # noqa: PLC0415

    for place in [labs.place(name) for name in wanted] or labs.installed().values():
        lab = labs.read(place.folder)
        click.echo(lab.id if quiet else f"{lab.id}  {lab.title}  ({place.origin})")
    return ExitCode.GRADED


@cli.command("doctor")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--require-tier", type=click.Choice(["A", "B", "C", "D"]), default=None, help="Exit with 4 below it.")
def doctor_command(*, folder: Path | None, require_tier: str | None) -> int:
    """Try whether this machine keeps what it promises, and whether grading works on it."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from grader import doctor  # noqa: PLC0415
    from grader.sandbox import choose  # noqa: PLC0415
    from grader.sandbox.contract import MEANINGS, Tier  # noqa: PLC0415

    tier = choose.choose(None if require_tier is None else Tier(require_tier))
    console, table = Console(highlight=False), Table(box=None, show_header=False, pad_edge=False)
    console.print(f"Student code would run under tier {tier}: {MEANINGS[tier]}.", markup=False)
    for stronger in (other for other in Tier if other.is_at_least(tier) and other is not tier):
        why = choose.obstacle(stronger) or f"{choose.CHOICE} asks for {tier}"
        console.print(f"Not tier {stronger}: {why}.", markup=False)
    findings = list(doctor.examine(choose.confinement(tier), folder=folder or Path()))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for finding in findings:
        table.add_row(Text(finding.title), Text(finding.state.value, finding.state.style), Text(finding.detail))
    console.print(table)
    is_well = all(finding.state is not doctor.State.BROKEN for finding in findings)
    return ExitCode.GRADED if is_well else ExitCode.FAULT


@cli.command("new-lab")
@click.argument("name", metavar="NAME")
@click.option("--in", "parent", type=click.Path(path_type=Path), default=Path(), help="Folder. [default: this one]")
def new_lab_command(*, name: str, parent: Path) -> int:
    """Make a small lab that works, to begin with."""
    from grader.authoring import newlab  # noqa: PLC0415

    folder = newlab.create(name, parent)
    click.echo(f"{folder} is a lab that works. See whether it judges right: grade verify-lab ./{folder}")
    return ExitCode.GRADED


@cli.command("skeleton")
@click.argument("lab_id", metavar="LAB")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder. [default: assignment/LAB]")
def skeleton_command(*, lab_id: str, out: Path | None) -> int:
    """Write what students receive, from the annotated solution."""
    from grader import labs  # noqa: PLC0415
    from grader.authoring import skeleton  # noqa: PLC0415

    for path in skeleton.write(labs.find(lab_id), out):
        click.echo(path)
    return ExitCode.GRADED


@cli.command("calibrate")
@click.argument("lab_id", metavar="LAB")
@click.option("--runs", type=click.IntRange(3), default=20, show_default=True, help="Seeds at quick effort.")
@click.option("--full-runs", type=click.IntRange(3), default=3, show_default=True, help="Seeds at full effort.")
@click.option(
    "--data",
    "data_choices",
    multiple=True,
    default=("synthetic", "mnist"),
    show_default=True,
    help="Which images; may be given several times.",
)
@click.option(
    "--effort",
    "efforts",
    multiple=True,
    type=click.Choice(["quick", "full"]),
    default=("quick", "full"),
    show_default=True,
    help="Which efforts; may be given several times.",
)
@click.option(
    "--check/--no-check",
    default=True,
    show_default=True,
    help="Refuse bounds that a stored wrong variant would pass.",
)
def calibrate_command(
    *, lab_id: str, runs: int, full_runs: int, data_choices: Sequence[str], efforts: Sequence[str], check: bool
) -> int:
    """Run the reference with many seeds and write expected.json."""
    from grader import labs  # noqa: PLC0415
    from grader.authoring import calibrate  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415

    wanted = {(d, Effort(e)): runs if e == "quick" else full_runs for d in data_choices for e in efforts}
    path = calibrate.calibrate(
        labs.find(lab_id), runs=wanted, report=lambda line: click.echo(line, err=True), check=check
    )
    click.echo(path)
    return ExitCode.GRADED


@cli.command("verify-lab")
@click.argument("lab_id", metavar="LAB")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["reference", "skeleton", "variant", "mutant"]),
    help="What to grade; may be given several times. [default: all]",
)
def verify_command(*, lab_id: str, only: Sequence[str]) -> int:
    """Grade submissions whose verdict is known: the reference, the skeleton, wrong variants, and mutants."""
    from rich.console import Console  # noqa: PLC0415

    from grader import labs  # noqa: PLC0415
    from grader.authoring import verify_lab  # noqa: PLC0415

    console, rows = Console(highlight=False), []
    for row in verify_lab.verify(labs.find(lab_id), only=only, progress=lambda line: click.echo(line, err=True)):
        rows.append(row)
        console.print(verify_lab.line_of(row))
    console.print(verify_lab.tally(rows))
    return ExitCode.GRADED if verify_lab.is_in_order(rows) else ExitCode.BELOW_THRESHOLD


@cli.group("marks")
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
    from grader import marks, store, tables  # noqa: PLC0415

    reports = marks.find(folders)
    try:
        changed = marks.bring_in(reports, marks.read(marks.take(table), reports))
    except marks.MarksError as error:
        for complaint in error.complaints:
            click.echo(f"grade: {table.name}, {complaint}", err=True)
        return error.exit_code
    for folder in dict.fromkeys(report.folder.parent for report in changed):
        if (folder / store.FILE).exists():
            tables.take_over(folder)
    for report in changed:
        click.echo(marks.described(report))
    click.echo(f"{len(changed)} of {len(reports)} reports written anew")
    return ExitCode.GRADED


for command in (classes.batch_command, classes.rejudge_command, classes.gradebook_command, classes.feedback_command):
    cli.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every failure is one line on standard error."""
    try:
        result = cli.main(args=None if arguments is None else list(arguments), prog_name="grade", standalone_mode=False)
        return int(result or 0)
    except (KeyboardInterrupt, click.Abort):
        click.echo("grade: interrupted; nothing was graded", err=True)
        return ExitCode.INTERRUPTED
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        click.echo(f"grade: {error.format_message()}", err=True)
        return ExitCode.USAGE
    except GraderError as error:
        click.echo(f"grade: {error}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault of ours is one line, too
        return _crashed(error)


def _crashed(error: Exception) -> int:
    """Say in one line that the grader failed; `GRADER_DEBUG=1` shows where."""
    import os  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    if os.environ.get("GRADER_DEBUG"):
        traceback.print_exception(error)
    kind = type(error).__name__
    click.echo(f"grade: the grader itself failed ({kind}: {error}); this is not your fault", err=True)
    return ExitCode.FAULT
