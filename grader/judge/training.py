"""Questions about fit: judged on the record of calls, and on what came of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.evidence import Call
from grader.judge import architecture, images, labels, learnt
from grader.judge.calls import A_SET, calls_of, common_problem, require_one_right, unexplained
from grader.judge.case import Case
from grader.judge.compiling import graded_compiles, kind_problem, require_accuracy_metric, require_loss
from grader.judge.reading import USED_OPTIMIZER, courses
from grader.judge.verdict import Problem, Verdict, fail
from grader.language import whole

SOME_ROWS = 5_000
"""Training images that a `fit` has to be given: a split for validation is in order, a handful of images is not."""

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


def require_learning(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether training with this optimizer got anywhere; not asked where another mistake explains it."""
    call = graded_compiles(case, role_id, part_id)[-1]
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


def require_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network is trained here, on the training images with their own labels."""
    calls = calls_of(case, role_id, part_id, "fit")
    require_one_right(calls, lambda call: unexplained(case, _fit_problem(call)))
    right = [call for call in calls if unexplained(case, _fit_problem(call)) is None]
    require_one_right(right, lambda call: images.feeding_problem(case, call))
    _complain_of_leak(case, right)
    if not any(call.finished for call in right) and _is_all_else_right(case, role_id):
        require_one_right(right, lambda call: _stop_problem(case, role_id, call))
    require_one_right(
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
    return kind_problem(case, role_id, call) or ("fit-stopped", {"error": call.error})


_ON_TEST_IMAGES: Problem = ("trains-on-test-images", {})


def _fit_problem(call: Call) -> Problem | None:
    data = call.data
    if data is not None and data.split in ("test", "mixed"):
        return _ON_TEST_IMAGES
    if data is not None and data.split == "train" and data.rows < SOME_ROWS and math.prod(data.shape) < A_SET:
        return "few-images", {"found": whole(data.rows)}
    return common_problem(call)


def require_validation(case: Case, role_id: str, part_id: str, share: float) -> None:
    """Ask whether a share of the training images is set aside for validation."""
    calls = calls_of(case, role_id, part_id, "fit")
    right = [call for call in calls if _fit_problem(call) is None]
    require_one_right(right or calls, lambda call: _validation_problem(call, share))


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
    calls = calls_of(case, role_id, part_id, "fit")
    # A network may have been trained in several goes, such as one for each epoch.
    goes = [courses([call for call in calls if call.model == model]) for model in case.models(role_id)]
    if any(_curve_problem(found[-1]) is None for found in goes if found):
        return
    require_one_right(calls, lambda call: _fall_problem(case, role_id, call))


def _fall_problem(case: Case, role_id: str, call: Call) -> Problem | None:
    """Return what is wrong with the course of a training; one that stopped has none, for whichever reason."""
    if call.error:
        return _stop_problem(case, role_id, call) if _is_all_else_right(case, role_id) else None
    epochs = call.settings.get("epochs")
    if call.settings.get("token") and isinstance(epochs, int) and epochs > 1:
        return None  # It was we who made it short, as there were many trainings before.
    return None if _has_other_mistakes(case, role_id) else _curve_problem(call.result.get("history") or {})


def _curve_problem(history: Mapping[str, Any]) -> Problem | None:
    curve = history.get("loss") or []
    if len(curve) < 2:  # noqa: PLR2004 - a fall needs two
        return "one-epoch", {}
    is_falling = all(isinstance(value, float) for value in curve) and curve[-1] < curve[0]
    return None if is_falling else ("loss-does-not-fall", {})
