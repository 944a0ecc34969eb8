"""Commands for machines: CI, Gradescope, and what authors have looked at before they commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli import one
from grader.errors import ExitCode, GraderError
from grader.language import gettext as _
from grader.language import use

if TYPE_CHECKING:
    from grader.cli.workflow import Surroundings
    from grader.model import Grade
    from grader.pipeline import Request

_SHARED = (
    *("file", "lab_id", "effort", "data", "seed", "out", "fail_under", "early_stop", "require_tier"),
    *("submitted_at", "extended_until", "lang"),
)
"""Options that mean the same as in `grade run`."""


def _shared(*names: str) -> list[click.Parameter]:
    return [parameter for parameter in one.run_command.params if parameter.name in names]


@click.command("ci", params=_shared(*_SHARED))
@click.option(
    "--summary",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE.md",
    help="Where the summary goes. [default: that of the job on GitHub, otherwise summary.md beside the report]",
)
@click.option(
    "--classroom50",
    type=click.Path(path_type=Path),
    default=None,
    metavar="result.json",
    help="Write the result that Classroom 50 collects.",
)
@click.option("--github-classroom", is_flag=True, help="Set the output `result` for GitHub Classroom's reporter.")
def ci_command(
    *,
    file: Path | None,
    fail_under: float | None,
    out: Path,
    summary: Path | None,
    classroom50: Path | None,
    github_classroom: bool,
    **options: Any,  # noqa: ANN401 - click's values by name, each checked by its option
) -> int:
    """Grade as `grade run` does, and tell CI: reports, annotations at the lines, a summary of the job."""
    from grader.cli import workflow  # noqa: PLC0415
    from grader.report import classrooms, jobsummary  # noqa: PLC0415

    place = workflow.surroundings(os.environ)
    target = summary or (None if place.summary is not None else out / "summary.md")
    try:
        with workflow.without_commands(place):
            request = one.requested(file=_lab_file(file), out=out, **options)
            grade = _graded(request)
        _tell(place, request, grade, target)
        if classroom50 is not None:
            workflow.write_classroom50(place, grade, classroom50)
        if github_classroom:
            workflow.set_outputs(place, {"result": classrooms.legacy(grade)})
    except Exception as error:  # noqa: BLE001 - whatever it is, CI is told in the one way that is safe there
        message, code = _failure(error)
        workflow.complain(place, message)
        if target is None or target.parent.is_dir():
            workflow.summarise(place, target, jobsummary.refused(message, limit=workflow.room(place, target)))
        if github_classroom:
            workflow.set_outputs(place, {"result": classrooms.legacy_fault(message)})
        return code
    return one.exit_code(grade, fail_under)


def _lab_file(given: Path | None) -> Path | None:
    """Return the lab file in a folder that is given: annotations need a file."""
    from grader import submission  # noqa: PLC0415

    is_folder = given is not None and given.is_dir() and not given.is_symlink()
    return submission.find_in(given) if given is not None and is_folder else given


def _failure(error: Exception) -> tuple[str, int]:
    """Return what to say about a failure, and the exit code."""
    if isinstance(error, GraderError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), ExitCode.USAGE
    return f"the grader itself failed ({type(error).__name__}: {error}); this is not your fault", ExitCode.FAULT


def _graded(request: Request) -> Grade:
    """Grade, and print the summary that a terminal shows."""
    from rich.console import Console  # noqa: PLC0415

    from grader import pipeline  # noqa: PLC0415
    from grader.report import terminal  # noqa: PLC0415

    with use(request.spoken):
        grade = pipeline.grade(request)
    # No terminal: a log is as wide as its lines.
    console = Console(highlight=False, width=100)
    console.print(terminal.summary(grade, report=request.out / "report.html"))
    return grade


def _tell(place: Surroundings, request: Request, grade: Grade, target: Path | None) -> None:
    from grader import points, submission  # noqa: PLC0415
    from grader.archives import SUFFIXES  # noqa: PLC0415
    from grader.cli import workflow  # noqa: PLC0415
    from grader.files import write_atomically  # noqa: PLC0415
    from grader.report import jobsummary, rawlines, remarks  # noqa: PLC0415

    suffix = request.file.suffix.lower()
    lines = None
    if suffix in SUFFIXES:
        lines = rawlines.read(submission.take(request.file).data, grade.cells, suffix=suffix)
    found = remarks.remarks(grade, file=place.name_of(request.file), lines=lines)
    write_atomically(request.out / "code-quality.json", remarks.code_quality(found))
    workflow.annotate(place, found)
    workflow.summarise(place, target, jobsummary.render(grade, limit=workflow.room(place, target)))
    with use(request.spoken):
        earned, total = points.show(grade.earned, grade.points), points.total(grade.points)
        told = _("{earned} of {maximum} points").format(earned=earned, maximum=total)
    workflow.set_outputs(place, {"score": earned, "max_score": total, "summary": told})


@click.command("check-lab")
@click.argument("wanted", metavar="LAB...", nargs=-1, required=True)
@click.option(
    "--assignment",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder with what students receive. [default: assignment/LAB]",
)
def check_lab_command(*, wanted: Sequence[str], assignment: Path | None) -> int:
    """See in seconds whether a lab's files belong together: definition, checks, skeleton and expectations."""
    from grader import labs  # noqa: PLC0415
    from grader.authoring import check_lab  # noqa: PLC0415
    from grader.text import LINE, line  # noqa: PLC0415

    is_well = True
    for name in wanted:
        lab = labs.find(name)
        found = list(check_lab.problems(lab, assignment))
        for problem in found:
            click.echo(line(problem, 4 * LINE))
        is_well = is_well and not found
        if not found:
            click.echo(f"{lab.id}: everything belongs together")
    return ExitCode.GRADED if is_well else ExitCode.BELOW_THRESHOLD


@click.group("package")
def package_group() -> None:
    """Pack a lab for a system that grades by itself."""


_HIDDEN = click.option(
    "--hidden",
    type=click.Choice(["hidden", "after_due_date", "after_published", "sum"]),
    default="hidden",
    show_default=True,
    help="Who sees hidden checks: staff only, students later on, or students their sum at once.",
)


@package_group.command("gradescope", params=_shared("effort", "data", "seed", "lang"))
@click.argument("lab_id", metavar="LAB")
@click.option("--out", type=click.Path(path_type=Path), default=Path("autograder.zip"), show_default=True)
@_HIDDEN
def package_gradescope_command(
    *, lab_id: str, out: Path, hidden: str, effort: str, data: str, seed: int, lang: str | None
) -> int:
    """Make the archive that Gradescope asks for: setup, packages in the versions in use here, and the lab."""
    from grader import labs, language  # noqa: PLC0415
    from grader.authoring import gradescope  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415
    from grader.report.gradescope import HiddenTests  # noqa: PLC0415

    settings = gradescope.Settings(
        lab=labs.find(lab_id),
        effort=Effort(effort),
        data=data,
        seed=seed,
        hidden=HiddenTests(hidden),
        language=language.find(lang) if lang is not None else "",
    )
    path = gradescope.write(settings, out)
    click.echo(f"{path}: upload it at Configure Autograder. {gradescope.CONTAINER} It holds the lab's checks.")
    return ExitCode.GRADED


@click.command("gradescope", params=_shared("effort", "data", "seed", "lang"), hidden=True)
@click.option("--lab", "lab_id", required=True, metavar="LAB")
@click.option("--root", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("/autograder"))
@click.option("--ready", is_flag=True, help="Only try whether everything works.")
@_HIDDEN
def gradescope_command(
    *, lab_id: str, root: Path, ready: bool, hidden: str, effort: str, data: str, seed: int, lang: str | None
) -> int:
    """Grade on Gradescope; `run_autograder` of the archive runs this."""
    from rich.console import Console  # noqa: PLC0415

    from grader import gradescope, labs, language  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415
    from grader.report import terminal  # noqa: PLC0415
    from grader.report.gradescope import HiddenTests  # noqa: PLC0415
    from grader.sandbox.contract import Tier  # noqa: PLC0415
    from grader.terms import Terms  # noqa: PLC0415

    settings = gradescope.Settings(
        root=root,
        terms=Terms(lab=labs.find(lab_id), effort=Effort(effort), data=data, seed=seed, tier=Tier.C),
        hidden=HiddenTests(hidden),
        language=language.find(lang) if lang is not None else "",
    )
    if ready:
        gradescope.rehearse(settings)
        click.echo(f"{settings.terms.lab.id}: ready to grade")
        return ExitCode.GRADED
    grade = gradescope.run(settings)
    if grade is not None:
        # Only staff sees what an autograder prints: `stdout_visibility` says so.
        Console(highlight=False, width=100).print(terminal.summary(grade, report=None, staff=True))
    return ExitCode.GRADED
