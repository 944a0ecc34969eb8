"""Does a lab judge right? Runs the reference, the skeleton, variants, alternatives, and mutants of the reference.

A verdict on each: as it should be, or what is wrong. A mutant is killed when some part loses points, and by the
intended one when that is the part in whose code the change was made.
"""

from __future__ import annotations

import enum
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table
from rich.text import Text

from grader import points
from grader.authoring import bench, skeleton, variants
from grader.authoring.bench import Bench
from grader.authoring.mutants import Mutant, mutants
from grader.collect import cells
from grader.judge.case import Case
from grader.judge.plugin import require_sound
from grader.labs import Lab
from grader.model import Grade, Outcome
from grader.text import clean

Progress = Callable[[str], None]


class Fate(enum.Enum):
    """What became of one submission whose verdict is known."""

    RIGHT = "as it should be"
    KILLED = "killed"
    KILLED_ELSEWHERE = "killed by another part"
    SURVIVED = "survived"
    EQUIVALENT = "right after all"
    WRONG = "wrong"
    BROKEN = "a check raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: what was graded, what came of it, by which parts, and the reasons if that is not right."""

    kind: str
    name: str
    fate: Fate
    parts: frozenset[str]
    note: str = ""
    reasons: tuple[str, ...] = ()


def verify(lab: Lab, *, progress: Progress, only: Sequence[str] = (), keep_going: bool = False) -> Iterator[Row]:
    """Yield a row for each submission whose verdict is known.

    Args:
        lab: the lab.
        progress: receives a line now and then.
        only: kinds to look at (reference, skeleton, variant, mutant); all if empty. `variant` covers alternatives.
        keep_going: whether to go on after a reference that is not as it should be. All else is made of it.

    Raises:
        AuthorError: the reference cannot be graded, the skeleton or the variants cannot be made, or the checks are no
            rubric for the lab: that is known before anything is graded.
    """
    require_sound(lab)
    variants.require_sound(lab)
    with tempfile.TemporaryDirectory(prefix="epochmark-verify-") as name:
        folder = Path(name)
        with Bench(lab, folder) as quick, Bench(lab, folder, trained=True) as trained:
            if not only or "reference" in only:
                for row in _right(trained, lab.solution_file):
                    yield row
                    if row.fate is not Fate.RIGHT and not keep_going:
                        progress("all else is made of the reference: mend that first, or go on with --keep-going")
                        return
            if not only or "skeleton" in only:
                yield from _blank(quick, _skeletons(lab, folder))
            if not only or "variant" in only:
                yield from _variants(lab, quick, trained, progress)
            if not only or "mutant" in only:
                yield from _mutants(lab, folder, quick, trained, progress)


def _right(trained: Bench, solution: Path) -> Iterator[Row]:
    for path, result in trained.grade_many([solution]):
        lost = bench.lost(result)
        note = f"{points.show(result.waiting, result.points)} points wait for a person" if result.waiting else ""
        fate = Fate.WRONG if lost else Fate.RIGHT
        yield _judged(Row(kind="reference", name=path.name, fate=fate, parts=lost, note=note), result)


def _judged(row: Row, result: Grade) -> Row:
    """Return a row with the reasons for what is wrong; a check that raised is no verdict, whatever else there is."""
    raised = bench.faults(result)
    if raised:
        return replace(row, fate=Fate.BROKEN, reasons=tuple(raised))
    return replace(row, reasons=tuple(bench.reasons(result))) if row.fate is Fate.WRONG else row


def _skeletons(lab: Lab, folder: Path) -> list[Path]:
    target = folder / "skeleton"
    return [path for path in skeleton.write(lab, target) if path.suffix in (".py", ".ipynb")]


def _blank(quick: Bench, paths: Sequence[Path]) -> Iterator[Row]:
    for path, result in quick.grade_many(paths):
        tried = frozenset(part.id for part in result.parts if part.status is not Outcome.NOT_ATTEMPTED)
        fate = Fate.WRONG if tried or result.earned else Fate.RIGHT
        row = _judged(Row(kind="skeleton", name=path.name, fate=fate, parts=tried), result)
        yield replace(row, reasons=tuple(bench.begun(result))) if row.fate is Fate.WRONG else row


def _variants(lab: Lab, quick: Bench, trained: Bench, progress: Progress) -> Iterator[Row]:
    paths = variants.variants(lab)
    progress(f"{len(paths)} stored variants")
    slow = [path for path in paths if "effort" in variants.header_of(path)]
    for runs, chosen in ((quick, [path for path in paths if path not in slow]), (trained, slow)):
        for path, result in runs.grade_many(chosen):
            problem = bench.disagreement(path, result)
            fate = Fate.KILLED if not problem else Fate.WRONG if bench.lost(result) else Fate.SURVIVED
            row = Row(kind="variant", name=path.stem, fate=fate, parts=bench.lost(result), note=problem)
            yield _judged(row, result)
    for path, result in quick.grade_many(variants.alternatives(lab)):
        lost = bench.lost(result)
        fate = Fate.WRONG if lost else Fate.RIGHT
        yield _judged(Row(kind="alternative", name=path.stem, fate=fate, parts=lost), result)


def _mutants(lab: Lab, folder: Path, quick: Bench, trained: Bench, progress: Progress) -> Iterator[Row]:
    sources = cells.split(lab.solution_file.read_bytes(), suffix=".py")
    found: dict[Path, Mutant] = {}
    for number, mutant in enumerate(mutants(lab, sources), start=1):
        path = folder / f"mutant-{number:03d}.py"
        path.write_text(mutant.source, encoding="utf-8")
        found[path] = mutant
    if not found:
        return  # Operators change networks and what is done with them; this lab has none.
    progress(f"{len(found)} mutants by {len({mutant.operator for mutant in found.values()})} operators")
    (_, original, _, _) = next(iter(quick.gather_many([lab.solution_file])))
    for runs, slow in ((quick, False), (trained, True)):
        for path, result in runs.grade_many([path for path, mutant in found.items() if mutant.trained == slow]):
            mutant = found[path]
            intended = frozenset({mutant.part}) if mutant.part else parts_at(original, mutant.cell, mutant.line)
            yield _judged(_row(mutant, bench.lost(result), intended), result)


def _row(mutant: Mutant, lost: frozenset[str], intended: frozenset[str]) -> Row:
    name = f"{mutant.operator}: {mutant.note} (cell {mutant.cell}, line {mutant.line})"
    if mutant.free:
        fate = Fate.WRONG if lost else Fate.EQUIVALENT
        return Row(kind="mutant", name=name, fate=fate, parts=lost, note=mutant.free)
    if not lost:
        return Row(kind="mutant", name=name, fate=Fate.SURVIVED, parts=intended, note="should lose points here")
    fate = Fate.KILLED if lost & intended else Fate.KILLED_ELSEWHERE
    others = ", ".join(sorted(lost - intended))
    return Row(kind="mutant", name=name, fate=fate, parts=lost, note=f"also {others}" if others else "")


def parts_at(case: Case, cell: int, line: int) -> frozenset[str]:
    """Return the parts of a lab to which a line of a submission belongs."""
    return frozenset(
        part.id
        for part in case.lab.parts
        for place, mark in case.places(part)
        if place.index == cell and mark.line <= line <= mark.end_line
    )


def is_in_order(rows: Sequence[Row]) -> bool:
    """Tell whether a lab judges right: nothing wrong, nothing survived, 95 % of mutants killed where they should be."""
    killed = [row for row in rows if row.kind == "mutant" and row.fate in (Fate.KILLED, Fate.KILLED_ELSEWHERE)]
    intended = sum(row.fate is Fate.KILLED for row in killed)
    is_wrong = any(row.fate in (Fate.WRONG, Fate.SURVIVED, Fate.BROKEN) for row in rows)
    return not is_wrong and intended >= INTENDED_SHARE * len(killed)


REASON = 3_000
"""Characters of a reason that are shown: a few lines of a traceback."""

INTENDED_SHARE = 0.95
"""Of the killed mutants, how many have to lose points in the part that was changed."""


_STYLES = {Fate.RIGHT: "green", Fate.KILLED: "green", Fate.EQUIVALENT: "dim", Fate.KILLED_ELSEWHERE: "yellow"}


def line_of(row: Row) -> Text:
    """Return a row for a terminal."""
    line = Text(f"{row.kind:11}  ", overflow="fold")
    line.append(f"{row.fate.value:22}", _STYLES.get(row.fate, "bold red"))
    line.append(f"  {row.name}")
    details = " · ".join(filter(None, (" ".join(sorted(row.parts)), row.note)))
    if details:
        line.append(f"  [{details}]", "dim")
    for reason in row.reasons:
        line.append("\n    " + clean(reason, REASON).replace("\n", "\n      "))
    return line


def tally(rows: Sequence[Row]) -> Table:
    """Return how many of each kind met which fate."""
    table = Table(box=None, pad_edge=False)
    table.add_column("kind")
    fates = [fate for fate in Fate if any(row.fate is fate for row in rows)]
    for fate in fates:
        table.add_column(fate.value, justify="right")
    for kind in dict.fromkeys(row.kind for row in rows):
        counts = [sum(row.kind == kind and row.fate is fate for row in rows) for fate in fates]
        table.add_row(kind, *(str(count) if count else "" for count in counts))
    return table
