"""The command line: the only package that prints and that knows exit codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from grader import __version__
from grader.cli import authors, automation, classes, explain, gradebooks, marks, one
from grader.errors import ExitCode, GraderError
from grader.text import clean


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


COMMANDS: tuple[click.Command, ...] = (
    one.run_command,
    one.demo_command,
    explain.explain_command,
    automation.ci_command,
    classes.batch_command,
    classes.rejudge_command,
    gradebooks.gradebook_command,
    gradebooks.feedback_command,
    marks.marks_group,
    authors.labs_command,
    authors.doctor_command,
    authors.new_lab_command,
    authors.skeleton_command,
    authors.calibrate_command,
    authors.verify_command,
    automation.check_lab_command,
    automation.package_group,
    automation.gradescope_command,
)

for command in COMMANDS:
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
        click.echo(f"grade: {_shown(error.format_message())}", err=True)
        return ExitCode.USAGE
    except GraderError as error:
        click.echo(f"grade: {_shown(str(error))}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: a fault of ours is one line, too
        return _crashed(error)


def _shown(message: str) -> str:
    """Return a message without what would act on a terminal or on CI: names of files in it are the students' choice."""
    return _COMMANDS.sub(" ", clean(message, _MESSAGE))


_COMMANDS = re.compile(r"\s*\n\s*(?=::|##\[)")
"""Line breaks before what GitHub and Azure take for commands, which begin a line."""


_MESSAGE = 100_000
"""Characters of a message; a table of marks has a line for each row that is wrong."""


def _crashed(error: Exception) -> int:
    """Say in one line that the grader failed; `GRADER_DEBUG=1` shows where."""
    import os  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    if os.environ.get("GRADER_DEBUG"):
        traceback.print_exception(error)
    kind = type(error).__name__
    click.echo(f"grade: the grader itself failed ({kind}: {_shown(str(error))}); this is not your fault", err=True)
    return ExitCode.FAULT
