"""The class through this grader: as `grade batch` does it, and each submission alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.peers.notebooks import LAB, Made
from benchmarks.peers.usage import Usage, measured
from grader import pipeline
from grader.model import Effort
from grader.pipeline import Request
from grader.terms import Terms

SEED = 1

Verdict = dict[str, float]
"""The points of each part."""


def in_a_batch(submitted: Path, out: Path, *, data: str, jobs: int) -> Usage:
    """Grade the class with one command, at quick effort, into a fresh folder."""
    command = [sys.executable, "-m", "grader", "batch", str(submitted), "--lab", LAB.id, "--out", str(out)]
    command += ["--effort", "quick", "--data", data, "--seed", str(SEED), "--jobs", str(jobs)]
    with measured() as usage:
        subprocess.run(command, check=True, stdout=sys.stderr)
    return usage


def alone(notebooks: Iterable[tuple[Made, Path]], out: Path, *, data: str) -> Usage:
    """Grade submissions one by one, each as if there were no other."""
    terms = Terms(lab=LAB, effort=Effort.QUICK, data=data, seed=SEED)
    with measured() as usage:
        for made, path in notebooks:
            pipeline.grade(Request(file=path, terms=terms, out=out / made.student))
            sys.stderr.write(f"alone: {made.student} ({made.fixture})\n")
    return usage


def verdict(out: Path, student: str) -> Verdict:
    """Return what the report of a student says."""
    report = json.loads((out / student / "report.json").read_text(encoding="utf-8"))
    return {part["id"]: part["points"] for part in report["parts"]}
