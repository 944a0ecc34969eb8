"""A small lab with questions of all kinds, and its cases without a worker: code is run here, as tests are trusted."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grader import labs
from grader.claims import _mark
from grader.collect import answers, cells, marks
from grader.evidence import Answer, Cell, Evidence, Failure
from grader.judge.case import Case
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.labs import Expectations, Lab
from grader.model import Effort, Grade, RunFacts
from grader.submission import Submission
from grader.verification import Verified

DEFINITION = '''
format = 1
title = "A quiz about digits"
placeholder = "XXXXXX"
roles = {}

[[parts]]
id = "layers"
title = "Layers"
points = 6

[[parts]]
id = "loss"
title = "The loss"
points = 4
anchor = { assigns = ["loss_name", "answer_why"] }

[[questions]]
id = "last"
part = "layers"
kind = "choice"
text = "What belongs at the end of a network whose loss takes logits?"
options = ["A softmax", "Nothing: the outputs as they are", "A ReLU"]
answer = "b"
points = 2

[[questions]]
id = "parameters"
part = "layers"
kind = "numeric"
text = "How many parameters have 300 units behind 784 inputs?"
answer = 235500
points = 3

[[questions]]
id = "trains"
part = "layers"
kind = "choice"
text = "Max pooling has weights."
answer = false
points = 1
hint = "What does it compute?"

[[questions]]
id = "why"
part = "loss"
kind = "text"
text = """
Why is the learning rate not simply as large as possible?
Two sentences will do."""
rubric = "1 point: steps overshoot. 2 points: and the loss grows or oscillates."
points = 3
'''

CHECKS = '''
import pytest

@pytest.mark.part("loss")
@pytest.mark.points(1)
def test_loss_is_named(case):
    """The loss is given a name."""
    assert any("loss_name" in mark.assigns for cell in case.evidence.cells for mark in cell.marks), "No name yet."
'''

SOLUTION = """# %% [markdown]
# # A quiz

# %%
# --- question last
answer_last = "b"
# --- end

# %%
# --- question parameters
answer_parameters = 784 * 300 + 300
# --- end

# %%
# --- question trains
answer_trains = False
# --- end

# %%
loss_name = "cross-entropy"

# --- question why
answer_why = "A large step overshoots the valley, and the loss grows."
# --- end
"""

RIGHT = """answer_last = "b"
answer_parameters = 784 * 300 + 300
answer_trains = False
loss_name = "cross-entropy"
answer_why = "Large steps overshoot."
"""


def write_lab(root: Path, definition: str = DEFINITION) -> Path:
    """Write the lab below a folder that takes the place of the installed ones; return the lab's folder."""
    flagship = labs.find(labs.FLAGSHIP).folder
    folder = root / "reference" / "quiz"
    folder.mkdir(parents=True)
    shutil.copy(flagship.parent / "pytest.ini", folder.parent)
    efforts = (flagship / "lab.toml").read_text().partition("[effort.quick.budget]")
    (folder / "lab.toml").write_text(definition + "\n" + "".join(efforts[1:]))
    (folder / "checks.py").write_text(CHECKS)
    (folder / "solution.py").write_text(SOLUTION)
    (folder / "expected.json").write_text('{"format": 1, "networks": {}, "accuracy": {"synthetic": {"quick": {}}}}')
    return folder


def case_of(lab: Lab, code: str) -> Case:
    """Return the case of a script that has been run, statement by statement."""
    statements = cells.statements(code, is_script=True)
    namespace: dict[str, Any] = {"np": np}
    failures, told = [], dict[str, Answer]()
    for part in statements:
        try:
            tree = ast.Module(body=[part.tree] if part.tree else ast.parse(part.source).body, type_ignores=[])
            exec(compile(tree, "<cell 1>", "exec"), namespace)  # noqa: S102 - the code of a test
        except Exception as error:  # noqa: BLE001 - as a submission may raise
            place: dict[str, Any] = {"cell": 1, "line": part.line, "first": part.line, "last": part.line}
            failures.append(Failure(kind="raised", type=type(error).__name__, message=str(error), **place))
    for question in lab.questions:
        if question.variable in namespace:
            fields = answers.described(namespace[question.variable])
            told[question.variable] = Answer(name=question.variable, cell=1, **fields)
    found = marks.find(statements, placeholder=lab.placeholder)
    cell = Cell(
        index=1,
        source=code,
        marks=tuple(_mark(each) for each in found["marks"]),
        placeholders=tuple(found["placeholders"]),
        made=tuple((line, name) for line, name in found["made"]),
        state="ok",
        failures=tuple(failures),
    )
    return case_from(lab, (cell,), told)


def case_from(lab: Lab, shown: tuple[Cell, ...], told: Mapping[str, Answer]) -> Case:
    nothing: Mapping[str, Any] = {"calls": (), "snapshots": (), "tape": (), "names": (), "values": (), "probes": ()}
    evidence = Evidence(run={}, cells=shown, ending="done", ending_detail="", answers=told, **nothing)
    images, labels = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)
    return Case(
        lab=lab,
        evidence=evidence,
        verified=Verified(networks={}, steps={}, images=images, labels=labels),
        expected=Expectations(networks={}, accuracy={}),
        effort=Effort.QUICK,
        trials=np.zeros((1, 1, 10), np.float32),
    )


def graded(lab: Lab, code: str, *, name: str = "lovelace") -> Grade:
    """Return the grade of a script."""
    case = case_of(lab, code)
    submission = Submission(id=name, file=f"{name}.py", data=code.encode())
    facts = RunFacts(effort="quick", data="synthetic", seed=1, tier="A", versions=())
    return grade(case, judge(case), submission.identity, facts, 1.0)


def outcome_of(result: Grade, question: str) -> tuple[str, str]:
    """Return the outcome of a question and what is told about it."""
    for part in result.parts:
        for check in part.checks:
            if check.spec.id == f"question_{question}":
                return check.outcome.value, f"{check.feedback.rationale} {check.feedback.hint}"
    raise AssertionError(question)
