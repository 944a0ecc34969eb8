"""Questions about a hand-written training step: its batches, its gradient, and what is done with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from grader.errors import MachineError
from grader.evidence import Mark, TapeStep
from grader.judge.architecture import CLASSES
from grader.judge.case import Case
from grader.judge.reading import USED_OPTIMIZER, complain_of_missing_names, nothing_recorded, require_written
from grader.judge.verdict import Place, Problem, Verdict, fail
from grader.language import gettext as _
from grader.language import whole
from grader.verification import VerifiedStep
from grader.wire import Array

BLOWN_UP = 8.0
"""Mean cross-entropy (nats) beyond which a step says nothing if there is another: probabilities are clipped there, and
gradients with them. Guessing costs 2.3; raw pixels, or a summed loss over a large batch, lead here at once."""

Steps = Sequence[tuple[TapeStep, VerifiedStep | None]]

COSINE_AT_LEAST = 0.99
UNRELATED = 0.2
"""Cosine below which a gradient has nothing to do with the cross-entropy of outputs that are no probabilities."""

PLAUSIBLE = 0.3
"""Share by which a loss may differ from the cross-entropy of a network's outputs in evaluation mode."""

IDLE = 2
"""Tapes to one gradient, beyond which the others went unused; a loop that also measures its loss so has two."""

TWO, SEVERAL = 2, 3
"""Steps, each with another network, that are no trial: two where the optimizer stopped at the second, else three."""

NO_GRADIENT = 1e-6
"""Largest element of a gradient that is none: rounding of a loss that does not depend on the network."""

STOCHASTIC_COSINE = 0.6
"""Dropout and batch normalisation make the student's own pass differ from the evaluation pass it is compared with."""

SCALE_TOLERANCE = 0.15
"""Allowed mismatch between the scale of the loss and that of its gradient. A mean, a sum and a vector of losses are all
in order, but the gradient has to be that of the same loss: softmax outputs taken for logits shrink it about tenfold."""


def _steps(case: Case, part_id: str) -> Steps:
    """Return the recorded steps with what was verified of them; ends the check where there are none."""
    require_written(case, part_id, [(step.cell, step.line) for step in case.evidence.tape])
    tape = [step for step in case.evidence.tape if step.model is not None] or case.evidence.tape
    steps = [(step, case.verified.steps.get(step.number)) for step in tape]
    if not steps:
        nothing_recorded(case, part_id, _("No gradient was computed with the tape."))
    return steps


def _require_one_right(steps: Steps, judge: Callable[[Steps], None]) -> None:
    """End the check where no loop of the submission is in order; the last one is told about."""
    loops: dict[Place, list[tuple[TapeStep, VerifiedStep | None]]] = {}
    for step, verified in steps:
        loops.setdefault((step.cell, step.line), []).append((step, verified))
    told: Verdict | None = None
    for loop in loops.values():
        try:
            return judge(loop)
        except Verdict as verdict:
            told = verdict
    if told is not None:
        raise told
    return None


def require_batches(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network of a role runs on batches of training images inside the tape."""
    _require_one_right(_steps(case, part_id), lambda steps: _judge_batches(case, role_id, steps))


def _judge_batches(case: Case, role_id: str, steps: Steps) -> None:
    step, _ = steps[0]
    place = (step.cell, step.line)
    other, role = case.role_of(step.model), case.role(role_id)
    is_other = other is not None and other.id != role_id
    # A network on which the loss does not depend is not trained: another one ran.
    if step.model is None or (is_other and _is_none(step)):
        fail("gradient-of-other-variables", place)
    if other is not None and is_other:
        mine = case.name_of(step.model) or other.variable
        fail("tape-of-other-network", place, mine=mine, other=other.called, role=role.called)
    if step.split == "test":
        fail("tape-on-test-images", place)


def require_gradient(case: Case, part_id: str) -> None:
    """Ask whether the gradient is that of the cross-entropy, for all trainable variables."""
    _require_one_right(_steps(case, part_id), lambda steps: _judge_gradient(case, part_id, steps))


def _judge_gradient(case: Case, part_id: str, steps: Steps) -> None:
    first, _ = steps[0]
    place = (first.cell, first.line)
    if _is_none(first):
        fail(_none_defect(first), place)
    checked = [(step, verified) for step, verified in steps if verified is not None]
    if not checked and case.verified.fault:
        raise MachineError(f"the clean worker was lost: {case.verified.fault}", slug="verifier-lost")
    if not checked and (first.split == "test" or not _is_plausible(case, steps)):
        fail("tape-on-test-images" if first.split == "test" else _unchecked_defect(first), place)
    healthy = [(step, verified) for step, verified in checked if verified.loss <= BLOWN_UP]
    for step, verified in healthy or checked[:1]:
        problem = _problem(case, step, verified)
        if problem is None or problem[0] == "wrong-gradient":
            problem = _from_logits(case, part_id, step, verified) or problem
        if problem is not None:
            fail(problem[0], (step.cell, step.line), **problem[1])


def _unchecked_defect(step: TapeStep) -> str:
    return "gradient-of-other-variables" if step.model is None else "gradient-unchecked"


def _is_plausible(case: Case, steps: Steps) -> bool:
    """Judge a network that cannot be rebuilt by what is known.

    That is its loss, which has to be the cross-entropy of its outputs, and gradients for its variables.
    """
    return all(
        step.spec is None
        and step.model is not None
        and step.split == "train"
        and _is_loss(step)
        and not step.missing
        and _is_cross_entropy(step, case.verified.losses.get(step.number))
        and any(np.abs(gradient).max(initial=0.0) > NO_GRADIENT for gradient in step.gradients)
        for step, _ in steps
    )


def _is_cross_entropy(step: TapeStep, expected: float | None) -> bool:
    """Tell whether the loss of a step is what it should be, as a mean or as a sum; with room for dropout."""
    if step.loss is None or expected is None:
        return False
    candidates = (expected, expected * max(len(step.images), 1))
    return any(abs(step.loss - value) <= PLAUSIBLE * value for value in candidates)


def _is_loss(step: TapeStep) -> bool:
    return len(step.target_shape) <= 1


def _problem_with_logits(verified: VerifiedStep) -> Problem | None:
    """Judge the gradient for a network that is to give logits, with a loss that has to know of them."""
    lowest = STOCHASTIC_COSINE if verified.stochastic else COSINE_AT_LEAST
    if not verified.cosine >= lowest:
        return "wrong-gradient", {"found": verified.cosine}
    return None if verified.as_logits else ("logits-as-probabilities", {})


def _problem(case: Case, step: TapeStep, verified: VerifiedStep) -> Problem | None:
    if not _is_loss(step) and step.target_shape[-1:] == (CLASSES,):
        return "gradient-of-outputs", {}
    if case.role_is_logits(step.model) and not verified.distributions and step.missing == 0:
        return _problem_with_logits(verified)
    if not verified.distributions and step.missing == 0:
        # What the outputs should be is another part's question; for what they are, this has to be some such gradient.
        return ("wrong-gradient", {"found": verified.cosine}) if verified.cosine < UNRELATED else None
    lowest = STOCHASTIC_COSINE if verified.stochastic else COSINE_AT_LEAST
    if not verified.cosine >= lowest:
        is_opposite = verified.cosine <= -lowest
        return ("opposite-gradient", {}) if is_opposite else ("wrong-gradient", {"found": verified.cosine})
    ratio = _scale(step, verified)
    if ratio is not None and not verified.stochastic and not abs(ratio - 1) <= SCALE_TOLERANCE:
        return "logits-or-probabilities", {"found": ratio}
    return None


def _scale(step: TapeStep, verified: VerifiedStep) -> float | None:
    """Return how large the gradient is beside that of the loss with this value; 1 where it is that of the loss."""
    if step.loss is None or not verified.loss > 0 or not verified.norm_ratio > 0:
        return None
    count = int(np.prod(step.target_shape, dtype=np.int64)) if step.target_shape else 1
    scale = step.loss * count / max(verified.loss, 1e-9)
    return verified.norm_ratio / max(scale, 1e-9)


def _from_logits(case: Case, part_id: str, step: TapeStep, verified: VerifiedStep) -> Problem | None:
    """Name `from_logits=True` on probabilities where it is written, also where this Keras takes it back with a warning.

    Taken seriously, it turns the gradient a little and shrinks it a lot; so the words in the code say what is wrong.
    """
    last = step.spec[-1] if step.spec else {}
    is_softmax = last.get("class") == "Softmax" or last.get("config", {}).get("activation") == "softmax"
    marks = [
        mark
        for cell, tape in case.places(case.lab.part(part_id))
        if cell.index == step.cell and tape.line <= (step.line or 0) <= tape.end_line
        for mark in cell.marks
        if _is_inside(mark, tape)
    ]
    if not is_softmax or not any("from_logits" in mark.flags for mark in marks):
        return None
    ratio = _scale(step, verified)
    is_taken_back = verified.cosine >= COSINE_AT_LEAST and ratio is not None and abs(ratio - 1) <= SCALE_TOLERANCE
    return ("from-logits-written", {}) if is_taken_back else ("logits-or-probabilities", {"found": ratio or 0.0})


def _is_inside(mark: Mark, whole: Mark) -> bool:
    return whole.line <= mark.line and mark.end_line <= whole.end_line


def require_update(case: Case, part_id: str) -> None:
    """Ask whether the weights are moved, and downhill where the gradient is right."""
    steps = _steps(case, part_id)
    _require_one_right(steps, lambda steps: _judge_update(case, part_id, steps))
    if has_idle_batches(case):
        place, found = (steps[-1][0].cell, steps[-1][0].line), len(case.evidence.losses)
        fail("gradient-outside-loop", place, found=whole(found), tapes=whole(case.evidence.tapes))


def has_idle_batches(case: Case) -> bool:
    """Tell whether most batches that a network ran on inside a tape gave no gradient: that stands behind the loop."""
    return case.evidence.tapes > IDLE * len(case.evidence.losses) > 0


def _judge_update(case: Case, part_id: str, steps: Steps) -> None:
    place = (steps[0][0].cell, steps[0][0].line)
    refused = _refused_optimizer(case, steps)
    if _is_rebuilt(steps, at_least=TWO if refused else SEVERAL):
        fail("rebuilt-each-step", place)
    if not any(_has_moved(step) for step, _ in steps) and not _moves_later(steps):
        if refused:
            fail("optimizer-of-other-network", place, error=refused)
        complain_of_missing_names(case, case.places(case.lab.part(part_id)))
        fail(_none_defect(steps[0][0]) if all(_is_none(step) for step, _ in steps) else "not-applied", place)
    checked = [v for step, v in steps if v is not None and v.moved > 0 and _problem(case, step, v) is None]
    if checked and not checked[0].descent < 0:
        fail("uphill", place)


def _is_rebuilt(steps: Steps, *, at_least: int) -> bool:
    """Tell whether each step has a network of its own."""
    return len(steps) >= at_least and len({step.model for step, _ in steps}) == len(steps)


def _refused_optimizer(case: Case, steps: Steps) -> str:
    """Return how Keras complained, in the cell of a loop, of an optimizer that belongs to another network."""
    failures = [f for cell in case.evidence.cells if cell.index == steps[0][0].cell for f in cell.failures]
    told = (f"{failure.type}: {failure.message}" for failure in failures if USED_OPTIMIZER.search(failure.message))
    return next(told, "")


def _is_none(step: TapeStep) -> bool:
    """Tell whether a tape gave no gradient for any variable."""
    return step.missing >= step.variables > 0


def _none_defect(step: TapeStep) -> str:
    """Return why there is no gradient: it is asked for no variables, or the loss does not depend on them."""
    return "gradient-of-other-variables" if step.model is None else "gradient-is-none"


def _has_moved(step: TapeStep) -> bool:
    return _differ(step.before, step.after)


def _moves_later(steps: Steps) -> bool:
    """Tell whether the weights move between the steps that were recorded: some loops collect gradients of several."""
    pairs = itertools.combinations([step for step, _ in steps], 2)
    return any(one.model == other.model and _differ(one.before, other.before) for one, other in pairs)


def _differ(before: Sequence[Array], after: Sequence[Array]) -> bool:
    return any(old.shape == new.shape and bool((old != new).any()) for old, new in zip(before, after, strict=False))
