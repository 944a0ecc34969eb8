"""A lab that a distribution of its own offers, installed into an environment of its own."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grader import labs

OPEN_CANARY, SECRET_CANARY = "canary-of-the-course", "canary-of-the-solution"
FLAGSHIP = labs.find(labs.FLAGSHIP)


def write_lab(folder: Path, *, checks: str = "", changes: tuple[tuple[str, str], ...] = (), more: str = "") -> Path:
    """Write a copy of the flagship under another name; `changes` replace text of its definition, `more` is added."""
    folder.mkdir(parents=True)
    text = (FLAGSHIP.folder / "lab.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "lab.toml").write_text(text + more)
    (folder / "checks.py").write_text((FLAGSHIP.folder / "checks.py").read_text() + checks)
    (folder / "solution.py").write_text(FLAGSHIP.solution_file.read_text() + f"# {SECRET_CANARY}\n")
    shutil.copy(FLAGSHIP.folder / "expected.json", folder)
    return folder


def write_distribution(site_folder: Path, *, name: str = "coursework", lab: str = "digits", value: str = "") -> Path:
    """Write what pip would install for a distribution that offers a lab; return the folder of the lab."""
    package = site_folder / name
    folder = write_lab(package / "labs" / lab)
    (package / "__init__.py").write_text(f"{OPEN_CANARY!r}\n")
    info = site_folder / f"{name}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    value = value or f"{name}.labs.{lab}"
    (info / "entry_points.txt").write_text(f"[epochmark.labs]\n{lab} = {value}\n")
    importlib.invalidate_caches()
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment that sees the packages of this one, and has a folder for its own."""

    python: Path
    site: Path

    def grade(self, *arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command in it."""
        command = [str(self.python), "-m", "grader", *map(str, arguments)]
        env = {**os.environ, **environment}
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=200, check=False)


def make_environment(folder: Path) -> Environment:
    """Make a virtual environment, without pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    own = next((folder / "lib").glob("python*/site-packages"))
    here = [path for path in sys.path if path.endswith("-packages")] or site.getsitepackages()
    (own / "surroundings.pth").write_text("\n".join([*here, str(Path(labs.__file__).parent.parent)]) + "\n")
    return Environment(python=folder / "bin" / "python", site=own)


def evidence_of(folder: Path) -> str:
    """Return all that was recorded of a submission."""
    return (folder / "grade-report" / "evidence" / "evidence.jsonl").read_text()


def report_of(folder: Path) -> dict[str, object]:
    """Return the report of a grade in a folder."""
    document: dict[str, object] = json.loads((folder / "grade-report" / "report.json").read_text())
    return document
