"""Instruments on `tf.GradientTape`: what a hand-written training step differentiates, and what it does with it."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader import networks
from grader.collect.governor import BudgetReached
from grader.collect.identity import to_array
from grader.collect.looking import attempt
from grader.collect.session import Record, Session
from grader.collect.story import plain_number, student_place
from grader.wire import Array

RECORDED_STEPS = (0, 1, 5)
"""Steps that are kept whole: the first shows the loss, the later ones that the updates took."""

IMAGES_LIMIT = 12_000
"""Rows of a batch that are kept; a gradient over more cannot be checked and is said to be so."""


IMAGES_ENOUGH = 8192
"""Images of recorded steps after which a loop has shown enough."""

LOSSES_LIMIT = 20_000
"""Steps whose loss is told; five epochs of the training images in batches of 64 have 4,690."""

LARGEST = 10.0
"""What scaled or standardised pixels stay below; with raw bytes a loss is so large that its gradient is cut off."""


@dataclass(kw_only=True)
class _Pending:
    fields: dict[str, Any]
    arrays: dict[str, Array]
    variables: list[Any]


@dataclass(kw_only=True)
class TapeRecorder:
    """Records the steps of hand-written loops, and ends them when they have shown enough."""

    session: Session
    namespace: dict[str, Any]
    steps: int = 0
    counts: dict[int | None, int] = field(default_factory=dict)
    firsts: int = 0
    recognised: int = 0
    images_seen: int = 0
    pending: _Pending | None = None
    entered: list[Any] = field(default_factory=list)
    losses: list[float | None] = field(default_factory=list)
    tapes: int = 0

    def install(self) -> None:
        """Put the instruments into `tf.GradientTape`, once per worker."""
        recorder, tape = self, tf.GradientTape
        enter, leave, gradient = tape.__enter__, tape.__exit__, tape.gradient

        def recorded_enter(this: Any) -> Any:
            recorder.begin_step()
            return enter(this)

        def recorded_leave(this: Any, *exc: Any) -> Any:
            recorder.session.tracer.active = False
            return leave(this, *exc)

        def recorded_gradient(this: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
            result = gradient(this, target, sources, *args, **kwargs)
            caller = str(sys._getframe(1).f_globals.get("__name__"))  # noqa: SLF001 - the documented way
            recorder.note_gradient(target, sources, result, by_hand=not caller.startswith("keras."))
            return result

        tape.__enter__, tape.__exit__, tape.gradient = recorded_enter, recorded_leave, recorded_gradient

    def begin_step(self) -> None:
        """Start a step, or end the loop.

        Raises:
            BudgetReached: the loop has been seen for long enough.
        """
        session = self.session
        if session.depth or not tf.executing_eagerly():
            return
        self.finish_step()
        limit = session.budget.tape_steps
        # Two steps show what a loop does; with thousands of images in each, more would only take time.
        is_large = self.images_seen >= IMAGES_ENOUGH and self.steps > 1
        if limit is not None and (self.steps >= limit or is_large):
            session.capped.add(f"hand-written training loop: {limit} steps")
            self.steps = self.images_seen = 0
            raise BudgetReached
        self.tapes += 1
        session.tracer.steps = []
        session.tracer.active = True

    def note_gradient(self, target: Any, sources: Any, result: Any, *, by_hand: bool = True) -> None:
        """Record one gradient with everything that is needed to check it; a step of Keras' own is only counted."""
        if self.session.depth or not tf.executing_eagerly():
            return
        # A tape that is tried out on something else than a network, or on another one, has steps of its own.
        owner = self._owner(sources)
        key = None if owner is None else self.session.story.model_number(owner)
        number = self.counts.get(key, 0)
        self.counts[key] = number + 1
        # A loop that builds a network for each step has no second step of any.
        self.firsts = 0 if number else self.firsts + 1
        self.steps = max(number + 1, self.firsts)
        if not by_hand:
            self._tell_of_own_step(owner, number)
            return
        if len(self.losses) < LOSSES_LIMIT:
            array = to_array(target)
            self.losses.append(None if array is None or not array.size else plain_number(array.mean()))
        if number not in RECORDED_STEPS or self.pending is not None:
            return
        self.pending = attempt(lambda: self._describe(number, target, sources, result))

    def _tell_of_own_step(self, owner: Any, number: int) -> None:
        """Record that Keras trains a network by its own step, once for each."""
        if owner is not None and not number:
            record = Record(session=self.session, name="train_on_batch", model=owner)
            record.begin()
            record.end({})

    def _describe(self, number: int, target: Any, sources: Any, result: Any) -> _Pending:
        story = self.session.story
        cell, line = student_place()
        model = self._owner(sources)
        given = list(zip(tf.nest.flatten(sources), tf.nest.flatten(result), strict=False))
        weights = list(model.weights) if model is not None else []
        images = self._images(model)
        split, rows = self.session.images.rows(images) if images is not None else ("other", np.zeros(0, np.int64))
        spec = self._spec(model, images)
        target_array = to_array(target)
        fields = {
            "number": story.number(),
            "step": number,
            "cell": cell,
            "line": line,
            "model": None if model is None else story.model_number(model),
            "target_shape": [] if target_array is None else [int(size) for size in target_array.shape][:8],
            "loss": None if target_array is None else plain_number(target_array.mean()),
            "split": split,
            "missing": sum(1 for _, value in given if value is None),
            "variables": len(given),
            "spec": spec,
        }
        arrays = {f"b{n}": np.asarray(weight, np.float32) for n, weight in enumerate(weights)}
        arrays |= {f"g{n}": _gradient_of(weight, given) for n, weight in enumerate(weights)}
        if images is not None and len(images) <= IMAGES_LIMIT:
            arrays |= {"images": images.astype(np.float32), "rows": rows.astype(np.int64)}
            claimed = attempt(lambda: self._claims(model, images)) if spec is None else None
            arrays |= {} if claimed is None else {"outputs": claimed}
        return _Pending(fields=fields, arrays=arrays, variables=weights)

    def finish_step(self) -> None:
        """Send the recorded step, now that the student's update of the weights has been made."""
        pending, self.pending = self.pending, None
        self.images_seen += 0 if pending is None else len(pending.arrays.get("images", ()))
        self.session.tracer.active = False
        if pending is None:
            return
        after = {f"a{n}": np.asarray(weight, np.float32) for n, weight in enumerate(pending.variables)}
        with contextlib.suppress(Exception):
            self.session.story.send("tape", pending.fields, pending.arrays | after)
            self.recognised += pending.fields["split"] != "other" and _is_of_usual_size(pending.arrays.get("images"))

    def send_losses(self) -> None:
        """Tell the loss of every step, in order, and how many tapes there were, with a gradient or without."""
        if self.losses:
            self.session.story.send("losses", {"losses": self.losses, "tapes": self.tapes})

    def _owner(self, sources: Any) -> Any:
        """Return the network whose variables were differentiated by, the smallest that has them all."""
        wanted = {_identity(source) for source in tf.nest.flatten(sources)}
        candidates = [*self.session.story.known_models(), *_models_in(self.namespace)]
        candidates += [step.layer for step in self.session.tracer.steps if isinstance(step.layer, keras.Model)]
        owners = [m for m in candidates if wanted and wanted <= {_identity(weight) for weight in m.weights}]
        return min(owners, key=lambda model: len(model.weights), default=None)

    def _images(self, model: Any) -> Array | None:
        """Return what went into the network first inside the tape."""
        mine = {id(layer) for layer in model._flatten_layers()} if model is not None else set()  # noqa: SLF001
        steps = [step for step in self.session.tracer.steps if not mine or id(step.layer) in mine]
        for step in steps:
            array = to_array(step.source)
            if array is not None and array.ndim > 1:
                return array.reshape(len(array), *networks.fed_shape(steps, array)) if len(array) else array
        return None

    def _claims(self, model: Any, images: Array) -> Array | None:
        """Return what a network that cannot be built again gives for some images, float32 (n, classes)."""
        if model is None:
            return None
        with self.session.tracer.watching():
            outputs = networks.predict(model, images)
        return outputs if outputs.ndim == 2 else None  # noqa: PLR2004 - images × classes

    def _spec(self, model: Any, images: Array | None) -> list[dict[str, Any]] | None:
        """Return how to build the network again, from a run of its own on two of the images."""
        if model is None or images is None:
            return None
        with self.session.tracer.watching() as steps:
            outputs = model(tf.constant(images[:2]), training=False)
        exported = networks.export([step for step in steps if step.layer is not model], outputs)
        return exported[0] if exported and len(exported[1]) == len(model.weights) else None


def _is_of_usual_size(images: Array | None) -> bool:
    return images is None or not images.size or float(np.abs(images).max()) <= LARGEST


def _identity(variable: Any) -> int:
    return id(getattr(variable, "value", variable) if hasattr(variable, "path") else variable)


def _models_in(namespace: dict[str, Any]) -> list[Any]:
    return [value for value in list(namespace.values()) if isinstance(value, keras.Model)]


def _gradient_of(weight: Any, given: list[tuple[Any, Any]]) -> Array:
    for source, value in given:
        if _identity(source) == _identity(weight) and value is not None:
            return np.asarray(tf.convert_to_tensor(value), np.float32)
    return np.zeros(0, np.float32)
