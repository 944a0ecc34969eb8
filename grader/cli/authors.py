"""Commands for those who make labs, and for those who look after machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from grader.errors import ExitCode


@click.command("labs")
@click.argument("wanted", metavar="[LAB]...", nargs=-1)
@click.option("--quiet", is_flag=True, help="Names only.")
def labs_command(*, wanted: Sequence[str], quiet: bool) -> int:
    """List the labs that are installed, or those that are named by id or path, and where they come from."""
    from grader import labs  # noqa: PLC0415

    for place in [labs.place(name) for name in wanted] or labs.installed().values():
        lab = labs.read(place.folder)
        click.echo(lab.id if quiet else f"{lab.id}  {lab.title}  ({place.origin})")
    return ExitCode.GRADED


@click.command("doctor")
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


@click.command("new-lab")
@click.argument("name", metavar="NAME")
@click.option("--in", "parent", type=click.Path(path_type=Path), default=Path(), help="Folder. [default: this one]")
def new_lab_command(*, name: str, parent: Path) -> int:
    """Make a small lab that works, to begin with."""
    from grader.authoring import newlab  # noqa: PLC0415

    folder = newlab.create(name, parent)
    click.echo(f"{folder} is a lab that works. See whether it judges right: grade verify-lab ./{folder}")
    return ExitCode.GRADED


@click.command("skeleton")
@click.argument("lab_id", metavar="LAB")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder. [default: assignment/LAB]")
def skeleton_command(*, lab_id: str, out: Path | None) -> int:
    """Write what students receive, from the annotated solution."""
    from grader import labs  # noqa: PLC0415
    from grader.authoring import skeleton  # noqa: PLC0415

    for path in skeleton.write(labs.find(lab_id), out):
        click.echo(path)
    return ExitCode.GRADED


@click.command("calibrate")
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


@click.command("verify-lab")
@click.argument("lab_id", metavar="LAB")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["reference", "skeleton", "variant", "mutant"]),
    help="What to grade; may be given several times. [default: all]",
)
@click.option("--keep-going", is_flag=True, help="Go on although the reference is not as it should be.")
def verify_command(*, lab_id: str, only: Sequence[str], keep_going: bool) -> int:
    """Grade submissions whose verdict is known: the reference, the skeleton, wrong variants, and mutants."""
    from rich.console import Console  # noqa: PLC0415

    from grader import labs  # noqa: PLC0415
    from grader.authoring import verify_lab  # noqa: PLC0415

    console, rows = Console(highlight=False), []
    lab, progress = labs.find(lab_id), lambda line: click.echo(line, err=True)
    for row in verify_lab.verify(lab, only=only, keep_going=keep_going, progress=progress):
        rows.append(row)
        console.print(verify_lab.line_of(row))
    console.print(verify_lab.tally(rows))
    return ExitCode.GRADED if verify_lab.is_in_order(rows) else ExitCode.BELOW_THRESHOLD
