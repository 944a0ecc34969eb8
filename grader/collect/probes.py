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
from grader.collect.runner import CellLimits, run_cell
from grader.collect.session import Session
from grader.collect.story import plain_number
from grader.wire import Array

ANSWERS_LIMIT = 10_000
"""Whole numbers in an answer that are sent; more than one for each test image is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A statement that answers, with the cheap ones before it that it depends on."""

    cell: int
    line: int
    parts: tuple[Statement, ...]


def answers(name: str, cells: Mapping[int, Sequence[Statement]]) -> list[Statement]:
    """Return the statements that assign a name, or fill the list that it holds, apart from those that train."""
    parts = [part for index in sorted(cells) for part in cells[index] if part.tree is not None]
    return [part for part in parts if name in _stored(part.tree) | _changed(part.tree) and not _trains(part.tree)]


def _trains(tree: ast.stmt | None) -> bool:
    code = "" if tree is None else ast.dump(tree)
    return "GradientTape" in code or "attr='fit'" in code


def printed(name: str, part: Statement) -> Statement | None:
    """Return a statement that assigns to a name what `part` prints or calls otherwise; None for a plain value."""
    match part.tree:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=shown)):
            pass
        case ast.Expr(value=value) | ast.Assign(targets=[ast.Name()], value=value):
            shown = [value]
        case _:
            return None
    values = [
        v for v in shown if not isinstance(v, ast.Constant | ast.Name | ast.Subscript | ast.JoinedStr | ast.Starred)
    ]
    if len(values) != 1:
        return None
    tree = ast.copy_location(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=values[0]), part.tree)
    return Statement(line=part.line, source=part.source, tree=ast.fix_missing_locations(tree))


def find_target(cells: Mapping[int, Sequence[Statement]], held: frozenset[str], answer: Statement) -> Target | None:
    """Return where a statement stands, with those between it and the names in `held` that it depends on."""
    parts = [(index, part) for index in sorted(cells) for part in cells[index]]
    for position, (index, part) in enumerate(parts):
        if part.line == answer.line and part.source is answer.source:
            before = [earlier for _, earlier in parts[:position]]
            return Target(cell=index, line=part.line, parts=(*_between(before, answer, held), answer))
    return None


def depends_on_predictions(session: Session, namespace: Mapping[str, Any], answer: Statement) -> bool:
    """Tell whether a statement uses what a network predicted."""
    return any(_is_prediction(session, namespace[name]) for name in _loaded(answer.tree) if name in namespace)


def _between(before: Sequence[Statement], last: Statement, held: frozenset[str]) -> list[Statement]:
    """Return the cheap statements that carry what is held to the last one, such as `first = predictions[0]`."""
    carriers: dict[str, tuple[Statement, ...]] = {}
    starts: dict[str, tuple[Statement, ...]] = {}
    known = set(held)
    for part in before:
        changed, stored = _changed(part.tree) - held, _stored(part.tree) - held
        is_carrier = bool(_loaded(part.tree) & known) or _predicts(part.tree)
        if changed and is_carrier and _is_quick(part.tree):
            known |= changed
            # A list begins empty, and is filled by the statements that follow.
            carriers |= {name: (*carriers.get(name, starts.get(name, ())), part) for name in changed}
        elif stored and _is_cheap(part.tree):
            starts |= dict.fromkeys(stored, (part,))
            known = known | stored if is_carrier else known - stored
            carriers = {name: parts for name, parts in carriers.items() if name not in stored}
            carriers |= dict.fromkeys(stored, (part,)) if is_carrier else {}
    # What the last statement changes, such as a running maximum, has to begin as it did for the student.
    renewed = _changed(last.tree) | (_stored(last.tree) & _loaded(last.tree))
    carriers = {name: starts[name] for name in renewed if name in starts} | carriers
    wanted, chosen = _loaded(last.tree) | renewed, list[Statement]()
    for part in reversed(before):
        if any(part is carrier for name in wanted for carrier in carriers.get(name, ())):
            wanted |= _loaded(part.tree)
            chosen.insert(0, part)
    return chosen


def _predicts(tree: ast.stmt | None) -> bool:
    """Tell whether a statement asks a network for predictions; a trial answers with those that the grader chose."""
    return tree is not None and any(
        isinstance(n, ast.Attribute) and n.attr in ("predict", "predict_on_batch") for n in ast.walk(tree)
    )


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


def _is_cheap(tree: ast.stmt | None) -> bool:
    """Tell whether a statement may run again: nothing that trains, and no loop."""
    return isinstance(tree, ast.Assign | ast.AnnAssign | ast.AugAssign) and not _attributes(tree) & _COSTLY


def _is_quick(tree: ast.stmt | None) -> bool:
    """Tell whether a statement that fills a list may run again, though it is a loop: nothing that trains or draws."""
    return isinstance(tree, ast.For | ast.While | ast.Expr) and not _attributes(tree) & (_COSTLY | _DRAWING)


def _attributes(tree: ast.stmt) -> set[str]:
    """Return the names of the methods that a statement calls."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {function.attr for function in calls if isinstance(function, ast.Attribute)}


_COSTLY = frozenset({"fit", "evaluate", "load_data", "GradientTape", "train_on_batch"})
_DRAWING = frozenset({"figure", "imshow", "plot", "savefig", "show", "subplot", "subplots"})
_FILLING = frozenset({"append", "extend", "insert"})


def _changed(tree: ast.AST | None) -> frozenset[str]:
    """Return the names of lists and arrays that a statement fills, or changes where they are."""
    match tree:
        case None | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
            return frozenset()
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in _FILLING:
            found = frozenset({name})
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
            found = frozenset({name})
        case _:
            found = frozenset()
    return found.union(*map(_changed, ast.iter_child_nodes(tree)))


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _stored(tree: ast.AST | None) -> frozenset[str]:
    """Return the names that a statement assigns, leaving out those of loops, comprehensions and functions."""
    if tree is None or isinstance(tree, (*_SCOPES, *_COMPREHENSIONS)):
        return frozenset()
    if isinstance(tree, ast.Name):
        return frozenset({tree.id}) if isinstance(tree.ctx, ast.Store) else frozenset()
    skipped = tree.target if isinstance(tree, ast.For | ast.AsyncFor) else None
    children = (child for child in ast.iter_child_nodes(tree) if child is not skipped)
    return frozenset[str]().union(*(_stored(child) for child in children))


def _loaded(tree: ast.AST | None) -> frozenset[str]:
    if tree is None:
        return frozenset()
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def probe_prediction(
    session: Session,
    *,
    name: str,
    source: str,
    answer: Statement,
    is_printed: bool,
    trials: Array,
    cells: Mapping[int, Sequence[Statement]],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> None:
    """Send what the student's expression for `name` gives for each of the chosen prediction matrices.

    Args:
        session: the instruments, whose record of `predict` says which variables hold predictions.
        name: the variable that holds the answer.
        answer: the statement that gives it a value.
        is_printed: whether the statement only prints its value.
        source: the variable that the lab keeps predictions in; given, too, where an earlier mistake left it unset.
        trials: float32 (trials, rows, classes), each row a distribution.
        cells: the statements of each cell.
        namespace: the student's global names; they are copied, not changed.
        limits: time of each trial.
    """
    held = {n: np.shape(value) for n, value in namespace.items() if _is_prediction(session, value)}
    own = np.shape(namespace[source]) if source in namespace else (len(session.images), trials.shape[2])
    if len(own) == 2:  # noqa: PLR2004 - images × classes
        held[source] = own
    target = find_target(cells, frozenset(held), answer)
    if target is None:
        return
    given, arrays, kind, error = [], dict[str, Array](), "", ""
    for number, trial in enumerate(trials):
        value, kind, error = _one_trial(session, target, name, trial, held, namespace, limits)
        given.append(plain_number(value))
        array = to_array(value)
        if array is not None and array.ndim == 1 and array.dtype.kind in "biu" and array.size <= ANSWERS_LIMIT:
            arrays[f"t{number}"] = array.astype(np.int64)
    fields = {
        "name": name,
        "cell": target.cell,
        "line": target.line,
        "answers": given,
        "printed": is_printed,
        "kind": kind,
        "error": error,
    }
    session.story.send("probe", fields, arrays)


def _is_prediction(session: Session, value: object) -> bool:
    return any(value is result for result, _ in session.predictions)


def _one_trial(
    session: Session,
    target: Target,
    name: str,
    trial: Array,
    held: Mapping[str, tuple[int, ...]],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> tuple[Any, str, str]:
    before = dict(namespace)
    # In the student's own namespace, so that functions see it, too.
    namespace.update({n: _stretched(trial, shape) for n, shape in held.items()})
    namespace.pop(name, None)
    session.tracer.stand_in = _stand_in(session, trial)
    try:
        ran = run_cell(target.cell, target.parts, namespace, limits)
        is_set, value = name in namespace, namespace.get(name)
    finally:
        session.tracer.stand_in = None
        namespace.clear()
        namespace.update(before)
    if not is_set and ran.failures:
        return None, "", f"{ran.failures[-1]['type']}: {ran.failures[-1]['message']}"[:200]
    array = to_array(value)
    kind = type(value).__name__[:40] if array is None or array.size <= 1 else f"array of {array.size}"
    return value, kind, ""


def _stretched(trial: Array, shape: tuple[int, ...]) -> Array:
    """Return the matrix as long and as wide as the student's own was, so that no index runs out of it."""
    rows, classes = shape[0], trial.shape[1]
    tall = np.resize(trial, (rows, classes))
    wide = np.zeros((rows, max(shape[-1], classes)), tall.dtype)
    wide[:, :classes] = tall
    return wide


def replay_tape(
    session: Session,
    *,
    cells: Mapping[int, Sequence[Statement]],
    namespace: dict[str, Any],
    image_shape: tuple[int, ...],
    limits: CellLimits,
    after: Callable[[int], None],
    results: frozenset[str],
) -> None:
    """Run a hand-written loop again on images prepared as the lab says, where the student's own preparation sank it.

    Each part answers for what was written there: a loop is not wrong because the images lack an axis. Behind it run the
    statements that give `results`, which are made of what the loop leaves. `after` is told the cell of each.
    """
    for name in session.watched:
        split = "train" if "train" in name.lower() else "test"
        namespace[name] = session.images.prepared(split, image_shape)
    before: list[Statement] = []
    given, has_run = session.watched | session.surrogates.names_given, False
    for index, parts in cells.items():
        for part in parts:
            before.append(part)
            if part.tree is not None and "GradientTape" in ast.dump(part.tree):
                chosen, has_run = tuple(_slice(before, given)), True
            elif has_run and (_stored(part.tree) | _changed(part.tree)) & results:
                chosen = (part,)
            else:
                continue
            run_cell(index, chosen, namespace, limits)
            after(index)


def _stand_in(session: Session, trial: Array) -> Callable[[Any, Any], Array]:
    """Return what `predict` answers during a trial: the chosen row of each image, by its place in the test split."""

    def predict(_model: object, images: object) -> Array:
        rows = np.arange(len(trial))
        with contextlib.suppress(Exception):
            _, rows = session.images.rows(images)
        return np.asarray(trial[np.maximum(rows, 0) % len(trial)])

    return predict
