"""Questions about what surrounds a hand-written training step: its dataset, and the mean loss of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from grader.evidence import Dataset
from grader.judge import tape
from grader.judge.case import Case
from grader.judge.images import are_scaled_otherwise, split_name
from grader.judge.reading import complain_of_failures, nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.labs import Anchor
from grader.language import gettext as _
from grader.wire import Array

ENDLESS = 1_000_000
"""Rows that a dataset counts as which repeats for ever."""

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
    if are_scaled_otherwise(case, data):
        fail("fed-otherwise", place, what=name, low=data.low, high=data.high)
    if data.labels == "absent":
        fail("dataset-without-labels", place, name=name)
    if data.labels not in ("integer", "one_hot"):
        fail("labels-do-not-match", place)
    if data.rows >= ENDLESS and _has_endless_loop(case):
        fail("endless-dataset", place, name=name)


def _has_endless_loop(case: Case) -> bool:
    """Tell whether a loop with a tape had to be ended; whoever takes a number of batches may have a dataset repeat."""
    loops = [cell for cell, _mark in case.marks(Anchor(tape=True))]
    return any(cell.state in ("budget_reached", "timed_out") for cell in loops)


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
    losses = np.array([loss for loss in case.evidence.losses if loss is not None], np.float64)
    if not losses.size:
        nothing_recorded(case, part_id, _("No hand-written training step was recorded."))
    given = [number for number in (found[-1] if found else ()) if number is not None]
    if not given:
        nothing_recorded(case, part_id, _("`{name}` holds no numbers.").format(name=name))
    place = place_of(case, part_id)
    if len(given) > 1 and (_are_losses_unknown(case) or _are_means(given, losses)):
        return
    # A loop that was stopped in the middle leaves other losses than it should.
    complain_of_failures(case, list(case.marks(Anchor(tape=True))))
    if len(given) == 1:
        fail("epochs-one", place, name=name, found=1)
    fail(_mistake(case, given, losses), place, name=name, found=len(given))


def _are_losses_unknown(case: Case) -> bool:
    """Tell whether the loop does not show its losses, which is said of the loop: no list can be wrong then.

    Most batches have no gradient, or it is not that of a loss anywhere.
    """
    shapes = [step.target_shape for step in case.evidence.tape]
    return tape.has_idle_batches(case) or (bool(shapes) and all(len(shape) > 1 for shape in shapes))


def _are_means(given: Sequence[float], losses: Array) -> bool:
    return any(_are_close(given, epochs.mean(axis=1)) for epochs in _ways_to_cut(given, losses))


def _mistake(case: Case, given: Sequence[float], losses: Array) -> str:
    """Return what became of the losses instead of their means."""
    for defect, mistake in _MISTAKES:
        if any(_are_close(given, mistake(epochs)) for epochs in _ways_to_cut(given, losses)):
            return defect
    # Of several loops it is not known how many epochs they had.
    is_one_loop = len({(step.cell, step.line) for step in case.evidence.tape}) == 1
    is_miscounted = len(losses) < 2 * len(given) or (is_one_loop and len(losses) % len(given))
    return "epochs-count" if is_miscounted else "epoch-other-means"


_MISTAKES: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("epoch-sums", lambda epochs: epochs.sum(axis=1)),
    ("epoch-last-loss", lambda epochs: epochs[:, -1]),
    ("epoch-not-reset", lambda epochs: np.cumsum(epochs.sum(axis=1)) / epochs.shape[1]),
    ("epoch-not-reset", lambda epochs: np.cumsum(epochs.sum(axis=1))),
    ("epoch-not-reset", lambda epochs: np.cumsum(epochs.mean(axis=1)) / np.arange(1, len(epochs) + 1)),
)
"""What the losses of epochs (epochs, batches) become by mistake; the last one is a mean that is never begun anew."""


def _ways_to_cut(given: Sequence[float], losses: Array) -> Iterator[Array]:
    """Yield the losses by epochs (epochs, batches): of all steps, or of the first or the last of several loops."""
    longest = len(losses) // len(given)
    for steps in range(longest, max(longest // LOOPS, 2) - 1, -1):
        count = steps * len(given)
        for part in (losses[-count:], losses[:count]):
            yield part.reshape(len(given), -1)


def _are_close(given: Sequence[float], wanted: Array) -> bool:
    # As `np.allclose`, which takes ten times as long where there are thousands of ways to cut.
    return bool((np.abs(np.subtract(given, wanted)) <= 1e-6 + MEAN_TOLERANCE * np.abs(wanted)).all())
