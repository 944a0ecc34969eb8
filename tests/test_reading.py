"""A text that cannot be read costs whoever handed it in, and never looks like a fault of the machine."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import labs, observation, workers
from grader.collect import host
from grader.errors import StudentError
from grader.evidence import Evidence
from grader.labs import Plan
from grader.model import Effort
from grader.pipeline import _require_run, confine
from grader.sandbox import choose
from grader.submission import Submission
from grader.terms import Terms

LAB = labs.find("mnist_cnn")
BRACKETS = Submission(id="brackets", file="brackets.py", data=b"(\n" * 3_000)
"""Six kilobytes in which the end of a statement is looked for a million times."""


def collected(submission: Submission, folder: Path, wall_s: float) -> Evidence:
    whole = LAB.plans[Effort.QUICK]
    plan: Plan = replace(whole, limits=replace(whole.limits, wall_s=wall_s))
    lab = replace(LAB, plans={Effort.QUICK: plan})
    job = host.Job(
        submission=submission,
        terms=Terms(lab=lab, effort=Effort.QUICK, data="synthetic", seed=1),
        data_path=folder / "none",
        relabelling=(),
        launch=workers.fresh(confine(choose.choose(), LAB)),
        held_out=np.zeros((1, 28, 28), np.uint8),
        trials=observation.trials(1),
        arguments={},
    )
    return host.collect(job, folder, lambda _: None)


def test_a_text_that_takes_for_ever_to_read_is_none_of_a_lab(tmp_path: Path) -> None:
    started = time.monotonic()
    evidence = collected(BRACKETS, tmp_path, wall_s=3.0)
    assert time.monotonic() - started < 30
    assert evidence.ending == "wall"
    with pytest.raises(StudentError, match="more time or memory"):
        _require_run(BRACKETS, evidence)
