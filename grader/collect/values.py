"""What is kept in names that a lab asks about: lists of numbers, and datasets with the steps that made them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.collect.identity import to_array
from grader.collect.looking import attempt
from grader.collect.session import Session
from grader.collect.story import plain_number

NUMBERS_LIMIT = 1_000
"""Numbers of a name that are told; a lab asks for one an epoch."""

STEPS_LIMIT = 20
"""Steps of a dataset that are followed back to its beginning."""


class Watch:
    """Tells what watched names hold, each time that is new."""

    def __init__(self, session: Session, numbers: frozenset[str], datasets: Sequence[str]) -> None:
        self._session, self._numbers, self._datasets = session, numbers, frozenset(map(str, datasets))
        self._told: dict[str, Any] = {}

    def look(self, cell: int, namespace: Mapping[str, Any]) -> None:
        """Look at the names after a statement of a cell."""
        for name in self._numbers & namespace.keys():
            attempt(functools.partial(self._tell_numbers, cell, name, namespace[name]))
        for name in self._datasets & namespace.keys():
            value = namespace[name]
            is_ours = any(value is made for made in self._session.surrogates.datasets_made)
            if self._told.get(name) is not value and hasattr(value, "element_spec") and not is_ours:
                self._told[name] = value
                attempt(functools.partial(self._tell_dataset, cell, name, value))

    def _tell_numbers(self, cell: int, name: str, value: Any) -> None:
        values = value if isinstance(value, list | tuple) else [value] if to_array(value) is None else np.ravel(value)
        numbers = [plain_number(each) for each in values[:NUMBERS_LIMIT]]
        if self._told.get(name) != numbers:
            self._told[name] = numbers
            self._session.story.send("numbers", {"cell": cell, "name": name, "numbers": numbers})

    def _tell_dataset(self, cell: int, name: str, dataset: Any) -> None:
        fields = {"cell": cell, "name": name, "steps": steps_of(dataset), "data": self._session.images.facts(dataset)}
        self._session.story.send("dataset", fields)


def steps_of(dataset: Any) -> list[list[Any]]:
    """Return the steps that made a dataset, the first one first, as pairs such as `["batch", 64]`."""
    found: list[list[Any]] = []
    while dataset is not None and len(found) < STEPS_LIMIT:
        kind = type(dataset).__name__.lower()
        if "shuffle" in kind:
            is_again = getattr(dataset, "_reshuffle_each_iteration", True) is not False
            found.append(["shuffle" if is_again else "shuffle_once", _size(dataset, "_buffer_size")])
        elif "batch" in kind:
            found.append(["batch", _size(dataset, "_batch_size")])
        else:
            found.append([kind.strip("_").removesuffix("dataset"), None])
        dataset = getattr(dataset, "_input_dataset", None)
    return found[::-1]


def _size(dataset: Any, name: str) -> int | None:
    number = plain_number(getattr(dataset, name, None))
    return None if number is None else int(number)
