"""Commands about one submission, and what they show while they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli import opening
from grader.errors import ExitCode
from grader.language import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.model import Grade
    from grader.pipeline import Request

LANGUAGE_HELP = f"Language of the report: {', '.join(names())}. [default: that of the lab]"


@click.command("run")
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
@click.option("--watch", "is_watched", is_flag=True, help="Grade again each time the file is saved, until Ctrl-C.")
@click.option("--open", "is_opened", is_flag=True, help="Open the report in the browser when it is written.")
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
    is_watched: bool,
    is_opened: bool,
) -> int:
    """Grade one submission and write report.html, report.json and junit.xml."""
    request = requested(
        file=file,
        lab_id=lab_id,
        effort=effort,
        data=data,
        seed=seed,
        out=out,
        early_stop=early_stop,
        require_tier=require_tier,
        submitted_at=submitted_at,
        extended_until=extended_until,
        lang=lang,
        staff=staff,
    )
    show = opening.show if is_opened else _leave
    if is_watched:
        from grader.cli.watch import watch  # noqa: PLC0415

        return watch(request, show)
    return _grade(request, show, fail_under)


def requested(
    *,
    file: Path | None,
    lab_id: str | None,
    effort: str,
    data: str,
    seed: int,
    out: Path,
    early_stop: bool,
    require_tier: str | None,
    submitted_at: str | None,
    extended_until: str | None,
    lang: str | None,
    staff: bool = False,
) -> Request:
    """Return what options ask for; without a file, the lab file of this folder is meant."""
    from grader import labs, language, late, pipeline, submission  # noqa: PLC0415 - `grade --help` must not wait for them
    from grader.model import Effort  # noqa: PLC0415
    from grader.sandbox.contract import Tier  # noqa: PLC0415
    from grader.terms import Terms  # noqa: PLC0415

    wanted = language.find(lang) if lang is not None else ""
    file = file if file is not None else submission.find_in(Path())
    lab = labs.find(lab_id or _recognised(file))
    terms = Terms(
        lab=lab,
        effort=Effort(effort),
        data=data,
        seed=seed,
        early_stop=early_stop,
        tier=None if require_tier is None else Tier(require_tier),
    )
    return pipeline.Request(
        file=file,
        terms=terms,
        out=out,
        handed_in=late.handed_in(submitted_at, extended_until, lab.late),
        staff=staff,
        language=wanted,
    )


def _recognised(file: Path) -> str:
    from grader import labs, submission  # noqa: PLC0415

    taken = submission.take(file)
    return labs.recognise(taken.data, taken.file)


def _leave(_report: Path) -> None:
    """Do nothing more with a report: the summary has said where it is."""


def _grade(request: Request, show: Callable[[Path], None] = _leave, fail_under: float | None = None) -> int:
    """Grade with progress on standard error and the summary on standard output."""
    from grader import pipeline  # noqa: PLC0415
    from grader.cli.progress import Progress, of_another  # noqa: PLC0415
    from grader.language import use  # noqa: PLC0415

    with use(request.spoken), Progress(request.terms.lab, request.file) as progress:
        grade = pipeline.grade(request, progress.take)
    _print_summary(grade, request)
    with use(request.spoken):
        if told := of_another(request.file):
            # Said before the run, too, which is easily overlooked where a blank file has no points.
            click.echo(f"\n{told}")
        show(request.out / "report.html")
    return exit_code(grade, fail_under)


def exit_code(grade: Grade, fail_under: float | None) -> int:
    """Return what a grade exits with; one in which a part could not be judged is the grader's fault."""
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


@click.command("demo")
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
    from grader.terms import Terms  # noqa: PLC0415

    lab = labs.find(labs.FLAGSHIP)
    file, wanted = lab.folder / "sample.ipynb", language.find(lang) if lang is not None else ""
    terms = Terms(lab=lab, effort=Effort.QUICK, data="auto", seed=1)
    return _grade(pipeline.Request(file=file, terms=terms, out=out, language=wanted))
