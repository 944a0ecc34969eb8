"""The few things of absent packages that parts of a lab can hang on: splitting arrays, and plotting a history.

A stand-in that only answers politely would lose the training that follows a split, and the curves of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

TEST_SHARE = 0.25
"""What scikit-learn sets aside where nothing is said."""


def train_test_split(
    *arrays: Any,
    test_size: float | None = None,
    train_size: float | None = None,
    random_state: int | None = None,
    shuffle: bool = True,
    stratify: object = None,
) -> list[Any]:
    """Return each array in two pieces, as `sklearn.model_selection.train_test_split` does; `stratify` is left out."""
    del stratify
    rows = len(arrays[0])
    order = np.random.default_rng(random_state).permutation(rows) if shuffle else np.arange(rows)
    cut = _rows_kept(rows, test_size, train_size)
    pieces = [(np.asarray(array)[order[:cut]], np.asarray(array)[order[cut:]]) for array in arrays]
    return [piece for both in pieces for piece in both]


def _rows_kept(rows: int, test_size: float | None, train_size: float | None) -> int:
    size = test_size if test_size is not None or train_size is not None else TEST_SHARE
    if size is not None:
        return rows - (int(np.ceil(size * rows)) if isinstance(size, float) else int(size))
    return int(float(train_size or 0) * rows) if isinstance(train_size, float) else int(train_size or 0)


class Column(list[Any]):
    """One column of a table."""

    name = ""

    def plot(self, *_args: object, ax: Any = None, label: str | None = None, **_options: object) -> Any:
        """Draw the values over their positions."""
        axes = ax if ax is not None else _pyplot().gca()
        axes.plot(list(self), label=label or self.name)
        return axes


class Table(dict[str, Any]):
    """What `pandas.DataFrame` is for a history: columns of the same length, each under its name.

    Whatever else is asked of it gives the table again, as a stand-in would.
    """

    def __init__(self, data: Any = (), columns: Sequence[str] | None = None, **_options: object) -> None:
        named = data if isinstance(data, Mapping) else {}
        super().__init__({str(name): named[name] for name in (columns or named) if name in named})

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, list):
            return Table({name: self[name] for name in key})
        column = Column(self.get(key, ()))
        column.name = str(key)
        return column

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self[name] if name in self.columns else self

    def __call__(self, *_args: object, **_options: object) -> Table:
        """Answer what would be a method."""
        return self

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self)

    def plot(self, x: str | None = None, y: Any = None, *, ax: Any = None, **options: Any) -> Any:
        """Draw all columns, or those that are named, into one picture of its own."""
        if ax is None:
            ax = _pyplot().figure(figsize=options.get("figsize")).add_subplot()
        names = [name for name in self if name != x] if y is None else [y] if isinstance(y, str) else list(y)
        for name in names:
            ax.plot(self[x] if x else range(len(self[name])), self[name], label=name)
        return ax


def _pyplot() -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - only where something is drawn

    return plt


LOOKALIKES: dict[str, Callable[..., Any]] = {
    "sklearn.model_selection.train_test_split": train_test_split,
    "pandas.DataFrame": Table,
}
"""What stands for a name of a declared package, instead of something that answers everything."""
