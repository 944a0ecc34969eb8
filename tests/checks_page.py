"""The library of checks as a page, made from the code: `python tests/checks_page.py` writes docs/checks.md.

What is said in words stands in `checks_page.md`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from grader.evidence import Cell, Evidence, FunctionRun, Mark
from grader.judge import awards, checks, figures
from grader.judge.case import Case
from grader.judge.checks import Checks

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"

TEMPLATE = Path(__file__).with_suffix(".md")
"""The page with a remark in the place of each list that is made from the code."""

NEEDS = {
    "Prepare": "`image_shape`; `watched`, names with `train` or `test` in them",
    "Build": "`roles`, `expected.json`",
    "BuildLogits": "`roles` (`logits = true`), `expected.json`",
    "Dropouts": "`roles`, `expected.json`",
    "OneHot": "`labels`",
    "Compile": "`roles`, `expected.json`",
    "Fit": "`roles`, `expected.json`",
    "Validation": "`roles`, `expected.json`",
    "Falling": "`roles`, `expected.json`",
    "Evaluate": "`roles`, `expected.json`",
    "Predict": "`roles`, `prediction`, `predictions`",
    "Classes": "`roles`, `answers`, `predictions`",
    "RightAndWrong": "`answers`, `predictions`",
    "Gallery": "nothing",
    "Curves": "`roles`",
    "Saved": "`roles`",
    "Returns": "`functions`, with `arguments`",
    "Loader": "`functions`, without `arguments`; `image_shape`",
    "Batches": "`datasets`",
    "Shuffled": "`datasets`",
    "EpochMeans": "`numbers`",
    "Softmax": "`roles`",
    "TapeLoop": "`roles`, `image_shape`",
}
"""What `lab.toml` has to have for each class."""


def shared() -> list[type[Checks]]:
    """Return the classes that a lab may inherit from, in the order of the file."""
    found = [each for each in vars(checks).values() if inspect.isclass(each) and issubclass(each, Checks)]
    return [each for each in found if names(each)]


def names(owner: type[Checks]) -> list[str]:
    """Return the names of a class's checks, inherited ones first."""
    known = [name for base in reversed(owner.__mro__) for name in vars(base) if name.startswith("test_")]
    return [name for name in dict.fromkeys(known) if getattr(owner, name) is not None]


def attributes(owner: type[Checks]) -> Iterator[str]:
    """Yield what a class has to say beside what all of them do: `function`, or `tolerance = 0.0001`."""
    common = set(inspect.get_annotations(Checks))
    for base in reversed(owner.__mro__):
        for name in inspect.get_annotations(base):
            if name not in common:
                yield f"`{name} = {getattr(owner, name)!r}`" if hasattr(owner, name) else f"`{name}`"


def first_line(value: object) -> str:
    """Return the first sentence of a docstring, on one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n", 1)[0].split())


def _class(owner: type[Checks]) -> str:
    text = " ".join((inspect.getdoc(owner) or "").split())
    told = ", ".join(dict.fromkeys(attributes(owner))) or "nothing more"
    if owner is checks.Returns:
        told += ", and the function `wanted`"
    rows = [f"| `{name.removeprefix('test_')}` | {first_line(getattr(owner, name))} |" for name in names(owner)]
    head = f"### {owner.__name__}\n\n{text}\n\nSays: {told}. Needs in `lab.toml`: {NEEDS[owner.__name__]}.\n\n"
    return head + "\n".join(["| check | title |", "|---|---|", *rows, ""])


def _members(kind: type, prefix: str) -> Iterator[str]:
    """Yield a row for each public method and property of a class."""
    for name, value in vars(kind).items():
        documented = (
            value if inspect.isfunction(value) else getattr(value, "fget", None) or getattr(value, "func", None)
        )
        if not name.startswith("_") and documented is not None and inspect.getdoc(documented):
            call = list(inspect.signature(documented).parameters)[1:]
            shown = f"{name}({', '.join(call)})" if inspect.isfunction(value) else name
            yield f"| `{prefix}{shown}` | {first_line(documented)} |"


def _fields_of(kind: type) -> str:
    return ", ".join(f"`{field.name}`" for field in fields(kind))


def page() -> str:
    """Return the page."""
    tree = ast.parse(inspect.getsource(awards))
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    evidence = (
        f"`case.evidence` has {_fields_of(Evidence)}. A `Cell` has {_fields_of(Cell)}; a `Mark`, which is a statement, "
        f"a definition or a tape loop in it, {_fields_of(Mark)}; an item of `case.evidence.functions` "
        f"{_fields_of(FunctionRun)}. What they mean is written in `grader/evidence.py`."
    )
    made = {
        "classes": "\n".join(map(_class, shared())).rstrip(),
        "says": ", ".join(f"`{each.__name__}`" for each in figures.SAYS),
        "awards": "\n".join(f"| `{name}{_call(name)}` | {first_line(getattr(awards, name))} |" for name in public),
        "case": "\n".join(_members(Case, "case.")),
        "evidence": textwrap.fill(evidence, width=120, break_on_hyphens=False),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in made.items():
        text = text.replace(f"<!-- {name} -->", value)
    return text


def _call(name: str) -> str:
    return f"({', '.join(inspect.signature(getattr(awards, name)).parameters)})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
