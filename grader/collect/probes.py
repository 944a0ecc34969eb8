"""Run an expression of the student again on values that the grader chose, so that luck does not pass."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from grader.collect.cells import Statement
from grader.collect.identity import PIXELS, to_array
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


Asks = Callable[[Statement], bool]
"""Tells whether a network was asked for predictions while a statement ran, in whatever function."""


def answers(name: str, cells: Mapping[int, Sequence[Statement]]) -> list[Statement]:
    """Return the statements that assign a name or fill what it holds, apart from those that train."""
    parts = [part for index in sorted(cells) for part in cells[index]]
    return [part for part in parts if part.tree is not None and name in _made(part.tree) and not _trains(part.tree)]


def _trains(tree: ast.stmt | None) -> bool:
    code = "" if tree is None else ast.dump(tree)
    return "GradientTape" in code or "attr='fit'" in code


def printed(name: str, part: Statement) -> list[Statement]:
    """Return statements that assign to a name what `part` prints or calls otherwise; none for plain values."""
    match part.tree:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=arguments)):
            shown = [value for argument in arguments for value in _shown(argument)]
        case ast.Expr(value=value) | ast.Assign(targets=[ast.Name()], value=value):
            shown = [value]
        case _:
            shown = []
    return [_assigning(name, value, part) for value in shown if not isinstance(value, _PLAIN)]


_PLAIN = (ast.Constant, ast.Name, ast.JoinedStr, ast.Starred)


def _shown(argument: ast.expr) -> list[ast.expr]:
    """Return what an argument of `print` shows: itself, or what stands between the braces of a text."""
    if not isinstance(argument, ast.JoinedStr):
        return [argument]
    return [each.value for each in argument.values if isinstance(each, ast.FormattedValue)]


def _assigning(name: str, value: ast.expr, part: Statement) -> Statement:
    tree = ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value)
    tree = ast.fix_missing_locations(ast.copy_location(tree, part.tree or value))
    return Statement(line=part.line, source=part.source, tree=tree)


def find_target(
    cells: Mapping[int, Sequence[Statement]], held: frozenset[str], answer: Statement, asks: Asks = lambda _: False
) -> Target | None:
    """Return where a statement stands, with those between it and the names in `held` that it depends on."""
    parts = [(index, part) for index in sorted(cells) for part in cells[index]]
    for position, (index, part) in enumerate(parts):
        if part.line == answer.line and part.source is answer.source:
            before = [earlier for _, earlier in parts[:position]]
            return Target(cell=index, line=part.line, parts=(*_between(before, answer, held, asks), answer))
    return None


def predicted(session: Session, namespace: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that hold what a network predicted."""
    return frozenset(name for name, value in namespace.items() if _is_prediction(session, value))


def made_of(part: Statement, names: Collection[str]) -> frozenset[str]:
    """Return the names that an assignment makes of others."""
    is_made = isinstance(part.tree, ast.Assign) and not _loaded(part.tree).isdisjoint(names)
    return _stored(part.tree) if is_made else frozenset()


def depends_on(answer: Statement, own: Collection[str], derived: Collection[str]) -> bool:
    """Tell whether a statement uses the predictions in `own`, or what was `derived` from them before."""
    match answer.tree:
        case ast.Assign(value=ast.Subscript(value=ast.Name(id=name))) if name in own:
            return False  # A row of the predictions, as it is.
    return not _loaded(answer.tree).isdisjoint({*own, *derived})


def _between(before: Sequence[Statement], last: Statement, held: frozenset[str], asks: Asks) -> list[Statement]:
    """Return the cheap statements that carry what is held to the last one, such as `first = predictions[0]`.

    What none of them makes keeps the value that it has. What one of them changes, such as a running maximum or a list
    that a loop fills, has to begin as it did for the student.
    """
    makers, known = dict[str, list[Statement]](), set(held)
    for part in before:
        if part.tree is None or not _is_cheap(part.tree):
            continue
        is_derived = bool(_loaded(part.tree) & known) or _predicts(part.tree) or asks(part)
        for name in _made(part.tree) - held:
            if _sets_anew(part.tree, name):
                makers[name] = []
                known.discard(name)
            makers.setdefault(name, []).append(part)
            known |= {name} if is_derived else set()
    chosen = [last]
    wanted = _needed(last, known)
    for part in reversed(before):
        if any(part is maker for name in wanted for maker in makers.get(name, ())):
            wanted |= _needed(part, known)
            chosen.insert(0, part)
    return chosen[:-1]


def _needed(part: Statement, known: Collection[str]) -> set[str]:
    """Return the names that have to be made again for a statement: derived ones, and those that it changes."""
    tree = part.tree
    changed = () if tree is None else (name for name in _made(tree) if not _sets_anew(tree, name))
    return {*_loaded(tree).intersection(known), *changed}


def _made(tree: ast.stmt) -> frozenset[str]:
    """Return the names that a statement assigns, and those of the values that it changes in place."""
    return _stored(tree) | _changed(tree)


def _changed(tree: ast.AST) -> frozenset[str]:
    """Return the names whose values a statement changes in place, as in `name.append(…)` and `name[…] = …`."""
    if isinstance(tree, _SCOPES):
        return frozenset()
    found = frozenset[str]().union(*(_changed(child) for child in ast.iter_child_nodes(tree)))
    match tree:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _FILLING:
            return found | {name}
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
            return found | {name}
        case _:
            return found


_FILLING = frozenset({"append", "extend", "insert", "add", "update", "fill", "sort", "reverse", "remove", "pop"})
"""Methods of lists, sets and arrays that change them."""


def _sets_anew(tree: ast.stmt, name: str) -> bool:
    """Tell whether a statement gives a name a value that does not depend on the one before."""
    is_plain = isinstance(tree, ast.Assign | ast.AnnAssign)
    return is_plain and name in _stored(tree) and name not in _loaded(tree)


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


def _is_cheap(tree: ast.stmt) -> bool:
    """Tell whether a statement may run again: nothing that trains or draws, and no definition."""
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    is_of_kind = isinstance(tree, _CHEAP) or (isinstance(tree, ast.Expr) and bool(_changed(tree)))
    return is_of_kind and not calls & _COSTLY and not _trains(tree)


_CHEAP = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.If, ast.With, ast.Try)
_COSTLY = frozenset({"fit", "train_on_batch", "evaluate", "load_data", "apply_gradients", "show", "imshow", "subplot"})


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
    asks: Asks,
    classes: str,
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
        asks: whether a network was asked for predictions while a statement ran.
        classes: the answer that holds the class of each image, on which others build.
        namespace: the student's global names; they are copied, not changed.
        limits: time of each trial.
    """
    held = {n: np.shape(value) for n, value in namespace.items() if _is_prediction(session, value)}
    tensors = frozenset(name for name in held if isinstance(namespace[name], tf.Tensor))
    own = np.shape(namespace[source]) if source in namespace else (len(session.images), trials.shape[2])
    if len(own) == 2:  # noqa: PLR2004 - images × classes
        held[source] = own
    chosen: list[dict[str, Any]] = [{n: _stretched(trial, shape) for n, shape in held.items()} for trial in trials]
    # Who called the network itself has a tensor, and asks it for what arrays do not have.
    chosen = [{**one, **{n: tf.convert_to_tensor(one[n]) for n in tensors}} for one in chosen]
    # Once as it is written, and once more with the right classes: those found above may be wrong already.
    ways = [chosen]
    if classes and classes != name and classes in _loaded(answer.tree):
        is_list = isinstance(namespace.get(classes), list)
        right = [np.resize(trial, (len(session.images), trials.shape[2])).argmax(axis=1) for trial in trials]
        ways.append([{**one, classes: r.tolist() if is_list else r} for one, r in zip(chosen, right, strict=True)])
    for way in ways:
        target = find_target(cells, frozenset(way[0]), answer, asks)
        if target is not None:
            fields = {"name": name, "cell": target.cell, "line": target.line, "printed": is_printed}
            _try(session, target, fields, trials, way, namespace, limits)


def _try(
    session: Session,
    target: Target,
    fields: Mapping[str, Any],
    trials: Array,
    way: Sequence[Mapping[str, Any]],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> None:
    """Run a target once for each trial, with what is given in that one, and send the answers."""
    answered, arrays, kind, error = [], dict[str, Array](), "", ""
    for number, (trial, given) in enumerate(zip(trials, way, strict=True)):
        value, kind, error = _one_trial(session, target, str(fields["name"]), trial, given, namespace, limits)
        answered.append(plain_number(value))
        whole = whole_numbers(value)
        if whole is not None:
            arrays[f"t{number}"] = whole
    session.story.send("probe", {**fields, "answers": answered, "kind": kind, "error": error}, arrays)


def whole_numbers(value: object) -> Array | None:
    """Return a row or a column of whole numbers, of whatever type; None for anything else."""
    array = to_array(value)
    if array is None or array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)) or array.size > ANSWERS_LIMIT:
        return None
    if array.dtype.kind == "f" and not (array.size and np.array_equal(array, np.rint(array))):
        return None
    return array.reshape(-1).astype(np.int64)


def _is_prediction(session: Session, value: object) -> bool:
    return any(value is result for result, _ in session.predictions)


def _one_trial(
    session: Session,
    target: Target,
    name: str,
    trial: Array,
    given: Mapping[str, Any],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> tuple[Any, str, str]:
    before = dict(namespace)
    # In the student's own namespace, so that functions see it, too.
    namespace.update(given)
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
            elif has_run and part.tree is not None and _made(part.tree) & results:
                chosen = (part,)
            else:
                continue
            run_cell(index, chosen, namespace, limits)
            after(index)


def _stand_in(session: Session, trial: Array) -> Callable[[Any, Any], Array]:
    """Return what `predict` answers during a trial: the chosen row of each image, by its place in the test split."""

    def predict(_model: object, images: object) -> Array:
        _require_batch(images)
        rows = np.arange(len(trial))
        with contextlib.suppress(Exception):
            _, rows = session.images.rows(images)
        # Images that cannot be told apart any more, for a mistake above, are taken in their order.
        return np.asarray(trial[np.where(rows < 0, np.arange(len(rows)), rows) % len(trial)])

    return predict


def _require_batch(images: object) -> None:
    """Refuse a single image, as the network itself does.

    Raises:
        ValueError: the pixels of one image are not in a batch.
    """
    array = to_array(images)
    if array is not None and array.size == PIXELS and len(array) != 1:
        raise ValueError(f"expected is a batch of images, found is a single one of shape {array.shape}")
