"""The few things of absent packages that parts hang on: pieces of arrays, scaled pixels, labels, curves, largest ones.

They are splitting and scaling arrays, plotting a history, and finding the largest value of a row. A stand-in that only
answers politely would lose the training that follows a split, the curves of a table, and the digit that is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

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


class Folds:
    """Pieces of arrays that take turns, as scikit-learn's `KFold` and `StratifiedKFold` make them."""

    def __init__(self, n_splits: int = 5, *, shuffle: bool = False, random_state: int | None = None) -> None:
        self.n_splits, self._shuffle, self._seed = n_splits, shuffle, random_state

    def split(self, data: Any, _y: object = None, _groups: object = None) -> Iterator[tuple[Any, Any]]:
        """Yield the indices of all other pieces, and of one."""
        rows = len(data)
        order = np.random.default_rng(self._seed).permutation(rows) if self._shuffle else np.arange(rows)
        for piece in np.array_split(order, self.n_splits):
            yield np.setdiff1d(order, piece), np.sort(piece)

    def get_n_splits(self, *_args: object) -> int:
        """Return how many pieces there are."""
        return self.n_splits


class MinMaxScaler:
    """Columns from one number to another, as scikit-learn's class of this name makes them."""

    def __init__(self, feature_range: tuple[float, float] = (0, 1), **_options: object) -> None:
        self._range = feature_range
        self._lowest: Any = 0.0
        self._span: Any = 1.0

    def fit(self, data: Any, _y: object = None) -> Self:
        """Learn the smallest and the largest value of each column."""
        values = np.asarray(data)
        self._lowest = values.min(axis=0).astype(np.float64)
        self._span = _divisor(values.max(axis=0) - self._lowest)
        return self

    def transform(self, data: Any) -> Any:
        """Return the columns in their new range."""
        low, high = self._range
        return _as_float(data, self._lowest, self._span) * (high - low) + low

    def fit_transform(self, data: Any, _y: object = None) -> Any:
        """Do both."""
        return self.fit(data).transform(data)


class StandardScaler(MinMaxScaler):
    """Columns with a mean of 0 and a standard deviation of 1."""

    def __init__(self, **_options: object) -> None:
        super().__init__()

    def fit(self, data: Any, _y: object = None) -> Self:
        """Learn the mean and the deviation of each column."""
        self._lowest = np.mean(data, axis=0, dtype=np.float64)
        self._span = _divisor(np.std(data, axis=0, dtype=np.float64))
        return self


def _divisor(span: Any) -> Any:
    """Return what columns are divided by: one that never changes stays as it is."""
    return np.where(span == 0, 1.0, span)


def _as_float(data: Any, offset: Any, span: Any) -> Any:
    """Return (data - offset) / span in the type of the data where that is a float, in double precision otherwise."""
    values = np.asarray(data)
    kind = values.dtype if values.dtype.kind == "f" else np.float64
    scaled = values.astype(kind)
    scaled -= offset
    scaled /= span
    return scaled


class Encoder:
    """One-hot rows of labels, as scikit-learn's `OneHotEncoder` and `LabelBinarizer` make them."""

    def __init__(self, *_args: object, **_options: object) -> None:
        self.classes_: Any = np.zeros(0)

    def fit(self, labels: Any, _y: object = None) -> Self:
        """Learn which labels there are."""
        self.classes_ = np.unique(np.asarray(labels))
        return self

    def transform(self, labels: Any) -> Rows:
        """Return a row for each label."""
        rows: Rows = (np.asarray(labels).reshape(-1, 1) == self.classes_).astype(np.float64).view(Rows)
        return rows

    def fit_transform(self, labels: Any, _y: object = None) -> Rows:
        """Do both."""
        return self.fit(labels).transform(labels)

    def inverse_transform(self, rows: Any) -> Any:
        """Return the label of each row."""
        return self.classes_[np.asarray(rows).argmax(axis=1)]


class Rows(np.ndarray[Any, Any]):
    """An array that gives itself where a table or a sparse matrix is asked for its array."""

    def to_numpy(self, *_args: object, **_options: object) -> Any:
        """Return the array."""
        return np.asarray(self)

    toarray = todense = to_numpy

    def idxmax(self, axis: int = 0, **_options: object) -> Rows:
        """Return the positions of the largest values, as a table does."""
        places: Rows = np.asarray(self).argmax(axis=axis).view(Rows)
        return places

    @property
    def values(self) -> Any:
        """The array."""
        return np.asarray(self)


def get_dummies(data: Any, *_args: object, **_options: object) -> Rows:
    """Return one-hot rows of labels, as `pandas.get_dummies` does."""
    return Encoder().fit_transform(data)


def lineplot(
    data: Any = None, *, x: Any = None, y: Any = None, ax: Any = None, label: str | None = None, **_options: object
) -> Any:
    """Draw one curve, or each of a table or a dictionary, as `seaborn.lineplot` does."""
    axes = ax if ax is not None else _pyplot().gca()
    if isinstance(data, Mapping) and isinstance(y, str):
        x, y = data.get(x, x), data[y]
    curves = data if isinstance(data, Mapping) and y is None else {label: data if y is None else y}
    for name, curve in curves.items():
        positions = range(len(curve)) if x is None or isinstance(x, str) else x
        axes.plot(list(positions), list(curve), label=name)
    return axes


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

    Of rows of numbers it knows the largest values and the means. Whatever else is asked of it gives the table again, as
    a stand-in would.
    """

    def __init__(self, data: Any = (), columns: Sequence[str] | None = None, **_options: object) -> None:
        named = data if isinstance(data, Mapping) else {}
        self._rows = None if named else _rows_of(data)
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
        if self._rows is not None and name in ("idxmax", "mean", "values", "to_numpy"):
            return getattr(self._rows, name)
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


class Series(Column):
    """What `pandas.Series` is for a row of probabilities: it knows where the largest one is.

    Whatever else is asked of it gives a table without columns, which answers as a stand-in would.
    """

    def __init__(self, data: Any = (), *_args: object, **_options: object) -> None:
        super().__init__(data.values() if isinstance(data, Mapping) else data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Table()

    def idxmax(self) -> int:
        """Return the position of the largest value."""
        return int(np.argmax(self))

    argmax = idxmax


def _rows_of(data: Any) -> Rows | None:
    """Return rows of numbers as an array, or None for what is none."""
    try:
        rows = np.asarray(data, np.float64)
    except (TypeError, ValueError):
        return None
    return rows.view(Rows) if rows.ndim == 2 and rows.size else None  # noqa: PLR2004 - rows × columns


def _pyplot() -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - only where something is drawn

    return plt


LOOKALIKES: dict[str, Callable[..., Any]] = {
    "sklearn.model_selection.train_test_split": train_test_split,
    "sklearn.model_selection.KFold": Folds,
    "sklearn.model_selection.StratifiedKFold": Folds,
    "sklearn.preprocessing.MinMaxScaler": MinMaxScaler,
    "sklearn.preprocessing.StandardScaler": StandardScaler,
    "sklearn.preprocessing.OneHotEncoder": Encoder,
    "sklearn.preprocessing.LabelBinarizer": Encoder,
    "pandas.DataFrame": Table,
    "pandas.Series": Series,
    "pandas.get_dummies": get_dummies,
    "seaborn.lineplot": lineplot,
}
"""What stands for a name of a declared package, instead of something that answers everything."""
