"""The training governor: how much of a student's training runs, and when a loop has shown enough.

Counted in images, steps and multiplications, never in seconds, so that a busy machine changes no grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class BudgetReached(BaseException):
    """Ends a hand-written loop; derived from `BaseException` so that a student's `except Exception` lets it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may run at one effort; `None` means as written.

    `multiplications` bounds one `fit` (forward passes), `images` and `steps` bound it too; `epochs` and
    `evaluate_images` bound what their names say; `tape_steps` is the number of steps after which a hand-written loop
    ends; `dataset_images` bounds the rows that `from_tensor_slices` takes, so that such a loop keeps its epochs;
    `refits` is the number of times one network is trained in earnest. `stop_accuracy` ends a `fit` early.
    """

    multiplications: float | None = None
    images: int | None = None
    steps: int | None = None
    epochs: int | None = None
    evaluate_images: int | None = None
    tape_steps: int | None = None
    dataset_images: int | None = None
    refits: int | None = None
    stop_accuracy: float | None = None

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Budget:
        """Build a budget from the job's JSON; missing entries are unlimited."""
        return cls(**{name: fields.get(name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ration:
    """What one call of `fit` gets: `images` in all, `epochs`, and the images of each epoch."""

    images: int
    epochs: int
    per_epoch: int


SECOND_HELPING = 512
"""Images for each further `fit` of a network that has been trained in earnest already."""


def ration(budget: Budget, *, cost: int, rows: int, epochs: int, batch: int, earlier_fits: int) -> Ration | None:
    """Return what a `fit` may use, or None where it may run as written.

    Args:
        budget: the limits of this effort.
        cost: multiplications of one image's forward pass, 0 where unknown.
        rows: images that were passed.
        epochs: epochs that were asked for.
        batch: images in one step.
        earlier_fits: how often this network has been trained before.
    """
    if budget.images is None:
        return None
    allowed: float = budget.images
    if budget.multiplications is not None and cost:
        allowed = min(allowed, budget.multiplications / cost)
    if budget.steps is not None:
        allowed = min(allowed, budget.steps * batch)
    if budget.refits is not None and earlier_fits >= budget.refits:
        allowed = min(allowed, SECOND_HELPING)
    epochs = min(epochs, budget.epochs or epochs)
    total = min(max(int(allowed), batch), rows * epochs)
    per_epoch = max(total // epochs // batch, 1) * batch
    return Ration(images=min(rows, per_epoch * epochs), epochs=epochs, per_epoch=min(per_epoch, rows))
