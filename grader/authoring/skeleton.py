"""From the annotated solution to what students receive: a script, a notebook, and a short README.

In the solution, what students write stands between `# --- solution` and `# --- skeleton`; what they find instead
stands, commented out, between `# --- skeleton` and `# --- end`. Questions have marks of their own (`sheet.py`).
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

from grader import catalogue
from grader.authoring import sheet
from grader.errors import AuthorError
from grader.labs import Lab, share

_MARKER = re.compile(r"^\s*# --- (?P<word>solution|skeleton|end)\s*$")
_LIKE_A_MARKER = re.compile(r"^\s*#\s*-{2,}\s*(?P<word>[A-Za-z]+)(?:\s+\w+)?\s*:?\s*$")
_CELL = re.compile(r"^# ?%%")
_NEXT = {"": "solution", "solution": "skeleton", "skeleton": "end", "end": "solution"}
_BEFORE = {"skeleton": "solution", "end": "skeleton"}
_WORDS = ("solution", "skeleton", "end", "question")


def strip_solution(text: str, *, name: str) -> str:
    """Return the skeleton of an annotated solution.

    Args:
        text: the solution.
        name: what to call it in errors.

    Raises:
        AuthorError: a marker is missing, misspelt or out of order, or a skeleton line is not commented out.
    """
    lines: list[str] = []
    state, opened = "end", 0
    for number, line in enumerate(text.splitlines(), start=1):
        marker = _marker(line, f"{name}:{number}")
        if marker:
            _require_next(marker, state, opened, f"{name}:{number}")
            state, opened = marker, number
        elif state == "end":
            lines.append(line)
        elif state == "skeleton":
            if _CELL.match(line):
                raise AuthorError(
                    f"{name}:{opened}: this `# --- skeleton` has no `# --- end` before the next cell, in line {number}",
                    slug="marker-open",
                )
            lines.append(_uncomment(line, f"{name}:{number}", opened))
    if state != "end":
        raise AuthorError(
            f"{name}:{opened}: this `# --- {state}` has no `# --- {_NEXT[state]}` below it", slug="marker-open"
        )
    return "\n".join(lines) + "\n"


def _marker(line: str, place: str) -> str:
    """Return the word of a marker, or an empty string; what is nearly one is misspelt."""
    marker = _MARKER.match(line)
    if marker:
        return marker["word"]
    like = _LIKE_A_MARKER.match(line)
    near = difflib.get_close_matches(like["word"].lower(), _WORDS, n=1) if like else []
    if near:
        raise AuthorError(
            f"{place}: unknown mark `{line.strip()}`; did you mean `# --- {near[0]}`?", slug="marker-word"
        )
    return ""


def _require_next(marker: str, state: str, opened: int, place: str) -> None:
    if _NEXT[state] == marker:
        return
    if state == "end":
        told = f"there is no `# --- {_BEFORE[marker]}` above this `# --- {marker}`"
    else:
        told = f"the `# --- {state}` of line {opened} needs `# --- {_NEXT[state]}` before this `# --- {marker}`"
    raise AuthorError(f"{place}: {told}", slug="marker-order")


def _uncomment(line: str, place: str, opened: int) -> str:
    code = line.lstrip()
    if not code:
        return ""
    if not code.startswith("#"):
        raise AuthorError(
            f"{place}: this line stands below the `# --- skeleton` of line {opened} and is not commented out; comment "
            "it out, or put `# --- end` above it",
            slug="skeleton-line",
        )
    indent = line[: len(line) - len(code)]
    return (indent + code.removeprefix("#").removeprefix(" ")).rstrip()


def generate(lab: Lab) -> dict[str, str]:
    """Return the generated files of a lab by name: `lab.py`, `lab.ipynb` and `README.md`.

    Raises:
        AuthorError: the solution is not annotated as it should be.
    """
    try:
        solution = lab.solution_file.read_text(encoding="utf-8")
    except OSError as error:
        raise AuthorError(f"{lab.solution_file}: {error.strerror}", slug="no-solution") from error
    asked = sheet.ask(solution, lab.questions, placeholder=lab.placeholder, name=lab.solution_file.name)
    script = strip_solution(asked, name=lab.solution_file.name)
    return {"lab.py": script, "lab.ipynb": notebook(script), "README.md": _readme(lab)}


def notebook(script: str) -> str:
    """Return the notebook of a percent script, with stable cell ids so that generating it twice gives one text."""
    import jupytext  # noqa: PLC0415 - a second's import that only authors need

    book = jupytext.reads(script, fmt="py:percent")
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = {}
    book["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book["nbformat"], book["nbformat_minor"] = 4, 5
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _readme(lab: Lab) -> str:
    rows = "\n".join(f"| {part.title} | {part.points}{' extra' * part.extra} |" for part in lab.parts)
    return (
        f"# {lab.title}\n\n"
        "Work in `lab.ipynb` or in `lab.py`, whichever you prefer: they are the same lab. Replace every\n"
        f"`{lab.placeholder}` with code of your own{_command(lab)} in this folder to see how far you are.\n\n"
        "| part | points |\n|---|---|\n"
        f"{rows}\n| **all** | **{sum(part.points for part in lab.parts if not part.extra)}** |\n"
    )


def _command(lab: Lab) -> str:
    """Return how a student grades: a lab is found by itself where it is installed and has words to be known by."""
    try:
        place = catalogue.places(share("reference")).get(lab.id)
    except AuthorError:  # Other labs clash: this one is not among those that are found by their ids.
        place = None
    if place is None or place.folder != lab.folder.resolve():
        return f",\nand run `grade --lab path/to/{lab.id}`, with the path that your course tells you,"
    if set(lab.recognised_by) - {lab.placeholder}:
        return ", and run `grade`"
    return f", and run `grade --lab {lab.id}`"


def target(lab: Lab) -> Path:
    """Return where the generated files belong: `assignment/<lab>`, beside this package's labs or in this folder."""
    is_own = lab.folder.parent == share("reference")
    return (share("assignment") if is_own else Path("assignment")) / lab.id


def write(lab: Lab, folder: Path | None = None) -> list[Path]:
    """Write the generated files; return their paths.

    The folder is `assignment/<lab>` unless another is given: beside this package's labs for one of these, otherwise in
    the current folder.

    Raises:
        AuthorError: the solution is not annotated as it should be, or the folder cannot be written.
    """
    folder = folder or target(lab)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, text in generate(lab).items():
            (folder / name).write_text(text, encoding="utf-8")
            paths.append(folder / name)
    except OSError as error:
        raise AuthorError(f"cannot write {folder}: {error.strerror}", slug="skeleton-unwritable") from error
    return paths
