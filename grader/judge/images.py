"""Questions about the images: were they scaled, and do they have the shape that the lab asks for?"""

from __future__ import annotations

from collections.abc import Iterator

from grader.evidence import DataFacts
from grader.judge.case import Case
from grader.judge.reading import nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.language import gettext as _
from grader.language import pgettext

CLASSES = 10

LOWEST, HIGHEST, DARK, BRIGHT = -1e-3, 1.001, 0.5, 0.9
"""Scaled images lie between the first two, with rounding, and have pixels darker and brighter than the others."""


def require_scaled(case: Case, part_id: str) -> None:
    """Ask whether the pixels of both splits are floating-point numbers from 0 to 1."""
    _require(case, part_id, "scale")


def require_shape(case: Case, part_id: str) -> None:
    """Ask whether the images of both splits have the shape of the lab."""
    _require(case, part_id, "shape")


def are_scaled(case: Case) -> bool:
    """Tell whether what the networks were trained with was scaled; where it was not, that explains poor results."""
    fed = [call.data for call in case.calls("fit") if call.data is not None]
    return all(_problem_with(case, data, "scale") is None for data in fed)


def are_shaped(case: Case) -> bool:
    """Tell whether the images have the shape that the lab asks for: those for training, and those for validation."""
    fed = [call.data for call in case.calls("fit") if call.data is not None]
    tested = next(_data_of(case, "test"), None)
    return all(_problem_with(case, data, "shape") is None for data in [*fed, *([tested] if tested else [])])


def _require(case: Case, part_id: str, what: str) -> None:
    require_filled(case, part_id)
    for split in ("train", "test"):
        facts = list(_data_of(case, split))
        if not facts:
            nothing_recorded(case, part_id, _("No {split} images were found.").format(split=split_name(split)))
        problems = [_problem_with(case, data, what) for data in facts]
        if all(problem is not None for problem in problems):
            defect, details = problems[0] or ("", {})
            fail(defect, place_of(case, part_id, _names(case, split)), split=split_name(split), **details)


def _names(case: Case, split: str) -> list[str]:
    """Return the names under which the lab keeps the images of a split."""
    return [name for name in case.lab.watched if split in name.lower()]


def _data_of(case: Case, split: str) -> Iterator[DataFacts]:
    """Yield what the named images were at last, then what the networks were given."""
    wanted = _names(case, split)
    named = [value.data for value in case.evidence.values if value.name in wanted]
    yield from named[-1:]
    for call in case.evidence.calls:
        if call.data is not None and call.data.split == split and call.name in ("fit", "evaluate", "predict"):
            yield call.data


def _problem_with(case: Case, data: DataFacts, what: str) -> tuple[str, dict[str, object]] | None:
    if what == "shape":
        if data.shape == case.lab.image_shape:
            return None
        return "images-shape", {"found": shape_of(data.shape), "wanted": shape_of(case.lab.image_shape)}
    if not data.dtype.startswith(("float", "bfloat")):
        return "images-type", {"found": data.dtype}
    if LOWEST <= data.low <= DARK and BRIGHT <= data.high <= HIGHEST:
        return None
    return "images-range", {"low": data.low, "high": data.high}


def is_one_hot(labels: DataFacts) -> bool:
    """Tell whether labels are rows of ten numbers, from 0 to 1."""
    return labels.shape == (CLASSES,) and (labels.low, labels.high) == (0.0, 1.0)


def shape_of(shape: tuple[int, ...]) -> str:
    """Return a shape in words."""
    return " × ".join(map(str, shape)) or _("of a single number")


def split_name(split: str) -> str:
    """Return how the images of a split are called: those for `train` are the training images."""
    return pgettext("images", "training") if split == "train" else pgettext("images", "test")
