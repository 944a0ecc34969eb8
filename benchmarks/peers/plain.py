"""A notebook under plain pytest: its code is run in full, and what it left behind is asserted behind each part's cell.

    SUBMISSION=lab2.ipynb python -m pytest benchmarks/peers/plain.py

Magics and shell lines are left out. This file needs nothing of the package, as the environment of the others has none.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

ASSERTS: dict[str, str] = runpy.run_path(str(Path(__file__).with_name("asserts.py")))["ASSERTS"]


def code_of(cell: dict[str, Any]) -> str:
    """Return the lines of a cell that are Python, or the asserts of a part where it is the cell that tests it."""
    part = cell.get("metadata", {}).get("nbgrader", {})
    if part.get("grade"):
        return ASSERTS[part["grade_id"]]
    lines = "".join(cell["source"]).splitlines()
    return "\n".join("" if line.startswith(("%", "!")) else line for line in lines)


@pytest.fixture(scope="session")
def outcomes() -> dict[str, BaseException | None]:
    """Run the notebook, cell by cell, and return what each part's asserts came to."""
    book = json.loads(Path(os.environ["SUBMISSION"]).read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found: dict[str, BaseException | None] = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            error: BaseException | None = None
            try:
                exec(compile(code_of(cell), "notebook", "exec"), namespace)  # noqa: S102 - that is how it is done there
            except Exception as raised:  # noqa: BLE001 - as a notebook does, on to the next cell
                error = raised
                sys.stderr.write(f"{type(raised).__name__}: {raised}\n")
            if (part := cell.get("metadata", {}).get("nbgrader", {})).get("grade"):
                found[part["grade_id"]] = error
    return found


@pytest.mark.parametrize("part", list(ASSERTS))
def test_part(part: str, outcomes: dict[str, BaseException | None]) -> None:
    """The asserts behind the cell of a part hold."""
    assert part in outcomes, "its cell is gone"
    if (error := outcomes[part]) is not None:
        raise error
