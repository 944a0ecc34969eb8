"""What a report shows of a submission's networks: layers, curves, held-out images with answers, and where they differ.

Everything about held-out images comes from the clean worker's outputs and from labels that never left the grader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grader.evidence import Call
from grader.judge.case import Case
from grader.language import gettext as _
from grader.model import History, ModelView, Prediction
from grader.verification import VerifiedNetwork
from grader.wire import Array

PREDICTIONS_SHOWN = 12
MISTAKES_SHOWN = 8
"""Held-out images in a report: the first ones as they come, and the mistakes that the network was surest of."""

CLASSES = 10

_ROUNDING = 1e-2
"""How far the sum of probabilities may be from 1, in half precision too."""


def networks(case: Case) -> tuple[ModelView, ...]:
    """Return a view of each network of the lab that the submission has."""
    return tuple(view for role in case.lab.roles if (view := _network(case, role.id)) is not None)


def predictions(case: Case) -> tuple[tuple[Prediction, ...], tuple[Prediction, ...]]:
    """Return held-out images with the answers of the lab's last trained network: the first ones, and its mistakes.

    Mistakes come with the surest one first; they teach most.
    """
    found = ((role, _last_trained(case, role.id)) for role in reversed(case.lab.roles))
    role, network = next(((role, network) for role, network in found if network is not None), (None, None))
    if role is None or network is None or not _answers_digits(case, network):
        return (), ()
    assert network.outputs is not None
    shares = _shares(network.outputs, logits=role.logits)
    guesses, labels = shares.argmax(axis=1), case.verified.labels
    wrong = np.flatnonzero(guesses != labels)
    surest = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")][:MISTAKES_SHOWN]
    shown = (range(min(PREDICTIONS_SHOWN, len(labels))), surest)
    first, mistakes = (tuple(_prediction(case, shares, int(n)) for n in numbers) for numbers in shown)
    return first, mistakes


def _last_trained(case: Case, role_id: str) -> VerifiedNetwork | None:
    trained = {(s.model, s.call) for s in case.snapshots(role_id) if s.stage == "trained"}
    found = [n for n in case.verified_networks(role_id) if (n.model, n.call) in trained]
    return found[-1] if found else None


def _network(case: Case, role_id: str) -> ModelView | None:
    snapshots = case.snapshots(role_id)
    if not snapshots:
        return None
    role, expected = case.role(role_id), case.expected.networks[role_id]
    shown = _last_trained(case, role_id)
    first = case.verified.networks.get((snapshots[0].model, snapshots[0].call))
    layers = first.layers if first else snapshots[0].layers
    history = _history(case.calls("fit", case.models(role_id)))
    return ModelView(
        role=role_id,
        title=_(role.title),
        variable=case.name_of(snapshots[0].model) or role.variable,
        layers=layers,
        expected_layers=expected.layers,
        parameters=first.parameters if first else snapshots[0].parameters,
        expected_parameters=expected.parameters,
        history=history,
        train_accuracy=history.accuracy[-1] if history.accuracy else None,
        test_accuracy=case.accuracy(shown) if shown else None,
        expected_accuracy=case.expected.accuracy.get(role_id),
        rebuilt=bool(first and first.rebuilt),
        called=role.called,
        confusion=_confusion(case, shown) if shown else (),
    )


def _history(fits: Sequence[Call]) -> History:
    finished = [fit for fit in fits if fit.finished]
    curves = finished[-1].result.get("history") if finished else None
    if not isinstance(curves, Mapping):
        return History()
    accuracy = next((name for name in curves if "acc" in name and not name.startswith("val_")), "accuracy")
    return History(
        loss=_curve(curves.get("loss")),
        accuracy=_curve(curves.get(accuracy)),
        val_loss=_curve(curves.get("val_loss")),
        val_accuracy=_curve(curves.get(f"val_{accuracy}")),
    )


def _curve(values: object) -> tuple[float, ...]:
    """Return a curve; what was not a number when it was recorded is NaN here, so that epochs keep their place."""
    if not isinstance(values, list):
        return ()
    return tuple(float(v) if isinstance(v, int | float) else float("nan") for v in values)


def _answers_digits(case: Case, network: VerifiedNetwork) -> bool:
    outputs = network.outputs
    return outputs is not None and outputs.shape == (len(case.verified.labels), CLASSES)


def _confusion(case: Case, network: VerifiedNetwork) -> tuple[tuple[int, ...], ...]:
    """Return how many held-out images of each digit (rows) got each answer (columns)."""
    if not _answers_digits(case, network) or case.accuracy(network) is None:
        return ()
    assert network.outputs is not None
    pairs = case.verified.labels.astype(np.int64) * CLASSES + network.outputs.argmax(axis=1)
    counts = np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    return tuple(tuple(map(int, row)) for row in counts)


def _shares(outputs: Array, *, logits: bool) -> Array:
    """Return how sure a network is of each digit, float64 (images, digits) in 0 to 1.

    Logits become probabilities, if they are not there already; all other outputs are shown as they are.
    """
    values = np.nan_to_num(outputs.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    is_done = values.min(initial=0.0) >= 0 and np.allclose(values.sum(axis=1), 1, atol=_ROUNDING)
    if logits and not is_done:
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        values = raised / raised.sum(axis=1, keepdims=True)
    return np.clip(values, 0, 1)


def _prediction(case: Case, shares: Array, number: int) -> Prediction:
    return Prediction(
        pixels=tuple(row.tobytes() for row in case.verified.images[number]),
        truth=int(case.verified.labels[number]),
        guess=int(shares[number].argmax()),
        confidences=tuple(shares[number].tolist()),
    )
