"""What a class shows: its gradebook, its overview, and what other systems are told, all made from its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from grader import labs, points, standings
from grader.classroom import entry_of
from grader.exchange import PartScore, Result
from grader.exchange.gradebooks import plain
from grader.files import write_atomically
from grader.report import overview, record
from grader.standings import Standing, State
from grader.store import FILE, Row, Store


def results(folder: Path) -> list[Result]:
    """Return what gradebooks are told about a class, in the order of ids.

    Raises:
        UsageError: another command is at work in the folder.
    """
    with Store(folder) as file:
        return [_result(row, folder) for row in file.rows()]


def _result(row: Row, folder: Path) -> Result:
    standing = row.standing
    is_graded = not standing.is_broken
    page = folder / standing.id / "report.html"
    return Result(
        entry=entry_of(row),
        points=standing.earned if is_graded else None,
        max_points=standing.points,
        status=standing.state.value,
        waiting=standing.waiting,
        penalty=standing.off,
        parts=tuple(PartScore(id=part.id, points=part.earned, max_points=part.points) for part in standing.parts),
        summary=_summary(standing) if is_graded else "",
        report=page if page.exists() else None,
    )


def _summary(standing: Standing) -> str:
    """Return what a student reads beside the grade in a gradebook."""
    # Numbers and titles alone: the titles are in the student's language.
    lines = [f"{points.show(standing.earned, standing.points)} / {points.total(standing.points)}"]
    lines += [
        f"{part.title}: {points.show(part.earned, part.points)} / {points.total(part.points)}"
        for part in standing.parts
    ]
    return "\n".join([*lines, f"−{points.total(standing.off)}"] if standing.off else lines)


def write_tables(folder: Path, *, to_grade: int = 0) -> None:
    """Write `gradebook.csv` and `index.html` of a class from what is known; `to_grade` are still to come.

    Raises:
        UsageError: another command is at work in the folder.
        OSError: a file cannot be written.
    """
    with Store(folder) as file:
        _write(file, to_grade)


def _write(file: Store, to_grade: int = 0) -> None:
    folder, facts, rows = file.folder, file.facts(), list(file.rows())
    lab = labs.find(facts["place"])
    about = overview.Facts(
        effort=facts["effort"], data=facts["images"], seed=int(facts["seed"]), tier=facts["tier"], to_grade=to_grade
    )
    write_atomically(folder / "gradebook.csv", plain.table([_result(row, folder) for row in rows]))
    write_atomically(folder / "index.html", overview.render(lab.title, lab.id, [row.standing for row in rows], about))


@contextmanager
def held(folders: Iterable[Path]) -> Iterator[tuple[Store, ...]]:
    """Keep other commands from grading into the classes to which folders with reports belong, and yield their files.

    Args:
        folders: of classes, or of reports in them; others are passed over.

    Raises:
        UsageError: another command is at work in one of them.
    """
    places = (place for folder in folders for place in (folder.resolve(), folder.resolve().parent))
    with ExitStack() as stack:
        classes = sorted({place for place in places if (place / FILE).exists()})
        yield tuple(stack.enter_context(Store(folder)) for folder in classes)


def take_over(file: Store) -> None:
    """Bring the file of a class up to date with the grades that are kept in its reports, after a person marked answers.

    Raises:
        MachineError: a grade that is kept cannot be read.
    """
    for row in list(file.rows()):
        grade = record.load(file.folder / row.standing.id)
        if grade is not None and row.standing.state is State.GRADED:
            before = row.standing
            standing = standings.of(
                grade, content=before.content, name=before.name, email=before.email, is_late=before.is_late
            )
            file.put(replace(row, standing=standing))
    _write(file)
