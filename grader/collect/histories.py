"""What takes the place of a history, where a training stopped for a mistake made before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader.collect.cells import Statement

EPOCHS_LIMIT = 100
"""Points of a curve of ours; labs ask for a handful of epochs."""


class Curves(dict[str, list[float]]):
    """Curves of a training that never was: made up, each under the name that it is asked for."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs
        for name in ("accuracy", "loss", "val_accuracy", "val_loss"):
            self[name] = self[name]

    def __missing__(self, name: str) -> list[float]:
        self[name] = np.random.default_rng().random(self._epochs).tolist()
        return self[name]


class History:
    """What `fit` returns: `history` has the curves, `epoch` their places."""

    def __init__(self, epochs: int) -> None:
        self.history = Curves(epochs)
        self.epoch = list(range(epochs))
        self.params = {"epochs": epochs}


class Histories:
    """Provides a history under a name that a training should have given a value; `made` are those."""

    def __init__(self, cells: Mapping[int, Sequence[Statement]]) -> None:
        self._cells = cells
        self.made: list[History] = []

    def provide(self, name: str, namespace: dict[str, Any]) -> bool:
        """Put a history into the namespace if a statement assigns to `name` what `fit` gives; tell whether it does."""
        fit = next(_fits(name, self._cells), None)
        if fit is None:
            return False
        self.made.append(History(_epochs(fit, namespace)))
        namespace[name] = self.made[-1]
        return True


def _fits(name: str, cells: Mapping[int, Sequence[Statement]]) -> Iterator[ast.Call]:
    for parts in cells.values():
        for part in parts:
            match part.tree:
                case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Attribute(attr="fit")) as fit):
                    if target == name:
                        yield fit
                case _:
                    pass


def _epochs(fit: ast.Call, namespace: Mapping[str, Any]) -> int:
    given = next((keyword.value for keyword in fit.keywords if keyword.arg == "epochs"), None)
    value = given.value if isinstance(given, ast.Constant) else None
    value = namespace.get(given.id) if isinstance(given, ast.Name) else value
    return min(value, EPOCHS_LIMIT) if isinstance(value, int) and value > 0 else 1
