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
    """Tell whether one-hot labels have their ones in wrong places: they go with no images, wherever they are passed.

    Labels of the other split are such, too.
    """
    methods = {"train": "fit", "test": "evaluate"}
    return any(
        _are_misplaced(case, [name], methods[_split_of(name)]) or _are_of_other_split(case, name)
        for name in case.lab.labels
    )


def _are_of_other_split(case: Case, name: str) -> bool:
    """Tell whether there are as many labels as images of the other split, and not as many as of their own."""
    last = {value.name: value.data for value in case.evidence.values}
    rows = {_split_of(each): last[each].rows for each in case.lab.watched if each in last}
    own = rows.pop(_split_of(name), None)
    return name in last and own is not None and own != last[name].rows in rows.values()


def _split_of(name: str) -> str:
    return "train" if "train" in name.lower() else "test"


def _are_misplaced(case: Case, names: Collection[str], method: str) -> bool:
    kinds = {call.data.labels for call in case.calls(method) if call.data is not None}
    return "one_hot" not in kinds and any(_are_always_wrong(case, name) for name in names)


def _are_always_wrong(case: Case, name: str) -> bool:
    """Tell whether one-hot labels never went with their images; those that did were right before images moved."""
    tables = [value.data for value in case.evidence.values if value.name == name and images.is_one_hot(value.data)]
    return "mismatch" in {data.labels for data in tables} and "one_hot" not in {data.labels for data in tables}


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
    for name in names:
        if _are_of_other_split(case, name):
            fail("labels-of-other-split", place_of(case, part_id, [name]), split=images.split_name(split))
    if _are_misplaced(case, names, method):
        fail("misplaced-ones", place_of(case, part_id, names), split=images.split_name(split))


def _is_table(data: DataFacts) -> bool:
    """Tell whether labels are rows of several numbers, whatever these are."""
    return math.prod(data.shape) > 1
