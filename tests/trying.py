"""A small lab of functions, and its cases without a process: the code is tried by what tries it in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import quiz

from grader import arguments, labs
from grader.claims import _function
from grader.collect import cells, functions, runner
from grader.evidence import FunctionRun
from grader.judge.case import Case
from grader.judge.plugin import judge
from grader.model import CheckResult

LIMITS = runner.CellLimits(own_s=5.0, idle_s=5.0)

DEFINITION = """
format = 1
title = "Losses"
placeholder = "XXXXXX"
roles = {}

[functions.square]
arguments = [{ kind = "uniform", low = -5, high = 5, shape = [4] }]
[functions.absolute]
arguments = [{ kind = "uniform", low = -5, high = 5, shape = [4] }]
[functions.steps]
arguments = [{ kind = "integers", low = 2, high = 9 }, { kind = "uniform", low = 0, high = 1 }]

[[parts]]
id = "losses"
title = "Two losses and a list"
points = 10
anchor = { defines = ["square", "absolute", "steps"] }
"""

CHECKS = """
import numpy as np
from grader.judge import checks

class TestSquare(checks.Returns):
    part, function, points, test_type = "losses", "square", {"returns": 3}, None
    wanted = staticmethod(np.square)

class TestAbsolute(checks.Returns):
    part, function, points, test_type = "losses", "absolute", {"returns": 3}, None
    wanted = staticmethod(np.abs)

class TestSteps(checks.Returns):
    part, function, points, test_type = "losses", "steps", {"returns": 4}, None

    @staticmethod
    def wanted(count, value):
        return [value] * count
"""

RIGHT = """import numpy as np

def square(x):
    return x ** 2

def absolute(x):
    return np.abs(x)

def steps(count, value):
    return [value] * count
"""


def write_lab(folder: Path, definition: str = DEFINITION, checks: str = CHECKS) -> labs.Lab:
    """Write the lab into a folder."""
    folder.mkdir(parents=True)
    efforts = (labs.find(labs.FLAGSHIP).folder / "lab.toml").read_text().partition("[effort.quick.budget]")
    (folder / "lab.toml").write_text(definition + "\n" + "".join(efforts[1:]))
    (folder / "checks.py").write_text(checks)
    return labs.read(folder)


def case_of(lab: labs.Lab, code: str) -> Case:
    """Return the case of a script whose functions have been tried."""
    drawn, runs, namespace = arguments.draw(lab.functions, 1), list[FunctionRun](), dict[str, Any]()

    def send(_: str, fields: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        runs.append(_function(fields, arrays))

    session = cast(
        Any, SimpleNamespace(story=SimpleNamespace(send=send), images=SimpleNamespace(facts=lambda *_: None))
    )
    runner.run_cell(1, cells.statements(code, is_script=True), namespace, LIMITS)
    for function in lab.functions:
        functions.try_function(session, function.name, drawn[function.name], namespace, LIMITS)
    case = quiz.case_of(lab, code)
    return replace(case, evidence=replace(case.evidence, functions=tuple(runs)), arguments=drawn)


def judged(lab: labs.Lab, code: str) -> dict[str, CheckResult]:
    """Return what becomes of each check of a script."""
    return {result.spec.id: result for result in judge(case_of(lab, code))}
