"""The guide for authors, followed to the letter: its files are written, its commands run, its results come out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.authoring import newlab
from grader.errors import UsageError

GUIDE = Path(__file__).parent.parent / "docs" / "authoring.md"
BLOCK = re.compile(r'^```(?P<kind>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[str, str]]:
    """Yield (file, its text) and (command, what it has to show), in the order of the guide."""
    for block in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        if block["file"]:
            yield block["file"], block["text"]
        elif block["kind"] == "console":
            for part in block["text"].split("$ ")[1:]:
                command, _, shown = part.partition("\n")
                yield f"$ {command}", shown


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_guide_ends_in_a_verified_lab(tmp_path: Path) -> None:
    found = list(steps())
    assert len([step for step, _ in found if step.startswith("$ ")]) >= 5
    for step, text in found:
        if not step.startswith("$ "):
            (tmp_path / step).write_text(text, encoding="utf-8")
            continue
        command = [sys.executable, "-m", "grader", *shlex.split(step)[2:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
        for line in filter(None, map(str.strip, text.splitlines())):
            assert line in done.stdout + done.stderr, (step, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["2nd", "a lab", "../lab", ""])
def test_a_new_lab_needs_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        newlab.create(name, tmp_path)


def test_a_new_lab_overwrites_nothing(tmp_path: Path) -> None:
    folder = newlab.create("one", tmp_path)
    assert {path.name for path in folder.iterdir()} == {"lab.toml", "solution.py", "checks.py", "variants.toml"}
    with pytest.raises(UsageError, match="there already"):
        newlab.create("one", tmp_path)
