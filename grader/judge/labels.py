"""Questions about labels: whether they are one-hot where the lab asks for that."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from grader.evidence import DataFacts
from grader.judge import images
from grader.judge.case import Case
from grader.judge.reading import nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.language import gettext as _


def are_prepared(case: Case) -> bool:
    """Tell whether the labels that the lab wants one-hot are, as far as they are known under its names."""
    return all(images.is_one_hot(data) for data in _named(case, case.lab.labels))


def are_misplaced(case: Case) -> bool:
    """Tell whether one-hot labels have their ones in wrong places: they go with no images, wherever they are passed."""
    methods = {name: "fit" if "train" in name.lower() else "evaluate" for name in case.lab.labels}
    return any(_are_misplaced(case, [name], method) for name, method in methods.items())


def _are_misplaced(case: Case, names: Collection[str], method: str) -> bool:
    tables = [data for data in _named(case, names) if images.is_one_hot(data)]
    kinds = {call.data.labels for call in case.calls(method) if call.data is not None}
    return any(data.labels == "mismatch" for data in tables) and "one_hot" not in kinds


def _named(case: Case, names: Collection[str]) -> list[DataFacts]:
    """Return what each of the named variables held at last."""
    last = {value.name: value.data for value in case.evidence.values if value.name in names}
    return list(last.values())


def require_one_hot(case: Case, part_id: str, names: Sequence[str]) -> None:
    """Ask whether labels are one-hot: those in the named variables, or else those that networks are given."""
    require_filled(case, part_id)
    test = [name for name in names if "test" in name.lower()]
    _require_one_hot_of(case, part_id, [name for name in names if name not in test], "train", "fit")
    if test:
        _require_one_hot_of(case, part_id, test, "test", "evaluate")


def _require_one_hot_of(case: Case, part_id: str, names: Sequence[str], split: str, method: str) -> None:
    values = [value.data for value in case.evidence.values if value.name in names]
    kinds = {call.data.labels for call in case.calls(method) if call.data is not None}
    if not values and (case.given & set(names) or not kinds):
        nothing_recorded(case, part_id, _("No labels were found."))
    tables = [data for data in values if _is_table(data)]
    # Where they are prepared, but something else is passed, the line that passes it is to blame.
    if not (images.is_one_hot(tables[-1]) if tables else "one_hot" in kinds):
        fail("not-one-hot", place_of(case, part_id, names), split=images.split_name(split))
    if _are_misplaced(case, names, method):
        fail("misplaced-ones", place_of(case, part_id, names), split=images.split_name(split))


def _is_table(data: DataFacts) -> bool:
    """Tell whether labels are rows of several numbers, whatever these are."""
    return math.prod(data.shape) > 1
