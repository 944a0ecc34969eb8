"""Questions about compile: the loss for the labels and the outputs, and the accuracy among the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.evidence import Call
from grader.judge import architecture, labels
from grader.judge.calls import calls_of
from grader.judge.case import Case
from grader.judge.reading import compile_of, keras_2_name
from grader.judge.verdict import Problem, fail
from grader.language import N_
from grader.language import gettext as _

CROSS_ENTROPY = -(2 * float(np.log(0.55)) + float(np.log(0.05))) / 3
"""Mean cross-entropy (nats) of the rows on which a loss is tried: two right at 0.55, one wrong at 0.05."""

CROSS_ENTROPY_TOLERANCE = 0.02

_WRONG_METRICS = ("binary", "topk", "top_k")
"""Parts of the names of metrics that are called accuracy but are another one, in lower case."""


def require_loss(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the loss is the cross-entropy for the labels that the network is trained with."""
    calls = graded_compiles(case, role_id, part_id)
    # Where logits are what the lab asks for, the loss has to know of them, or to fit what the network gives instead.
    may_be = _gives_logits(case, role_id) or case.role(role_id).logits
    meant = ("_logits",) if _means_logits(case, role_id) else ("", "_logits") if may_be else ("",)
    # Where labels stayed numbers by mistake, the loss for one-hot labels is still the one that was asked for.
    labels = _label_kinds(case, role_id) | ({"one_hot"} if case.lab.labels else set())
    kinds = [f"{kind}{ending}" for kind in labels for ending in meant]
    if any(not call.error and any(_is_right(call.settings, kind) for kind in kinds) for call in calls):
        return
    call = calls[-1]
    place = (call.cell, call.line)
    if call.error:
        _complain_of_keras_2(call)
        fail("compile-stopped", place, error=call.error)
    fail(_loss_defect(case, role_id, call.settings), place, loss=call.settings.get("loss") or "")


def graded_compiles(case: Case, role_id: str, part_id: str) -> list[Call]:
    """Return the calls of `compile` that a training was made with, or all where there is none: others are experiments.

    Ends the check where the part is blank or there is no `compile`.
    """
    calls = calls_of(case, role_id, part_id, "compile")
    fits = [fit for fit in case.calls("fit", case.models(role_id)) if fit.finished]
    used = {compile_of(fit, calls) for fit in fits} - {None}
    return [call for call in calls if call.number in used] or calls


def _complain_of_keras_2(call: Call) -> None:
    name = keras_2_name(call.error)
    if name:
        fail("keras-2", (call.cell, call.line), name=name, error=call.error)


def _gives_logits(case: Case, role_id: str) -> bool:
    """Tell whether the network ends without an activation; then a loss for logits is in order, too."""
    outputs = next((n.outputs for n in case.verified_networks(role_id) if n.outputs is not None), None)
    is_linear = _last_activation(case, role_id) == "linear"
    return is_linear and (outputs is None or not architecture.are_distributions(outputs))


def _means_logits(case: Case, role_id: str) -> bool:
    """Tell whether a loss has to be one for logits: the lab asks for them, and the network does not end otherwise.

    An output layer that is missing is no reason for another loss than the lab's.
    """
    ends = _last_activation(case, role_id)
    is_logits = _gives_logits(case, role_id) or ends not in ("", "linear", *SQUASHED)
    return case.role(role_id).logits and (is_logits or not case.snapshots(role_id))


SQUASHED = ("softmax", "sigmoid")
"""Activations behind which the outputs are taken for probabilities."""


def _last_activation(case: Case, role_id: str) -> str:
    """Return the last activation of a role's first network, or an empty string where there is none."""
    snapshots = case.snapshots(role_id)
    layers = architecture.normalised(snapshots[0].layers) if snapshots else []
    return architecture.last_activation(layers) if layers else ""


def _label_kinds(case: Case, role_id: str) -> set[str]:
    """Return the kinds of labels that the network was trained with, those of the lab where that is not known.

    Both, where the lab asks for one-hot labels and they are not: a loss for those that should be there is in order.
    """
    kinds = {call.data.labels for call in case.calls("fit", case.models(role_id)) if call.data}
    kinds &= {"integer", "one_hot"}
    asked = {"one_hot" if case.lab.labels else "integer"}
    return kinds | asked if not kinds or (case.lab.labels and "one_hot" not in kinds) else kinds


def _loss_defect(case: Case, role_id: str, settings: Mapping[str, Any]) -> str:
    if not settings.get("loss"):
        return "no-loss"
    unknown = "could not interpret" in str(settings.get("loss_error") or "").lower()
    if unknown:
        return "unknown-loss"
    if _means_logits(case, role_id):
        return "wrong-loss-logits"
    kinds = _label_kinds(case, role_id)
    if _last_activation(case, role_id) == "softmax" and any(_is_right(settings, f"{kind}_logits") for kind in kinds):
        return "from-logits-written"
    if kinds == {"one_hot"}:
        return "wrong-loss-one-hot"
    return "loss-of-one-hot" if _is_right(settings, "one_hot") else "wrong-loss"


def _is_right(settings: Mapping[str, Any], kind: str) -> bool:
    """Tell whether a loss is the cross-entropy for a kind of labels and outputs."""
    value = settings.get(f"loss_{kind}")
    return isinstance(value, float) and abs(value - CROSS_ENTROPY) <= CROSS_ENTROPY_TOLERANCE


def require_accuracy_metric(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the accuracy is reported."""
    calls = graded_compiles(case, role_id, part_id)
    metrics = [str(metric) for call in calls for metric in call.settings.get("metrics", ())]
    kinds = _label_kinds(case, role_id)
    if not any(_is_accuracy(metric, kinds) for metric in metrics):
        place = (calls[-1].cell, calls[-1].line)
        is_other = any(map(_is_any_accuracy, metrics))
        if any(_is_any_accuracy(str(name)) for call in calls for name in call.settings.get("loss_weights", ())):
            fail("metrics-by-position", place)
        if metrics and not is_other:
            fail("other-metrics", place, found=", ".join(dict.fromkeys(metrics)))
        fail("accuracy-of-other-labels" if is_other else "no-accuracy", place)


def _is_any_accuracy(metric: str) -> bool:
    return _is_accuracy(metric, {"integer", "one_hot"})


def _is_accuracy(metric: str, labels: set[str]) -> bool:
    """Tell whether a metric is the share of right answers; the class `Accuracy` compares probabilities with labels."""
    name = metric.lower()
    if "categorical" in name and ("integer" if "sparse" in name else "one_hot") not in labels:
        return False
    return "acc" in name and metric != "Accuracy" and not any(word in name for word in _WRONG_METRICS)


_KINDS = {"integer": N_("whole numbers"), "one_hot": N_("one-hot rows")}


def kind_problem(case: Case, role_id: str, call: Call) -> Problem | None:
    """Return whether a call that stopped was given labels of another kind than its network is trained with."""
    kinds = {"one_hot"} if case.lab.labels else _label_kinds(case, role_id)
    found = call.data.labels if call.data else ""
    if not call.error or found not in _KINDS or found in kinds or not labels.are_prepared(case):
        return None
    wanted = next(iter(kinds))
    return "labels-of-other-kind", {"method": call.name, "found": _(_KINDS[found]), "wanted": _(_KINDS[wanted])}
