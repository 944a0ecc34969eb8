"""What the clean second worker found out: plain values between verify and judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.model import LayerRow
from grader.wire import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNetwork:
    """One network snapshot, built again from spec and weights.

    `outputs` are float32 (held-out images, classes); `rebuilt` is False where the network could not be built again and
    the outputs are the first worker's claim, made without knowing the labels.
    """

    model: int
    call: int
    layers: tuple[LayerRow, ...]
    parameters: int
    rebuilt: bool
    outputs: Array | None = field(repr=False)
    problem: str = ""

    def translated(self, relabelling: Sequence[int]) -> VerifiedNetwork:
        """Return the same with the outputs in the order of the true digits; further outputs stay where they are."""
        return self if self.outputs is None else replace(self, outputs=_in_order(self.outputs, relabelling))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStep:
    """One step of a hand-written loop, compared with the true mean cross-entropy of its images.

    `cosine` is the cosine between the given and the true gradient; `norm_ratio` the ratio of their norms; `loss` the
    true mean loss (nats); `descent` the cosine between the change of the weights and the true gradient (−1: straight
    downhill); `moved` the norm of that change; `distributions` whether the network's outputs are probabilities at all;
    `as_logits` whether the loss for logits is the one that the gradient agrees with.
    """

    number: int
    cosine: float
    norm_ratio: float
    loss: float
    descent: float
    moved: float
    stochastic: bool
    distributions: bool
    as_logits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Everything that was recomputed; networks by (model, call), steps by number. Held-out labels: uint8 (n,).

    `initial` has, by model, the outputs float32 (m, classes) before training for the first m held-out images. `losses`
    has, by number of step, the mean cross-entropy (nats) of the outputs that a network which cannot be rebuilt is said
    to give for its batch.
    """

    networks: Mapping[tuple[int, int], VerifiedNetwork]
    steps: Mapping[int, VerifiedStep]
    labels: Array = field(repr=False)
    images: Array = field(repr=False)
    initial: Mapping[int, Array] = field(default_factory=dict, repr=False)
    losses: Mapping[int, float | None] = field(default_factory=dict)
    fault: str = ""

    def translated(self, relabelling: Sequence[int]) -> Verified:
        """Return the same with the outputs in the order of the true digits: `relabelling[d]` is digit d's output."""
        known = {key: network.translated(relabelling) for key, network in self.networks.items()}
        initial = {model: _in_order(outputs, relabelling) for model, outputs in self.initial.items()}
        return replace(self, networks=known, initial=initial)


def _in_order(outputs: Array, relabelling: Sequence[int]) -> Array:
    if outputs.ndim != 2 or outputs.shape[1] < len(relabelling):  # noqa: PLR2004 - images × classes
        return outputs
    return outputs[:, [*relabelling, *range(len(relabelling), outputs.shape[1])]]
