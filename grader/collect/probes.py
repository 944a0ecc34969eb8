"""Run an expression of the student again on values that the grader chose, so that luck does not pass."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.collect.cells import Statement
from grader.collect.identity import to_array
from grader.collect.instruments import Session
from grader.collect.runner import CellLimits, run_cell
from grader.collect.story import plain_number
from grader.wire import Array

ANSWER_LIMIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The last statement that assigns the name, with the statements of its cell that it depends on."""

    cell: int
    line: int
    parts: tuple[Statement, ...]


def find_target(name: str, cells: Mapping[int, Sequence[Statement]], given: frozenset[str]) -> Target | None:
    """Return where `name` is assigned last, sliced to what it needs beyond the names in `given`."""
    for index in sorted(cells, reverse=True):
        parts = cells[index]
        for position in range(len(parts) - 1, -1, -1):
            tree = parts[position].tree
            if tree is not None and name in _stored(tree):
                chosen = _slice(parts[: position + 1], given)
                return Target(cell=index, line=parts[position].line, parts=tuple(chosen))
    return None


def _slice(parts: Sequence[Statement], given: frozenset[str]) -> Iterator[Statement]:
    """Return the last statement and those before it that assign what it needs (a backward slice)."""
    last = parts[-1]
    wanted = _loaded(last.tree) - given
    chosen = [last]
    for part in reversed(parts[:-1]):
        if part.tree is not None and _stored(part.tree) & wanted and _is_cheap(part.tree):
            wanted |= _loaded(part.tree) - given
            chosen.append(part)
    return reversed(chosen)


def _is_cheap(tree: ast.stmt) -> bool:
    """Tell whether a statement may run again: nothing that trains, and no loop."""
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return isinstance(tree, ast.Assign | ast.AnnAssign | ast.AugAssign) and not calls & {
        "fit",
        "evaluate",
        "load_data",
    }


def _stored(tree: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _loaded(tree: ast.AST | None) -> frozenset[str]:
    if tree is None:
        return frozenset()
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def probe_prediction(
    session: Session,
    *,
    name: str,
    source: str,
    trials: Array,
    cells: Mapping[int, Sequence[Statement]],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> None:
    """Send what the student's expression for `name` gives for each of the chosen prediction matrices.

    Args:
        session: the instruments, whose record of `predict` says which variables hold predictions.
        name: the variable that holds the answer.
        source: the variable that the lab keeps predictions in; given, too, where an earlier mistake left it unset.
        trials: float32 (trials, rows, classes), each row a distribution.
        cells: the statements of each cell.
        namespace: the student's global names; they are copied, not changed.
        limits: time of each trial.
    """
    held = {n: np.shape(value) for n, value in namespace.items() if _is_prediction(session, value)}
    if source not in namespace:
        held[source] = (len(session.images), *trials.shape[2:])
    target = find_target(name, cells, frozenset(held))
    if target is None:
        return
    answers, kind, error = [], "", ""
    for trial in trials:
        answer, kind, error = _one_trial(session, target, name, trial, held, namespace, limits)
        answers.append(answer)
    fields = {
        "name": name,
        "cell": target.cell,
        "line": target.line,
        "answers": answers,
        "kind": kind,
        "error": error,
    }
    session.story.send("probe", fields)


def _is_prediction(session: Session, value: object) -> bool:
    return any(value is result for result, _ in session.predictions)


def _one_trial(
    session: Session,
    target: Target,
    name: str,
    trial: Array,
    held: Mapping[str, tuple[int, ...]],
    namespace: Mapping[str, Any],
    limits: CellLimits,
) -> tuple[float | None, str, str]:
    # The matrix is as long as the student's own was, so that no index runs out of it.
    copies = {n: np.resize(trial, shape) for n, shape in held.items()}
    trial_names = {**namespace, **copies}
    trial_names.pop(name, None)
    session.tracer.stand_in = _stand_in(session, trial)
    try:
        ran = run_cell(target.cell, target.parts, trial_names, limits)
    finally:
        session.tracer.stand_in = None
    if ran.failure is not None:
        return None, "", f"{ran.failure['type']}: {ran.failure['message']}"[:200]
    value = trial_names.get(name)
    array = to_array(value)
    kind = type(value).__name__[:40] if array is None or array.size <= 1 else f"array of {array.size}"
    return plain_number(value), kind, ""


def replay_tape(
    session: Session,
    *,
    cells: Mapping[int, Sequence[Statement]],
    namespace: dict[str, Any],
    image_shape: tuple[int, ...],
    limits: CellLimits,
    after: Callable[[], None],
) -> None:
    """Run a hand-written loop again on images prepared as the lab says, where the student's own preparation sank it.

    Each part answers for what was written there: a loop is not wrong because the images lack an axis.
    """
    for name in session.watched:
        split = "train" if name.startswith("train") else "test"
        namespace[name] = session.images.prepared(split, image_shape)
    before: list[Statement] = []
    for index, parts in cells.items():
        for part in parts:
            before.append(part)
            if part.tree is not None and "GradientTape" in ast.dump(part.tree):
                chosen = tuple(_slice(before, session.watched))
                run_cell(index, chosen, namespace, limits, after)


def _stand_in(session: Session, trial: Array) -> Callable[[Any, Any], Array]:
    """Return what `predict` answers during a trial: the chosen row of each image, by its place in the test split."""

    def predict(_model: object, images: object) -> Array:
        rows = np.arange(len(trial))
        with contextlib.suppress(Exception):
            _, rows = session.images.rows(images)
        return np.asarray(trial[np.maximum(rows, 0) % len(trial)])

    return predict
