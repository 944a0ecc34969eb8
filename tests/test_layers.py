"""The code keeps to the layers of docs/architecture.md: a module imports only from lower ones or its own package."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox import view

PACKAGE = Path(__file__).parent.parent / "grader"

LAYERS = (
    {"errors"},
    {"language"},
    {"model", "redaction", "jsonvalues", "text", "points"},
    {"rubric", "late", "standings"},
    {
        *("wire", "lasting", "process", "procfs", "inbox", "workers", "forkserver", "sandbox", "scratch"),
        *("keys", "parsing", "archives", "submission", "files", "store"),
        *("definition", "catalogue", "labs", "terms", "questions", "evidence", "claims", "record", "arguments"),
        *("verification", "networks", "datasets"),
    },
    {"collect", "verify", "judge", "report", "exchange"},
    {
        *("pipeline", "observation", "stations", "saving", "watching", "notebook"),
        *("classroom", "rollcall", "runners", "cluster", "slurm", "batch", "rejudging", "tables"),
        *("doctor", "authoring", "gradescope", "marks", "pytest_plugin"),
    },
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
SIBLINGS_MAY = {4, 6}
"""Layers whose modules may import one another; the packages of collect and its like may not."""

OWNERS = {"subprocess": "process", "grader.cli": "__main__"}
TRUSTED_WITHOUT_TENSORFLOW = {
    "judge",
    "report",
    "exchange",
    "pipeline",
    "rubric",
    "labs",
    "evidence",
    "cli",
    "gradescope",
}
WORKER_SIDE = {"collect", "verify"}


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        unit = relative.parts[0].removesuffix(".py")
        if unit != "__init__":
            yield path, unit


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def units(path: Path) -> Iterator[str]:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "grader" and len(parts) > 1 and parts[1] in RANK:
            yield parts[1]


@pytest.mark.parametrize(("path", "unit"), list(modules()), ids=lambda value: getattr(value, "stem", value))
def test_imports_point_downwards(path: Path, unit: str) -> None:
    for imported in units(path):
        if imported != unit:
            lower = RANK[imported] < RANK[unit]
            beside = RANK[imported] == RANK[unit] and RANK[unit] in SIBLINGS_MAY
            assert lower or beside, f"{path.name} ({unit}) imports {imported}"


def test_every_module_has_a_layer() -> None:
    assert {unit for _, unit in modules()} <= RANK.keys()


@pytest.mark.parametrize(("name", "owner"), OWNERS.items())
def test_one_owner_per_privilege(name: str, owner: str) -> None:
    users = {unit for path, unit in modules() if any(i == name or i.startswith(f"{name}.") for i in imports(path))}
    assert users - {name.removeprefix("grader.")} <= {owner}


def test_the_trusted_side_never_imports_tensorflow() -> None:
    for path, unit in modules():
        heavy = {name.split(".")[0] for name in imports(path)} & {"tensorflow", "keras"}
        assert not (heavy and unit in TRUSTED_WITHOUT_TENSORFLOW), path
        assert not (heavy and path.name == "host.py"), path


def test_workers_hold_nothing_of_the_judge() -> None:
    """A submission that walks `sys.modules` finds no rubric, no expectation and no label of the held-out images."""
    for path, unit in modules():
        if unit in WORKER_SIDE and path.name not in ("host.py", "__init__.py"):
            assert not set(units(path)) & {
                "judge",
                "rubric",
                "labs",
                "questions",
                "report",
                "verification",
                "pipeline",
            }, path


def test_what_workers_import_stays_open_to_them() -> None:
    """Tier C closes the rest of the package to their user before they start."""
    code = (
        "import sys, grader.collect.worker, grader.collect.forkserver, grader.verify.worker\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'grader' and m.__file__), sep='\\n')"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=100)
    files = {Path(name) for name in told.stdout.splitlines()}
    own = set(view.of_package())
    assert len(files) > 10
    assert not {file for file in files if own.isdisjoint({file, *file.parents})}


def test_only_the_command_line_prints() -> None:
    for path, unit in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert unit == "cli" or "print" not in called, path
