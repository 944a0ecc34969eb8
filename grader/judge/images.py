"""Questions about the images: were they scaled, and do they have the shape that the lab asks for?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from grader.evidence import Call, DataFacts, FunctionRun
from grader.judge.case import Case
from grader.judge.reading import complain_of_failures, nothing_recorded, place_of, require_filled
from grader.judge.verdict import Problem, fail
from grader.language import gettext as _
from grader.language import pgettext
from grader.wire import handed_over

CLASSES = 10
PIXELS = 784
LARGEST_PIXEL = 255
ROUNDING = 2
"""By how much pixels that were scaled may differ from the raw ones, times the largest: some divide by 256."""

SCALING_LAYERS = frozenset({"Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "Lambda"})
"""Layers that may do what the lab asks to do with the pixels."""

LOWEST, HIGHEST, DARK, BRIGHT = -1e-3, 1.001, 0.5, 0.9
"""Scaled images lie between the first two, with rounding, and have pixels darker and brighter than the others."""


def require_scaled(case: Case, part_id: str) -> None:
    """Ask whether the pixels of both splits are floating-point numbers from 0 to 1."""
    _require(case, part_id, "scale")


def require_shape(case: Case, part_id: str) -> None:
    """Ask whether the images of both splits have the shape of the lab."""
    _require(case, part_id, "shape")


def are_scaled(case: Case) -> bool:
    """Tell whether what the networks were trained with was scaled; where it was not, that explains poor results.

    They may have been trained by hand, too, with batches of a dataset.
    """
    fed = [call.data for call in case.calls("fit") if call.data is not None]
    batches = [one.data for one in case.evidence.datasets if one.data is not None]
    is_fed_well = all(_problem_with(case, data, "scale") is None for data in fed)
    return is_fed_well and not any(are_scaled_otherwise(case, data) for data in batches)


def feeding_problem(case: Case, call: Call) -> Problem | None:
    """Return that a call is given other pixels than those that were scaled for it: raw ones, or scaled once more.

    Nothing is said where there are no scaled ones, which is another part's question, or where the network may scale.
    """
    data = call.data
    if data is None or not are_scaled_otherwise(case, data):
        return None
    layers = [layer.kind for one in case.evidence.snapshots if one.model == call.model for layer in one.layers]
    if not layers or SCALING_LAYERS & set(layers):
        return None
    return "fed-otherwise", {"what": call.name, "low": data.low, "high": data.high}


def are_scaled_otherwise(case: Case, data: DataFacts) -> bool:
    """Tell whether pixels are raw, or were divided once too often, although there are scaled images of their split."""
    return _times_divided(data) not in (None, 1) and _has_scaled(case, data.split)


def _times_divided(data: DataFacts) -> int | None:
    """Return how many times pixels were divided by their largest value, or None where that was not all."""
    if data.scale is None or data.offset is None or data.scale <= 0 or abs(data.offset) > BRIGHT * data.scale:
        return None
    return round(-math.log(data.scale, LARGEST_PIXEL))


def _has_scaled(case: Case, split: str) -> bool:
    """Tell whether there are scaled images of a split: under the lab's names, or by a function of the lab.

    Where a function of the lab gives images that are scaled already, it answers for what becomes of them.
    """
    given = [data for run in case.evidence.functions for data in run.facts if data is not None]
    if any(data.split == split and _times_divided(data) for data in given):
        return False
    names = _names(case, split)
    last = [value.data for value in case.evidence.values if value.name in names][-1:]
    is_named = any(_problem_with(case, data, "scale") is None for data in last)
    return is_named or any(_is_scaling(case, run) for run in case.evidence.functions)


def _is_scaling(case: Case, run: FunctionRun) -> bool:
    """Tell whether a function of the lab gives back the pixels that it was given, divided by the largest."""
    trials = case.arguments.get(run.name, ())
    given = handed_over(trials[run.trial]) if run.trial < len(trials) else ()
    return len(given) == len(run.results) > 0 and all(
        result is not None
        and result.shape == np.shape(pixels)
        and np.allclose(result * LARGEST_PIXEL, pixels, rtol=0, atol=ROUNDING)
        for pixels, result in zip(given, run.results, strict=True)
    )


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
            names = set(_names(case, split))
            complain_of_failures(case, [p for p in case.places(case.lab.part(part_id)) if names & {*p[1].assigns}])
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
        if data.shape != case.lab.image_shape:
            return "images-shape", {"found": shape_of(data.shape), "wanted": shape_of(case.lab.image_shape)}
        return ("images-changed", {}) if _is_changed(case, data) else None
    if not data.dtype.startswith(("float", "bfloat")):
        return "images-type", {"found": data.dtype}
    if LOWEST <= data.low <= DARK and BRIGHT <= data.high <= HIGHEST:
        return None
    return "images-range", {"low": data.low, "high": data.high}


def are_changed(case: Case) -> bool:
    """Tell whether what the lab's names hold are not its pictures any more, which explains poor results, too."""
    last = {value.name: value.data for value in case.evidence.values if value.name in case.lab.watched}
    return any(_is_changed(case, data) for data in last.values())


def _is_changed(case: Case, data: DataFacts) -> bool:
    """Tell whether images are not those of the lab, though they are as many; more of them were made in another way.

    Each pixel standardised by itself gives numbers below 0, and is a question of the scale.
    """
    is_picture = math.prod(data.shape) == PIXELS and data.low >= LOWEST
    known = [value.data for value in case.evidence.values]
    sizes = {each.rows for each in known if each.split != "other" or each.labels in ("integer", "one_hot")}
    return is_picture and data.split == "other" and data.rows in sizes


def is_one_hot(labels: DataFacts) -> bool:
    """Tell whether labels are rows of ten numbers, from 0 to 1."""
    return labels.shape == (CLASSES,) and (labels.low, labels.high) == (0.0, 1.0)


def shape_of(shape: tuple[int, ...]) -> str:
    """Return a shape in words."""
    return " × ".join(map(str, shape)) or _("of a single number")


def split_name(split: str) -> str:
    """Return how the images of a split are called: those for `train` are the training images."""
    return pgettext("images", "training") if split == "train" else pgettext("images", "test")
