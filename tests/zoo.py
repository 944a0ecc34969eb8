"""The zoo: submissions whose right verdict is known by their headers, and a bench to grade many of them.

By hand: `python tests/zoo.py LAB FILE…`
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from grader import labs, pipeline
from grader import submission as intake
from grader.datasets import DataSource
from grader.datasets.synthetic import draw_digits
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.labs import Lab
from grader.model import Effort, Grade, Outcome
from grader.verify import host as verification

SUBMISSIONS = Path(__file__).parent / "submissions"

TINY_BUDGET = {
    "multiplications": 6e9,
    "images": 2560,
    "steps": 60,
    "epochs": 2,
    "evaluate_images": 200,
    "tape_steps": 6,
    "refits": 1,
}
TINY_ACCURACY = 0.0
"""With so little training anything will do; what is judged on the bench is everything but accuracy."""


_HEADER = re.compile(r"^[\s\"]*# (?P<key>loses|not_attempted|passes|defect|shows): (?P<value>[^\"\\\n]*)", re.MULTILINE)


def header_of(path: Path) -> dict[str, frozenset[str]]:
    """Return what the header of a submission promises: parts by `loses`, `not_attempted`, `passes`."""
    text = path.read_bytes().decode("utf-8", "replace")
    return {m["key"]: frozenset(re.findall(r"[a-z_]+", m["value"])) for m in _HEADER.finditer(text)}


def needs_quick_effort(path: Path) -> bool:
    """Tell whether the bench will not do: only training shows a bad learning rate, and some count on 60,000 images."""
    return path.stem in SLOW or "learning_rate" in path.stem or b"60000" in path.read_bytes()


SLOW = frozenset({"slow_optimizers"})


def lost(result: Grade) -> frozenset[str]:
    """Return the parts that did not get all their points."""
    return frozenset(part.id for part in result.parts if part.earned < part.points)


def disagreement(path: Path, result: Grade) -> str:
    """Say in what a grade differs from what the header of the submission promises; empty where it does not."""
    header = header_of(path)
    wrong: frozenset[str]
    if "not_attempted" in header:
        blank = frozenset(part.id for part in result.parts if part.status is Outcome.NOT_ATTEMPTED)
        wrong = (blank ^ header["not_attempted"]) | (header.get("passes", frozenset()) & lost(result))
    else:
        wrong = lost(result) ^ header.get("loses", frozenset())
    return f"disagrees in {', '.join(sorted(wrong))}" if wrong else ""


def variants(lab: Lab) -> list[Path]:
    """Return the known-wrong solutions of a lab."""
    return sorted((lab.folder / "variants").glob("*.py"))


def collection(name: str) -> list[Path]:
    """Return the submissions of one kind: good or blank."""
    return sorted(path for path in (SUBMISSIONS / name).iterdir() if path.suffix in intake.SUFFIXES)


def describe(result: Grade) -> str:
    """Return what was lost and why, for the message of a failing test."""
    lines = [f"{result.submission_file}: {result.earned} of {result.points}"]
    lines += [
        f"  {part.id}/{check.spec.id}: {check.outcome.value}: {check.feedback.rationale} "
        f"[cell {check.feedback.cell}, line {check.feedback.line}]"
        for part in result.parts
        for check in part.checks
        if check.outcome is not Outcome.PASSED
    ]
    return "\n".join([*lines, *(f"  {finding}" for finding in result.findings)])


def tiny_data(folder: Path) -> DataSource:
    """Draw a fifth of the training images and a tenth of the test images of the synthetic data."""
    path = folder / "tiny.npz"
    (x_train, y_train), (x_test, y_test) = draw_digits(12_000, seed=11), draw_digits(1_000, seed=12)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return DataSource(name="synthetic", path=path, sha256="", description="tiny")


def tiny_lab(lab: Lab) -> Lab:
    """Return the lab with next to no training at quick effort."""
    plan = lab.plans[Effort.QUICK]
    return replace(lab, plans={**lab.plans, Effort.QUICK: replace(plan, budget=TINY_BUDGET)})


class Bench:
    """Runs submissions two at a time on tiny data, each thread with a clean worker of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = tiny_lab(lab)
        self.folder = folder
        self.source = tiny_data(folder)
        self.images, self.labels = draw_digits(200, seed=13)
        bounds = {role.id: TINY_ACCURACY for role in lab.roles}
        self.expected = replace(labs.expectations(lab, data="synthetic", effort=Effort.QUICK), accuracy=bounds)
        self._local = threading.local()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def grade_many(self, paths: Iterable[Path], *, jobs: int = 2) -> Iterator[tuple[Path, Grade]]:
        """Grade submissions; they are judged in this thread, as pytest is not made for several."""
        with ThreadPoolExecutor(jobs) as pool:
            for path, request, run in pool.map(self._run, paths):
                case = pipeline.case_of(request, run, self.expected)
                yield path, grade(case, judge(case), run.submission, pipeline.facts_of(request, run), 0.0)

    def _run(self, path: Path) -> tuple[Path, pipeline.Request, pipeline.Run]:
        if not hasattr(self._local, "verifier"):
            self._local.verifier = self._open.enter_context(verification.start(self.images))
        out = Path(tempfile.mkdtemp(dir=self.folder))
        request = pipeline.Request(file=path, lab=self.lab, effort=Effort.QUICK, data="synthetic", seed=1, out=out)
        verifier = self._local.verifier
        submission = intake.take(path)
        run = pipeline.gather(request, submission, self.source, pipeline.silent, verifier, self.labels)
        return path, request, run


def main(arguments: list[str]) -> None:
    """Grade files by hand and say where they disagree with their headers."""
    lab = labs.find(arguments[0])
    with tempfile.TemporaryDirectory() as folder, Bench(lab, Path(folder)) as bench:
        for path, result in bench.grade_many([Path(name) for name in arguments[1:]]):
            sys.stdout.write(f"[{disagreement(path, result) or 'ok'}] {describe(result)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
