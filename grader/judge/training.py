"""Questions about compile, fit and evaluate: judged on the record of calls, each for what was written there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from grader.evidence import Call, Value
from grader.judge import architecture, images, labels, learnt
from grader.judge.case import Case
from grader.judge.reading import (
    USED_OPTIMIZER,
    compile_of,
    courses,
    keras_2_name,
    nothing_recorded,
    require_filled,
    require_written,
)
from grader.judge.verdict import Problem, Verdict, fail, not_attempted
from grader.language import N_, whole
from grader.language import gettext as _

SOME_ROWS = 5_000
"""Training images that a `fit` has to be given: a split for validation is in order, a handful of images is not."""

CROSS_ENTROPY = -(2 * float(np.log(0.55)) + float(np.log(0.05))) / 3
"""Mean cross-entropy (nats) of the rows on which a loss is tried: two right at 0.55, one wrong at 0.05."""

CROSS_ENTROPY_TOLERANCE = 0.02

FEW_PIXELS = 49
"""Numbers in a row below which it is no image, however it was made smaller."""

LEARNING = 0.001
"""A loss that falls by this share within a capped training is on its way: slow optimizers are allowed."""

LEARNING_AT_ONCE = 0.05
"""The same for a training of one epoch, which has only guessing to be compared with."""

CHANCE = math.log(10)
"""The loss (nats) of guessing among ten digits; a training that blew up may fall, but not to below this."""

_OUR_STOPS = (
    *("BudgetReached", "CellTimedOut", "OutputFlood"),
    *("Import", "Module", "NotInstalled", "OSError", "Permission", "FileNotFound", "NotFoundError", "Unknown"),
)
"""Parts of the names of errors that say nothing about a student's work: we ended it, or something is not to be had."""

_DOING = {"compile": N_("compiles"), "fit": N_("trains"), "evaluate": N_("evaluates")}
_NEVER = {
    "compile": N_("The {role} is never compiled: no `compile` of `{variable}` ran."),
    "fit": N_("The {role} is never trained: no `fit` of `{variable}` ran."),
    "evaluate": N_("The {role} is never evaluated: no `evaluate` of `{variable}` ran."),
}
_WRONG_METRICS = ("binary", "topk", "top_k")
"""Parts of the names of metrics that are called accuracy but are another one, in lower case."""


def _calls(case: Case, role_id: str, part_id: str, method: str) -> list[Call]:
    """Return the calls of a method on a role's networks; ends the check where the part is blank or there is none."""
    calls = case.calls(method, case.models(role_id))
    require_filled(case, part_id, [(call.cell, call.line) for call in calls])
    if not calls:
        require_written(case, part_id)
        if case.is_absent(role_id):
            not_attempted("nothing-written", part=_(case.lab.part(part_id).title))
        _complain_of_other_network(case, role_id, part_id, method)
        role = case.role(role_id)
        nothing_recorded(case, part_id, _(_NEVER[method]).format(role=role.called, variable=role.variable))
    return calls


# Compile


def require_loss(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the loss is the cross-entropy for the labels that the network is trained with."""
    calls = _graded_compiles(case, role_id, part_id)
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


def _graded_compiles(case: Case, role_id: str, part_id: str) -> list[Call]:
    """Return the calls of `compile` that a training was made with, or all where there is none: others are experiments.

    Ends the check where the part is blank or there is no `compile`.
    """
    calls = _calls(case, role_id, part_id, "compile")
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
    calls = _graded_compiles(case, role_id, part_id)
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


def require_learning(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether training with this optimizer got anywhere; not asked where another mistake explains it."""
    call = _graded_compiles(case, role_id, part_id)[-1]
    fits = [fit for fit in case.calls("fit", case.models(role_id)) if fit.finished and not fit.settings.get("token")]
    best = _best_accuracy(case, role_id)
    if not fits:
        _complain_of_used_optimizer(case, role_id, call)
        require_loss(case, role_id, part_id)  # Nothing shows whether it learns; by this loss it could not.
    if not fits or best is None or _has_other_mistakes(case, role_id):
        return
    if best < case.expected.accuracy[role_id] and not (_is_still_learning(fits) and _has_moved(case, role_id)):
        fail("does-not-learn", (call.cell, call.line), role=case.role(role_id).called, found=best)


def _complain_of_used_optimizer(case: Case, role_id: str, compiled: Call) -> None:
    stopped = next((fit for fit in case.calls("fit", case.models(role_id)) if USED_OPTIMIZER.search(fit.error)), None)
    if stopped is not None:
        fail("optimizer-of-other-network", (compiled.cell, compiled.line), error=stopped.error)


def _best_accuracy(case: Case, role_id: str) -> float | None:
    """Return the best accuracy of a trained network; 0 where its outputs are not even numbers, None if unknown."""
    trained = {(s.model, s.call) for s in case.snapshots(role_id) if s.stage == "trained"}
    networks = [n for n in case.verified_networks(role_id) if (n.model, n.call) in trained and n.outputs is not None]
    return max((case.accuracy(network) or 0.0 for network in networks), default=None)


def _has_other_mistakes(case: Case, role_id: str) -> bool:
    """Tell whether something else than the optimizer explains poor results: images, labels, outputs, or loss."""
    fits = case.calls("fit", case.models(role_id))
    if not images.are_scaled(case) or images.are_changed(case) or any(_fit_problem(fit) is not None for fit in fits):
        return True
    questions: tuple[tuple[Callable[[Case, str, str], None], str], ...] = (
        (architecture.require_ten_outputs, "build"),
        (architecture.require_outputs, "build"),
        (require_loss, "compile"),
    )
    try:
        for question, part in questions:
            question(case, role_id, f"{role_id}_{part}")
    except Verdict:
        return True
    return False


def _is_still_learning(fits: Sequence[Call]) -> bool:
    """Tell whether the loss falls from epoch to epoch, or is well below that of guessing after a single one."""
    for fit in fits:
        curve = fit.result.get("history", {}).get("loss")
        if not isinstance(curve, list) or not curve or not all(isinstance(value, float) for value in curve):
            continue
        least = (1 - LEARNING) * min(curve[0], CHANCE) if len(curve) > 1 else (1 - LEARNING_AT_ONCE) * CHANCE
        if curve[-1] < least:
            return True
    return False


def _has_moved(case: Case, role_id: str) -> bool:
    """Tell whether a training changed a weight of one of a role's networks, as far as that is known."""
    return not all(
        learnt.is_unchanged(case, snapshot) for snapshot in case.snapshots(role_id) if snapshot.stage == "trained"
    )


# Fit


def require_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network is trained here, on the training images with their own labels."""
    calls = _calls(case, role_id, part_id, "fit")
    _require_one_right(calls, lambda call: _unexplained(case, _fit_problem(call)))
    right = [call for call in calls if _unexplained(case, _fit_problem(call)) is None]
    _require_one_right(right, lambda call: images.feeding_problem(case, call))
    _complain_of_leak(case, right)
    if not any(call.finished for call in right) and _is_all_else_right(case, role_id):
        _require_one_right(right, lambda call: _stop_problem(case, role_id, call))
    _require_one_right(
        right, lambda call: learnt.sham_problem(case, role_id, call, lambda: _has_other_mistakes(case, role_id))
    )


def _complain_of_leak(case: Case, right: Sequence[Call]) -> None:
    """End the check where a network that is trained as asked learns from test images, too, before it is measured.

    Whoever has measured a network may do with it what they like afterwards.
    """
    models = {call.model for call in right}
    leaks = [fit for fit in case.calls("fit") if fit.model in models and _fit_problem(fit) == _ON_TEST_IMAGES]
    for leak in leaks:
        measured = [call.number for call in case.calls("evaluate") if call.model == leak.model and call.finished]
        if leak.finished and measured and leak.number < min(measured):
            fail("trains-on-test-images", (leak.cell, leak.line))


def _is_all_else_right(case: Case, role_id: str) -> bool:
    """Tell whether nothing that was judged before can have stopped a training: images, network, and compile."""
    try:
        architecture.require_architecture(case, role_id, f"{role_id}_build")
        require_accuracy_metric(case, role_id, f"{role_id}_compile")
    except Verdict:
        return False
    is_prepared = images.are_shaped(case) and labels.are_prepared(case)
    return is_prepared and not _has_other_mistakes(case, role_id)


def _stop_problem(case: Case, role_id: str, call: Call) -> Problem | None:
    """Return what stopped a training, unless the grader or this machine did."""
    is_ours = any(word in call.error.split(":")[0] for word in _OUR_STOPS)
    # An optimizer that belongs to another network was given to `compile`, and is told of there.
    if not call.error or is_ours or USED_OPTIMIZER.search(call.error):
        return None
    return _kind_problem(case, role_id, call) or ("fit-stopped", {"error": call.error})


def _kind_problem(case: Case, role_id: str, call: Call) -> Problem | None:
    """Return whether a call that stopped was given labels of another kind than its network is trained with."""
    kinds = {"one_hot"} if case.lab.labels else _label_kinds(case, role_id)
    found = call.data.labels if call.data else ""
    if not call.error or found not in _KINDS or found in kinds or not labels.are_prepared(case):
        return None
    wanted = next(iter(kinds))
    return "labels-of-other-kind", {"method": call.name, "found": _(_KINDS[found]), "wanted": _(_KINDS[wanted])}


_KINDS = {"integer": N_("whole numbers"), "one_hot": N_("one-hot rows")}


def _require_one_right(calls: Sequence[Call], problem_of: Callable[[Call], Problem | None]) -> None:
    last: tuple[Call, Problem] | None = None
    for call in calls:
        problem = problem_of(call)
        if problem is None:
            return
        last = call, problem
    if last is not None:
        call, (defect, details) = last
        fail(defect, (call.cell, call.line), **details)


A_FEW = 100
"""Test images below which an evaluation says next to nothing."""

A_SET = 100 * 28 * 28
"""Numbers in a row from which on it is a whole set of images, with its new axis in front."""


def _common_problem(call: Call) -> Problem | None:
    """Return what is wrong with the arguments of a `fit` or an `evaluate`, whatever it is for."""
    if name := keras_2_name(call.error):
        return "keras-2", {"name": name, "error": call.error}
    if call.error.startswith("TypeError") and "argument" in call.error:
        return "arguments", {"method": call.name, "error": call.error}
    if call.data is None or (call.data.split == "other" and math.prod(call.data.shape) < FEW_PIXELS):
        return "without-images", {"method": call.name, "error": call.error}
    if call.data.labels == "absent":
        return "without-labels", {"method": call.name}
    # One row that holds all images cannot fit their labels; what became of the images is a part of its own.
    if call.data.labels == "mismatch" and math.prod(call.data.shape) < A_SET:
        return "labels-do-not-match", {}
    return None


def _unexplained(case: Case, problem: Problem | None) -> Problem | None:
    """Return the problem unless the lab's own functions or labels brought it about, which are judged by themselves."""
    if problem is not None and problem[0] == "labels-do-not-match" and labels.are_misplaced(case):
        return None
    facts = [data for run in case.evidence.functions for data in run.facts if data is not None]
    if problem is None or not facts:
        return problem
    if problem[0] == "labels-do-not-match":
        loaded = {data.labels for data in facts if data.split in _OTHER_SPLIT}
        return None if loaded & {"mismatch", "absent"} else problem
    exchanged = [value for value in case.evidence.values if value.name in case.lab.watched and _is_exchanged(value)]
    return None if exchanged and problem[0] in _ABOUT_SPLITS else problem


_ON_TEST_IMAGES: Problem = ("trains-on-test-images", {})
_OTHER_SPLIT = {"train": "test", "test": "train"}
_ABOUT_SPLITS = ("trains-on-test-images", "evaluates-training-images")


def _is_exchanged(value: Value) -> bool:
    """Tell whether a name that speaks of one split holds images of the other."""
    return _OTHER_SPLIT.get(value.data.split, "-") in value.name.lower()


def _fit_problem(call: Call) -> Problem | None:
    data = call.data
    if data is not None and data.split in ("test", "mixed"):
        return _ON_TEST_IMAGES
    if data is not None and data.split == "train" and data.rows < SOME_ROWS and math.prod(data.shape) < A_SET:
        return "few-images", {"found": whole(data.rows)}
    return _common_problem(call)


def require_validation(case: Case, role_id: str, part_id: str, share: float) -> None:
    """Ask whether a share of the training images is set aside for validation."""
    calls = _calls(case, role_id, part_id, "fit")
    right = [call for call in calls if _fit_problem(call) is None]
    _require_one_right(right or calls, lambda call: _validation_problem(call, share))


def _validation_problem(call: Call, share: float) -> Problem | None:
    if "validation_split" not in call.settings:
        return None  # Arguments that do not go together are told of elsewhere; what else they said is not known.
    split, data = call.settings.get("validation_split"), call.settings.get("validation_data")
    if data in ("test", "mixed"):
        return "validates-on-test-images", {}
    if data and call.settings.get("validation_seen") is True:
        return "validates-on-training-images", {}
    if data:
        return _share_problem(_share_by_hand(call), share, SHARE_TOLERANCE_BY_HAND)
    if not isinstance(split, float) or not split:
        return "no-validation", {}
    return _share_problem(split, share, SHARE_TOLERANCE)


def _share_by_hand(call: Call) -> float | None:
    """Return the share of the images that were set aside before `fit`, where it is known how many there are."""
    held, rest = call.settings.get("validation_rows"), call.data.rows if call.data else 0
    return held / (held + rest) if isinstance(held, int) and held > 0 and rest > 0 else None


def _share_problem(found: float | None, share: float, tolerance: float) -> Problem | None:
    if found is None or abs(found - share) < tolerance:
        return None
    return "other-validation", {"found": round(found, 3), "wanted": share}


SHARE_TOLERANCE = 1e-3
SHARE_TOLERANCE_BY_HAND = 0.03
"""Whoever counts by hand may choose a round number, such as 5,000 of 60,000."""


def require_falling_loss(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether a training over several epochs brings the loss down."""
    calls = _calls(case, role_id, part_id, "fit")
    # A network may have been trained in several goes, such as one for each epoch.
    goes = [courses([call for call in calls if call.model == model]) for model in case.models(role_id)]
    if any(_curve_problem(found[-1]) is None for found in goes if found):
        return
    _require_one_right(calls, lambda call: _fall_problem(case, role_id, call))


def _fall_problem(case: Case, role_id: str, call: Call) -> Problem | None:
    """Return what is wrong with the course of a training; one that stopped has none, for whichever reason."""
    if call.error:
        return _stop_problem(case, role_id, call) if _is_all_else_right(case, role_id) else None
    if call.settings.get("token") and (call.settings.get("epochs") or 0) > 1:
        return None  # It was we who made it short, as there were many trainings before.
    return None if _has_other_mistakes(case, role_id) else _curve_problem(call.result.get("history") or {})


def _curve_problem(history: Mapping[str, Any]) -> Problem | None:
    curve = history.get("loss") or []
    if len(curve) < 2:  # noqa: PLR2004 - a fall needs two
        return "one-epoch", {}
    is_falling = all(isinstance(value, float) for value in curve) and curve[-1] < curve[0]
    return None if is_falling else ("loss-does-not-fall", {})


# Evaluate


def require_evaluate(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the right network is evaluated on the test images with their own labels."""
    calls = _calls(case, role_id, part_id, "evaluate")
    _require_one_right(
        calls,
        lambda call: (
            _unexplained(case, _evaluate_problem(call))
            or _feeding_problem(case, call)
            or _kind_problem(case, role_id, call)
        ),
    )
    kept = _kept_as_accuracy(case)
    for call in calls:
        if _are_results_unpacked_swapped(case, call) or _is_loss_kept_as_accuracy(call, kept):
            fail("results-swapped", (call.cell, call.line))


def _feeding_problem(case: Case, call: Call) -> Problem | None:
    """Return that other pixels are given to `evaluate` than to the training, which is asked about first."""
    fits = [fit for fit in case.calls("fit") if fit.model == case.copies.get(call.model or 0, call.model)]
    is_alike = bool(fits) and all(images.feeding_problem(case, fit) is not None for fit in fits)
    return None if is_alike else images.feeding_problem(case, call)


def _are_results_unpacked_swapped(case: Case, call: Call) -> bool:
    """Tell whether the first of the results, which is the loss, is kept under a name that speaks of the accuracy."""
    marks = [m for cell in case.evidence.cells if cell.index == call.cell for m in cell.marks]
    names = [m.targets for m in marks if m.line <= (call.line or 0) <= m.end_line and len(m.targets) > 1]
    return any("acc" in first.lower() and "loss" not in first.lower() for first, *_ in names)


def _kept_as_accuracy(case: Case) -> frozenset[float | None]:
    """Return the numbers that names which speak of the accuracy held by themselves."""
    named = (n.numbers for n in case.evidence.numbers if "acc" in n.name.lower())
    return frozenset(numbers[0] for numbers in named if len(numbers) == 1)


def _is_loss_kept_as_accuracy(call: Call, kept: frozenset[float | None]) -> bool:
    """Tell whether the loss of an evaluation was kept as an accuracy, and none of its metrics was."""
    values = call.result.get("values")
    loss, *metrics = values if isinstance(values, list) and values else [None]
    told = [metric for metric in metrics if isinstance(metric, int | float)]
    return isinstance(loss, int | float) and loss in kept and bool(told) and kept.isdisjoint(told)


def _evaluate_problem(call: Call) -> Problem | None:
    if call.data is not None and call.data.split in ("train", "mixed"):
        return "evaluates-training-images", {}
    if call.data is not None and call.data.split == "test" and call.data.rows < A_FEW:
        return "few-test-images", {"found": whole(call.data.rows)}
    return _common_problem(call)


def require_evaluate_after_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the evaluation comes after the training, where there is a training of the same network."""
    require_evaluate(case, role_id, part_id)
    models = case.models(role_id)
    right = [call for call in case.calls("evaluate", models) if _evaluate_problem(call) is None]
    fits = case.calls("fit", models)
    is_late = any(_is_after(case, fit, call) for fit in fits for call in right)
    if fits and right and not is_late:
        fail("evaluates-before-training", (right[-1].cell, right[-1].line), role=case.role(role_id).called)


def _is_after(case: Case, fit: Call, call: Call) -> bool:
    """Tell whether a call asks what a training made: its network, or one that was read from a file of its epochs."""
    if fit.model == case.copies.get(call.model or 0, call.model):
        return fit.number < call.number
    is_read = any(load.model == call.model and fit.number < load.number for load in case.calls("load_model"))
    return is_read and call.model not in case.copies and not case.is_as_it_began(call.model, fit.model)


def _complain_of_other_network(case: Case, role_id: str, part_id: str, method: str) -> None:
    """Name the commonest slip: the call in this part's place goes to another network."""
    role = case.role(role_id)
    places = case.places(case.lab.part(part_id))
    for call in case.calls(method):
        other = case.role_of(call.model)
        here = any(cell.index == call.cell and m.line <= (call.line or 0) <= m.end_line for cell, m in places)
        if here and other is not None and other.id != role_id and method in _DOING:
            fail(
                "other-network",
                (call.cell, call.line),
                doing=_(_DOING[method]),
                mine=case.name_of(call.model) or other.variable,
                other=other.called,
                role=role.called,
                wanted=case.variable_of(role_id),
                method=method,
            )
