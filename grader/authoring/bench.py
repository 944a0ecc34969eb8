"""A bench to grade many submissions with next to no training, and whether they got what they deserve."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from grader import datasets, labs, pipeline
from grader import submission as intake
from grader.authoring.variants import header_of
from grader.datasets import DataSource, HeldOut
from grader.datasets.synthetic import draw_digits
from grader.judge.case import Case
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.labs import Lab
from grader.model import Effort, Grade, Outcome
from grader.observation import HELD_OUT, Run
from grader.sandbox.choose import choose
from grader.stations import Stations
from grader.terms import Terms

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


def lost(result: Grade) -> frozenset[str]:
    """Return the parts that lost points, those for extra credit included; what waits for a person is not lost."""
    return frozenset(
        part.id
        for part in result.parts
        if part.earned + part.waiting < part.points or part.extra_earned < part.extra_points
    )


def faults(result: Grade) -> list[str]:
    """Return where checks raised, which is never a verdict: a line for each, then those of its traceback."""
    return [
        f"{check.spec.id} raised:\n{check.feedback.trace or check.feedback.defect}"
        for part in result.parts
        for check in part.checks
        if check.outcome in (Outcome.GRADER_ERROR, Outcome.NOT_RUN)
    ]


def reasons(result: Grade) -> list[str]:
    """Return the checks that did not pay in full, with what they say."""
    return [
        f"{check.spec.id}: {check.feedback.rationale}"
        for part in result.parts
        for check in part.checks
        if check.outcome is not Outcome.WAITING and check.earned < check.spec.points
    ]


def begun(result: Grade) -> list[str]:
    """Return the checks that take a submission in which nothing is written for one that was begun."""
    return [
        f"{check.spec.id}: {check.outcome.value.replace('_', ' ')}; nothing is written there yet"
        for part in result.parts
        for check in part.checks
        if check.outcome is not Outcome.NOT_ATTEMPTED
    ]


def disagreement(path: Path, result: Grade) -> str:
    """Say in what a grade differs from what the header of the submission promises; empty where it does not."""
    header = header_of(path)
    wrong: frozenset[str]
    if "not_attempted" in header:
        blank = frozenset(part.id for part in result.parts if part.status is Outcome.NOT_ATTEMPTED)
        wrong = (blank ^ header["not_attempted"]) | (header.get("passes", frozenset()) & lost(result))
    else:
        wrong = lost(result) ^ header.get("loses", frozenset())
    named = {check.feedback.defect for part in result.parts for check in part.checks}
    unnamed = header.get("finds", frozenset()) - named
    if unnamed and not wrong:
        return f"does not name {', '.join(sorted(unnamed))}"
    return f"disagrees in {', '.join(sorted(wrong))}" if wrong else ""


def tiny_data(folder: Path) -> DataSource:
    """Draw a fifth of the training images and a tenth of the test images of the synthetic data."""
    path = folder / "tiny.npz"
    (x_train, y_train), (x_test, y_test) = draw_digits(12_000, seed=11), draw_digits(1_000, seed=12)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return DataSource(name="synthetic", path=path, sha256="", description="tiny")


def tiny_lab(lab: Lab) -> Lab:
    """Return the lab with next to no training at quick effort."""
    plan = lab.plans[Effort.QUICK]
    budget = TINY_BUDGET | ({"dataset_images": 640, "tape_steps": 100} if "dataset_images" in plan.budget else {})
    return replace(lab, plans={**lab.plans, Effort.QUICK: replace(plan, budget=budget)})


class Bench:
    """Runs submissions two at a time, each thread with a clean worker of its own.

    With next to no training, on little data, unless `trained` asks for all that quick effort does.
    """

    def __init__(self, lab: Lab, folder: Path, *, trained: bool = False) -> None:
        self.folder = folder
        self.expected = labs.expectations(lab, data="synthetic", effort=Effort.QUICK)
        if trained:
            self.lab, self.source = lab, datasets.resolve("synthetic")
            self.held_out = datasets.held_out(self.source, count=HELD_OUT, seed=1)
        else:
            self.lab, self.source = tiny_lab(lab), tiny_data(folder)
            self.held_out = HeldOut(*draw_digits(200, seed=13))
            self.expected = replace(self.expected, accuracy={role.id: TINY_ACCURACY for role in lab.roles})
        self.tier = choose()
        confine = pipeline.confine(self.tier, self.lab)
        self._stations = Stations(self.source, self.tier, confine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stations.__exit__(*exc)

    def grade_many(self, paths: Iterable[Path], *, jobs: int = 2) -> Iterator[tuple[Path, Grade]]:
        """Grade submissions; they are judged in this thread, as pytest is not made for several."""
        for path, case, run, request in self.gather_many(paths, jobs=jobs):
            yield path, grade(case, judge(case), run.identity, pipeline.facts_of(request, run), 0.0)

    def gather_many(
        self, paths: Iterable[Path], *, jobs: int = 2
    ) -> Iterator[tuple[Path, Case, Run, pipeline.Request]]:
        """Collect and verify submissions, and yield what the judge looks at."""
        with ThreadPoolExecutor(jobs) as pool:
            for path, request, run in pool.map(self._run, paths):
                shutil.rmtree(request.out, ignore_errors=True)
                yield path, pipeline.case_of(request, run, self.expected), run, request

    def _run(self, path: Path) -> tuple[Path, pipeline.Request, Run]:
        out = Path(tempfile.mkdtemp(dir=self.folder))
        terms = Terms(lab=self.lab, effort=Effort.QUICK, data="synthetic", seed=1)
        request = pipeline.Request(file=path, terms=terms, out=out)
        station, folder = self._stations.mine(), out / pipeline.EVIDENCE
        run = pipeline.gather(terms, intake.take(path), station, folder, held_out=self.held_out)
        return path, request, run
