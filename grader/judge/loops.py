"""Questions about what surrounds a hand-written training step: its dataset, and the mean loss of each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.evidence import Dataset
from grader.judge import tape
from grader.judge.case import Case
from grader.judge.images import split_name
from grader.judge.reading import complain_of_failures, nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.labs import Anchor
from grader.language import gettext as _
from grader.wire import Array

LOOPS = 3
"""How many loops of the same length there may be: a first try, and the same once more."""

MEAN_TOLERANCE = 0.02
"""Relative error of a mean loss: the last batch is smaller, and may count as a whole one."""


def require_batched(case: Case, part_id: str, name: str, split: str) -> None:
    """Ask whether a dataset gives batches of images of a split with their labels."""
    dataset = _dataset(case, part_id, name)
    place = place_of(case, part_id)
    sizes = [size for step, size in dataset.steps if step == "batch"]
    if not sizes or sizes[-1] == 1:
        fail("not-batched", place, name=name)
    data = dataset.data
    if data is None or data.split != split:
        fail("dataset-split", place, name=name, wanted=split_name(split))
    if data.labels == "absent":
        fail("dataset-without-labels", place, name=name)
    if data.labels not in ("integer", "one_hot"):
        fail("labels-do-not-match", place)


def require_shuffled(case: Case, part_id: str, name: str) -> None:
    """Ask whether a dataset is shuffled before it is cut into batches, over more than a batch."""
    dataset = _dataset(case, part_id, name)
    place = place_of(case, part_id)
    steps = [step for step, _ in dataset.steps]
    if not {"shuffle", "shuffle_once"} & set(steps):
        fail("not-shuffled", place, name=name)
    if "shuffle" not in steps or "cache" in steps[_last(steps, "shuffle") :]:
        fail("same-order", place, name=name)
    if "batch" in steps and steps.index("shuffle") > steps.index("batch"):
        fail("shuffled-batches", place, name=name)
    buffer = next(size for step, size in dataset.steps if step == "shuffle")
    batch = next((size for step, size in dataset.steps if step == "batch"), None)
    if buffer is not None and buffer <= (batch or 1):
        fail("small-buffer", place, name=name, found=buffer)


def _last(steps: Sequence[str], name: str) -> int:
    return max(place for place, step in enumerate(steps) if step == name)


def _dataset(case: Case, part_id: str, name: str) -> Dataset:
    require_filled(case, part_id)
    found = [dataset for dataset in case.evidence.datasets if dataset.name == name]
    if not found:
        nothing_recorded(case, part_id, _("`{name}` is no `tf.data.Dataset`.").format(name=name))
    return found[-1]


def require_epoch_means(case: Case, part_id: str, name: str) -> None:
    """Ask whether a list holds the mean loss of each epoch of the hand-written loop."""
    require_filled(case, part_id)
    found = [numbers.numbers for numbers in case.evidence.numbers if numbers.name == name]
    losses = [loss for loss in case.evidence.losses if loss is not None]
    if not losses:
        nothing_recorded(case, part_id, _("No hand-written training step was recorded."))
    given = [number for number in (found[-1] if found else ()) if number is not None]
    if not given:
        nothing_recorded(case, part_id, _("`{name}` holds no numbers.").format(name=name))
    place = place_of(case, part_id)
    if len(given) > 1 and (_are_losses_unknown(case) or _are_means(given, losses)):
        return
    is_one_each = len(given) > 1 and len(losses) >= 2 * len(given) and len(losses) % len(given) == 0
    epochs = np.asarray(losses).reshape(len(given) if is_one_each else 1, -1)
    # A loop that was stopped in the middle leaves other losses than it should.
    complain_of_failures(case, list(case.marks(Anchor(tape=True))))
    if not is_one_each:
        fail("epochs-one" if len(given) == 1 else "epochs-count", place, name=name, found=len(given))
    for defect, other in (
        ("epoch-sums", epochs.sum(axis=1)),
        ("epoch-last-loss", epochs[:, -1]),
        ("epoch-not-reset", np.cumsum(epochs.sum(axis=1)) / epochs.shape[1]),
        ("epoch-not-reset", np.cumsum(epochs.sum(axis=1))),
    ):
        if _are_close(given, other):
            fail(defect, place, name=name)
    fail("epoch-other-means", place, name=name)


def _are_losses_unknown(case: Case) -> bool:
    """Tell whether the loop does not show its losses, which is said of the loop: no list can be wrong then.

    Most batches have no gradient, or it is not that of a loss anywhere.
    """
    shapes = [step.target_shape for step in case.evidence.tape]
    return tape.has_idle_batches(case) or (bool(shapes) and all(len(shape) > 1 for shape in shapes))


def _are_means(given: Sequence[float], losses: Sequence[float]) -> bool:
    """Tell whether numbers are mean losses of epochs: of all steps, or of the first or the last of several loops."""
    longest = len(losses) // len(given)
    for steps in range(longest, max(longest // LOOPS, 2) - 1, -1):
        count = steps * len(given)
        for part in (losses[-count:], losses[:count]):
            if _are_close(given, np.asarray(part).reshape(len(given), -1).mean(axis=1)):
                return True
    return False


def _are_close(given: Sequence[float], wanted: Array) -> bool:
    return bool(np.allclose(given, wanted, rtol=MEAN_TOLERANCE, atol=1e-6))
