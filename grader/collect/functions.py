"""Run functions of a submission on arguments that the grader chose, and tell what they return."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.collect.cells import Statement
from grader.collect.identity import to_array
from grader.collect.looking import attempt
from grader.collect.runner import CellLimits, run_cell
from grader.wire import Array, handed_over

if TYPE_CHECKING:
    from grader.collect.session import Session

RESULTS_LIMIT = 8
ELEMENTS_LIMIT = 100_000
"""Elements of a result that are sent; of a larger one, as of a whole data set, only the facts are."""

_RESULT, _ARGUMENTS = "_graded_result", "_graded_arguments"


def try_function(
    session: Session,
    name: str,
    trials: Sequence[Sequence[Array]],
    namespace: dict[str, Any],
    limits: CellLimits,
) -> None:
    """Send what a function returns for each trial; nothing where the submission has no such function."""
    if not callable(namespace.get(name)):
        return
    tree = ast.parse(f"{_RESULT} = {name}(*{_ARGUMENTS})").body[0]
    call = Statement(line=1, source="", tree=tree)
    for number, arguments in enumerate(trials):
        namespace[_ARGUMENTS] = tuple(handed_over(arguments))
        namespace.pop(_RESULT, None)
        ran = run_cell(0, (call,), namespace, limits)
        error = ran.failures[-1] if ran.failures else None
        value = namespace.pop(_RESULT, None)
        del namespace[_ARGUMENTS]
        fields: Mapping[str, Any] = {
            "name": name,
            "trial": number,
            "error": "" if error is None else f"{error['type']}: {error['message']}"[:300],
            "cell": None if error is None else error["cell"] or None,
            "line": None if error is None else error["line"],
        }
        results = _flat(value)[:RESULTS_LIMIT]
        arrays = [to_array(result) for result in results]
        small = {f"r{n}": _sendable(a) for n, a in enumerate(arrays) if a is not None and a.size <= ELEMENTS_LIMIT}
        facts = attempt(functools.partial(_facts, session, results)) or []
        session.story.send("function", {**fields, "kinds": [_kind(r) for r in results], "facts": facts}, small)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple) or (isinstance(value, list) and any(np.ndim(each) for each in value)):
        # What is nested alone, by a comma at the end of a line, say, is no array by itself.
        return [part for each in value for part in ([each] if _is_alone(each) else _flat(each))]
    return [value]


def _is_alone(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 1


def _facts(session: Session, results: Sequence[Any]) -> list[Any]:
    """Return what is known of each result as images; the labels are the result after it, where there are as many."""
    following = [*results[1:], None]
    return [
        session.images.facts(a, b if _rows(a) == _rows(b) else None) for a, b in zip(results, following, strict=True)
    ]


def _rows(value: Any) -> int:
    array = to_array(value)
    return len(array) if array is not None and array.ndim else -1


def _sendable(array: Array) -> Array:
    """Return the array in a type that travels, with the same kind of numbers."""
    wide = {"b": np.uint8, "i": np.int64, "u": np.int64, "f": np.float64}[array.dtype.kind]
    # Not ascontiguousarray, which turns a single number into a list of one.
    return np.asarray(array.astype(wide), order="C")


def _kind(value: Any) -> str:
    array = to_array(value)
    return type(value).__name__[:40] if array is None else f"{array.dtype} {list(array.shape)[:8]}"
