"""From the annotated solution to what students receive: a script, a notebook, and a short README.

In the solution, what students write stands between `# --- solution` and `# --- skeleton`; what they find instead
stands, commented out, between `# --- skeleton` and `# --- end`. Questions have marks of their own (`sheet.py`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from grader.authoring import sheet
from grader.errors import AuthorError
from grader.labs import Lab, share

_MARKER = re.compile(r"^\s*# --- (?P<word>solution|skeleton|end)\s*$")
_NEXT = {"": "solution", "solution": "skeleton", "skeleton": "end", "end": "solution"}


def strip_solution(text: str, *, name: str) -> str:
    """Return the skeleton of an annotated solution.

    Args:
        text: the solution.
        name: what to call it in errors.

    Raises:
        AuthorError: a marker is missing or out of order, or a skeleton line is not commented out.
    """
    lines: list[str] = []
    state = "end"
    for number, line in enumerate(text.splitlines(), start=1):
        marker = _MARKER.match(line)
        if marker:
            if _NEXT[state] != marker["word"]:
                raise AuthorError(f"{name}:{number}: `--- {marker['word']}` after `--- {state}`", slug="marker-order")
            state = marker["word"]
        elif state == "end":
            lines.append(line)
        elif state == "skeleton":
            lines.append(_uncomment(line, f"{name}:{number}"))
    if state != "end":
        raise AuthorError(f"{name}: `--- {state}` is never ended", slug="marker-open")
    return "\n".join(lines) + "\n"


def _uncomment(line: str, place: str) -> str:
    code = line.lstrip()
    if not code.startswith("#"):
        raise AuthorError(f"{place}: a skeleton line has to be commented out", slug="skeleton-line")
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
        f"`{lab.placeholder}` with code of your own, and run `grade` in this folder to see how far you are.\n\n"
        "| part | points |\n|---|---|\n"
        f"{rows}\n| **all** | **{sum(part.points for part in lab.parts if not part.extra)}** |\n"
    )


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
