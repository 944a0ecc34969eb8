"""What CI is told: workflow commands of GitHub, variables of a step, summaries, and files that others take up.

The runner of GitHub looks for commands in everything that a step prints. So commands are stopped, by a token that
nobody can foresee, while anything is printed that a student may have written; each of our own is one escaped line.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.model import Grade
    from grader.report.remarks import Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a step runs: whether that is GitHub, where the repository is, and the files that its values go to."""

    is_github: bool
    repository: Path
    summary: Path | None
    outputs: Path | None
    environment: Mapping[str, str]

    def name_of(self, file: Path) -> str:
        """Return a file as the repository has it, with slashes; its bare name if it lies elsewhere."""
        try:
            return file.resolve().relative_to(self.repository).as_posix()
        except ValueError:
            return file.name


def surroundings(environment: Mapping[str, str]) -> Surroundings:
    """Return where we are, as the variables say that GitHub and GitLab set for each job."""
    is_github = environment.get("GITHUB_ACTIONS") == "true"
    root = environment.get("GITHUB_WORKSPACE" if is_github else "CI_PROJECT_DIR") or "."

    def named(name: str) -> Path | None:
        return Path(environment[name]) if is_github and environment.get(name) else None

    return Surroundings(
        is_github=is_github,
        repository=Path(root).resolve(),
        summary=named("GITHUB_STEP_SUMMARY"),
        outputs=named("GITHUB_OUTPUT"),
        environment=environment,
    )


@contextlib.contextmanager
def without_commands(place: Surroundings) -> Iterator[None]:
    """Have nothing that is printed for a while taken as a command."""
    token = secrets.token_hex(16)
    if place.is_github:
        click.echo(f"::stop-commands::{token}")
    try:
        yield
    finally:
        if place.is_github:
            click.echo(f"\n::{token}::")


def annotate(place: Surroundings, remarks: Sequence[Remark]) -> None:
    """Print the annotations where they are understood."""
    from grader.report.remarks import commands  # noqa: PLC0415

    if place.is_github:
        for command in commands(remarks):
            click.echo(command)


def complain(place: Surroundings, message: str) -> None:
    """Say why nothing was graded, so that it is seen without opening a log."""
    from grader.report.remarks import command  # noqa: PLC0415
    from grader.text import LINE, line  # noqa: PLC0415

    if place.is_github:
        click.echo(command("error", message, title="Not graded"))
    else:
        click.echo(f"grade: {line(message, 10 * LINE)}", err=True)


def summarise(place: Surroundings, file: Path | None, text: str) -> None:
    """Write the summary to a file, or else add it to that of the step.

    Raises:
        UsageError: it cannot be written.
    """
    from grader.files import write_atomically  # noqa: PLC0415

    try:
        if file is not None:
            write_atomically(file, text)
        elif place.summary is not None:
            with place.summary.open("a", encoding="utf-8", errors="replace") as stream:
                stream.write(text)
    except OSError as error:
        raise UsageError(f"cannot write the summary: {error}", slug="out-unwritable") from error


def room(place: Surroundings, file: Path | None) -> int:
    """Return the bytes that a summary may still have: GitHub counts what the step has already written."""
    from grader.report.jobsummary import BYTES_LIMIT  # noqa: PLC0415

    if file is not None or place.summary is None:
        return BYTES_LIMIT
    with contextlib.suppress(OSError):
        return BYTES_LIMIT - place.summary.stat().st_size
    return BYTES_LIMIT


def set_outputs(place: Surroundings, values: Mapping[str, str]) -> None:
    """Set variables of the step; a value is one line, and none of it is a student's."""
    if place.outputs is None:
        return
    try:
        with place.outputs.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}{os.linesep}" for name, value in values.items())
    except OSError as error:
        raise UsageError(f"cannot write $GITHUB_OUTPUT: {error}", slug="out-unwritable") from error


def write_classroom50(place: Surroundings, grade: Grade, file: Path) -> None:
    """Write the result that Classroom 50 collects.

    Raises:
        UsageError: this is not Classroom 50, or the file cannot be written.
    """
    from grader.files import write_atomically  # noqa: PLC0415
    from grader.report.classrooms import NEEDED, classroom50  # noqa: PLC0415

    missing = [name for name in NEEDED if not place.environment.get(name)]
    if missing:
        raise UsageError(f"--classroom50 needs the variables {', '.join(missing)}", slug="no-classroom")
    committed = place.environment.get("COMMIT_DATE") or dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    try:
        write_atomically(file, classroom50(grade, place.environment, committed=committed))
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}", slug="out-unwritable") from error
