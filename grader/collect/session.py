"""What the instruments share while one submission runs, and the record of one call."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from grader.collect.governor import Budget
from grader.collect.identity import Images
from grader.collect.looking import message_of
from grader.collect.runner import Stopwatch
from grader.collect.story import Story, student_place
from grader.collect.surrogates import Surrogates
from grader.networks import Tracer
from grader.wire import Array

Facts = dict[str, Any] | None


@dataclass(kw_only=True)
class Session:
    """What the instruments share while one submission runs."""

    story: Story
    images: Images
    tracer: Tracer
    budget: Budget
    held_out: Array
    watched: frozenset[str] = frozenset()
    named: dict[str, int] = field(default_factory=dict)
    watched_values: dict[str, Any] = field(default_factory=dict)
    fed: weakref.WeakKeyDictionary[Any, Facts] = field(default_factory=weakref.WeakKeyDictionary)
    shapes: weakref.WeakKeyDictionary[Any, tuple[int, ...]] = field(default_factory=weakref.WeakKeyDictionary)
    costs: weakref.WeakKeyDictionary[Any, int] = field(default_factory=weakref.WeakKeyDictionary)
    fits: weakref.WeakKeyDictionary[Any, int] = field(default_factory=weakref.WeakKeyDictionary)
    predictions: list[tuple[Any, Any]] = field(default_factory=list)
    snapshots: dict[int, int] = field(default_factory=dict)
    initial: weakref.WeakSet[Any] = field(default_factory=weakref.WeakSet)
    depth: int = 0
    capped: set[str] = field(default_factory=set)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    spent: float = 0.0
    tokens: int = 0
    trainings: Counter[int] = field(default_factory=Counter)
    inferences: int = 0
    inferred: int = 0
    asked: int = 0
    listened: int = 0
    surrogates: Surrogates = field(default_factory=lambda: Surrogates(()))

    @contextmanager
    def inside_keras(self) -> Iterator[None]:
        """Mark that Keras runs: what it calls of itself is not the student's, and its graphs stay graphs."""
        self.depth += 1
        tf.config.run_functions_eagerly(False)  # noqa: FBT003 - TensorFlow's own signature
        try:
            yield
        finally:
            self.depth -= 1
            # Outside, tf.function runs eagerly, so that a decorated training step can be recorded.
            tf.config.run_functions_eagerly(self.depth == 0)


@dataclass(kw_only=True)
class Record:
    """One call while it goes on: sent when it begins and again when it has ended."""

    session: Session
    name: str
    model: Any
    facts: Facts = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Number and send the call, so that one that never returns is known too."""
        self._cell, self._line = student_place()
        self._number = self.session.story.number()
        self._send({}, "", finished=False)

    def end(self, result: Mapping[str, Any]) -> None:
        """Send the call with its result."""
        self._send(result, "", finished=True)

    def failed(self, error: BaseException) -> None:
        """Send the call with the reason why it did not return."""
        self._send({}, f"{type(error).__name__}: {message_of(error, most=300)}"[:300], finished=False)

    def _send(self, result: Mapping[str, Any], error: str, *, finished: bool) -> None:
        fields = {
            "number": self._number,
            "name": self.name,
            "cell": self._cell,
            "line": self._line,
            "model": self.session.story.model_number(self.model),
            "data": self.facts,
            "settings": dict(self.settings),
            "result": dict(result),
            "error": error,
            "finished": finished,
        }
        self.session.story.send("call", fields)
