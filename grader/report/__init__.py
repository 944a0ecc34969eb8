"""Reports: a grade becomes HTML for students, JSON and JUnit XML for machines, a summary for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from grader.model import Grade


FILES = ("report.html", "report.json", "junit.xml")
"""What is written for a grade."""


def preload() -> None:
    """Import what rendering needs, which takes some tenths of a second; for a thread that has time."""
    from grader.report import html, jsonreport, junit  # noqa: F401, PLC0415


def templates() -> Path:
    """Return the folder with what reports are made of.

    Raises:
        MachineError: the installation has no templates.
    """
    from grader.report import html  # noqa: PLC0415

    return html.templates()


def write_reports(grade: Grade, folder: Path, *, staff: bool = False) -> list[Path]:
    """Write `report.html`, `report.json` and `junit.xml`, each in full or not at all.

    Where answers are marked by a person, the whole grade is kept as well, so that these files can be made again.

    Args:
        grade: what to report.
        folder: where the files go; made if it is missing.
        staff: whether hidden checks are shown; such files are not for students.

    Returns:
        The files in the order above.

    Raises:
        OSError: the folder cannot be made or written.
        MachineError: the installation has no templates.
    """
    # Imported here: the command's help must not wait for the template engine.
    from grader.report import html, jsonreport, junit, record  # noqa: PLC0415

    # All are rendered before the first is written: no mixture of two grades if one fails.
    renderers = (html.render, jsonreport.render, junit.render)
    contents = {name: render(grade, staff=staff) for name, render in zip(FILES, renderers, strict=True)}
    kept = record.render(grade) if grade.written else None
    folder.mkdir(parents=True, exist_ok=True)
    record.keep(kept, folder)
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return [folder / name for name in contents]


__all__ = ["FILES", "preload", "templates", "write_atomically", "write_reports"]
