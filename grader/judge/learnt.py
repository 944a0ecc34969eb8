"""Whether a network learnt in this run what it knows: not elsewhere, not by heart, and not by word alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from grader.evidence import Call, Snapshot
from grader.judge.case import Case, has_same_weights
from grader.judge.reading import compile_of
from grader.judge.verdict import Problem
from grader.verification import VerifiedNetwork
from grader.wire import Array

MADE_UP = 0.3
"""By how much the accuracy that an untouched network is said to reach in training may exceed the one that it has."""

KNOWING = 0.7
"""Share of images that only a trained network sorts into groups of one digit; at random it is a third at most."""

NO_RATE = 1e-12


def sham_problem(case: Case, role_id: str, call: Call, is_explained: Callable[[], bool]) -> Problem | None:
    """Return what is wrong with a training whose results come from somewhere else.

    `is_explained` tells whether other mistakes explain that a network does not learn.
    """
    if call.model is None or call.model in case.surrogates or not call.finished:
        return None
    return (
        _knowledge_problem(case, call)
        or _seen_problem(case, role_id, call, is_explained)
        or _change_problem(case, call)
    )


def _knowledge_problem(case: Case, call: Call) -> Problem | None:
    """Ask whether the network knew the digits before it was trained."""
    known = case.verified.initial.get(call.model or 0)
    knew = known is not None and _knows_too_much(case, call.model or 0, known)
    return ("trained-elsewhere", {}) if knew else None


def _seen_problem(case: Case, role_id: str, call: Call, is_explained: Callable[[], bool]) -> Problem | None:
    """Ask whether there is a trained network at all, and whether one that cannot be rebuilt shows that it learnt."""
    snapshots = _trained(case, call)
    if not snapshots:
        return ("training-unseen", {}) if case.snapshots(role_id) else None
    networks = _verified(case, snapshots)
    if not networks or any(network.rebuilt for network in networks):
        return None
    if all(network.outputs is None for network in networks):
        return "training-unseen", {}
    found = _accuracy(case, networks)
    if found >= case.expected.accuracy[role_id] or is_explained():
        return None
    # Nothing but its answers shows that such a network learnt at all.
    return "answers-not-learnt", {"role": case.role(role_id).called, "found": found}


def _change_problem(case: Case, call: Call) -> Problem | None:
    """Ask whether the training changed the network, and whether what it claims goes with that."""
    snapshots = _trained(case, call)
    is_as_before = bool(snapshots) and all(is_unchanged(case, snapshot) for snapshot in snapshots)
    curves: Mapping[str, Any] = call.result.get("history", {})
    curve: list[Any] = next((v for name, v in curves.items() if "acc" in name and "val" not in name), [])
    claimed = curve[-1] if curve and isinstance(curve[-1], float) else 0.0
    found = _accuracy(case, _verified(case, snapshots))
    if is_as_before and claimed > found + MADE_UP:
        return "history-made-up", {"claimed": claimed, "found": found}
    if call.result.get("updates") == 0 or (is_as_before and not _has_no_rate(case, call)):
        return "nothing-changed", {}
    return None


def _trained(case: Case, call: Call) -> list[Snapshot]:
    return [s for s in case.evidence.snapshots if s.model == call.model and s.stage == "trained"]


def _verified(case: Case, snapshots: Sequence[Snapshot]) -> list[VerifiedNetwork]:
    return [n for s in snapshots if (n := case.verified.networks.get((s.model, s.call))) is not None]


def _accuracy(case: Case, networks: Sequence[VerifiedNetwork]) -> float:
    return max((case.accuracy(network) or 0.0 for network in networks), default=0.0)


def _has_no_rate(case: Case, fit: Call) -> bool:
    """Tell whether the learning rate of a training is 0, which is asked about where it is compiled."""
    compiles = case.calls("compile")
    used = compile_of(fit, compiles)
    rate = next((call.result.get("learning_rate") for call in compiles if call.number == used), None)
    return isinstance(rate, int | float) and abs(rate) < NO_RATE


def _knows_too_much(case: Case, model: int, outputs: Array) -> bool:
    """Tell whether a network tells the digits apart before its first training, and not from this run.

    Labels stand for one another in a secret way here: knowledge from elsewhere sorts the images well and names every
    group wrongly. One that names them right has been trained in this run, or was fitted to its labels by other means.
    """
    if not _sorts_well(outputs, case.verified.labels[: len(outputs)]):
        return False
    initial = case.initial(model)
    trained = [s for s in case.evidence.snapshots if s.stage == "trained" and s.model != model]
    is_copy = initial is not None and any(has_same_weights(initial, s) for s in trained)
    steps = {step.model for step in case.evidence.tape} | {step.model for step in case.calls("train_on_batch")}
    return not is_copy and model not in steps


def _sorts_well(outputs: Array, labels: Array) -> bool:
    """Tell whether outputs (n, classes) sort images into groups of one digit each, whatever they call them."""
    if outputs.ndim != 2 or not len(outputs) or not np.isfinite(outputs).all():  # noqa: PLR2004 - images × classes
        return False
    guesses = outputs.argmax(axis=1)
    groups = [labels[guesses == guess] for guess in np.unique(guesses)]
    sorted_well = sum(int(np.bincount(group).max()) for group in groups) / len(labels)
    return bool(sorted_well >= KNOWING)


def is_unchanged(case: Case, snapshot: Snapshot) -> bool:
    """Tell whether a network has the weights that it had before its first training."""
    before = case.initial(snapshot.model)
    if before is None or not snapshot.weights or len(before.weights) != len(snapshot.weights):
        return False
    return all(np.array_equal(one, other) for one, other in zip(before.weights, snapshot.weights, strict=True))
