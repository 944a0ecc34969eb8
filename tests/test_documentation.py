"""The guides: they build without a warning, and every command in them does what it is there for."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import labs
from grader.authoring import newlab

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", *(f"docs/{name}.md" for name in ("students", "languages", "labs", "classes", "ci", "gradescope")))
"""In the order in which their commands are run; `docs/authoring.md` has a test of its own."""

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "make ": "what CI runs",
    "pip install ": "what CI installs",
    "python3 -m venv ": "what CI does first",
    ".venv/bin/python -m pytest": "this suite",
    "cd ": "no command of ours",
    "grade --watch": "test_watching.py",
    "grade marks ": "test_marks.py, with a lab that asks",
    "grade ci lab.ipynb --lab mnist_cnn --classroom50": "test_workflows.py, with the variables of a classroom",
    "grade batch submissions.zip --lab mnist_cnn --out week3 --scheduler": "test_batch.py, with a real cluster",
    "grade batch submissions.zip --lab mnist_cnn --out week3 --slurm": "test_slurm.py",
}
"""Commands that other tests run, and which."""

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lab 3 (12345)
    Points Possible,,,,,100
"ada, ada",1,ada,ada,A,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Feedback comments
Participant 1,ada,ada@example.org,Submitted for grading,,100,Yes,
"""


def commands() -> Iterator[tuple[str, str]]:
    """Yield (page, command), without comments."""
    for page in PAGES:
        for block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line.startswith("$ "):
                    yield page, re.sub(r"\s+#.*$", "", line.removeprefix("$ "))


def is_run_elsewhere(command: str) -> bool:
    return any(command.startswith(start) for start in ELSEWHERE)


def test_the_guides_are_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("material")
    arguments = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(tmp_path / "site").with_suffix(".md") for path in (tmp_path / "site").rglob("*.html")}
    assert {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")} <= pages


def test_each_reader_is_one_click_away() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ("students", "classes", "authoring", "ci", "security"):
        assert f"](docs/{page}.md)" in readme.split("## Try it", 1)[0]


def test_what_is_run_elsewhere_is_still_in_the_guides() -> None:
    known = [command for _, command in commands()]
    assert [start for start in ELSEWHERE if not any(command.startswith(start) for command in known)] == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_command_of_the_guides_works(tmp_path: Path) -> None:
    prepare(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for page, command in commands():
        if is_run_elsewhere(command):
            continue
        program, *words = shlex.split(command)
        start = {"grade": ["-m", "grader"], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}[program]
        done = subprocess.run(
            [sys.executable, *start, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        # Plain pytest fails where a part is not done, as it should.
        assert done.returncode in ((0, 1) if program == "pytest" else (0,)), (page, command, done.stdout, done.stderr)
        assert "--out" not in words or (tmp_path / words[words.index("--out") + 1]).exists(), command


def prepare(folder: Path) -> None:
    """Put everything there that the guides speak of."""
    flagship = ROOT / "assignment" / labs.FLAGSHIP
    shutil.copy(flagship / "lab.ipynb", folder)
    (folder / "labs").mkdir()
    newlab.create("audio_cnn", folder / "labs")
    deadline = '\n[late]\ndeadline = 2026-11-20T23:59:00+01:00\npercent = 10\nper = "day"\n'
    definition = folder / "labs" / "audio_cnn" / "lab.toml"
    definition.write_text(definition.read_text(encoding="utf-8") + deadline, encoding="utf-8")
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for name in ("ada", "bob"):
            archive.write(flagship / "lab.py", f"{name}.py")
    (folder / "times.csv").write_text("id,submitted_at\nada,2026-11-22T09:30:00+01:00\n", encoding="utf-8")
    (folder / "export.csv").write_text(CANVAS, encoding="utf-8")
    (folder / "worksheet.csv").write_text(MOODLE, encoding="utf-8")
