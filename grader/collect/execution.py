"""One submission while it runs: TensorFlow pinned down and observed, cells in order, and a last look at what is left.

Importing this imports TensorFlow, which takes seconds; the worker has told of the cells by then.
"""

from __future__ import annotations

import functools
import sys
import types
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from grader import datasets, wire
from grader.collect import functions, probes, rationing, values
from grader.collect.answers import AnswerSheet
from grader.collect.cells import Statement
from grader.collect.figures import Gallery
from grader.collect.governor import Budget
from grader.collect.histories import Histories
from grader.collect.identity import Images
from grader.collect.instruments import install
from grader.collect.looking import attempt
from grader.collect.runner import CellLimits, Ran, Stopwatch, capture_output, run_cell
from grader.collect.session import Session
from grader.collect.snapshots import take_snapshot
from grader.collect.story import Story
from grader.collect.surrogates import Surrogate, Surrogates, wrapped
from grader.collect.surroundings import StandIn, StandInFinder, keep_going
from grader.collect.tape import LARGEST, TapeRecorder
from grader.networks import Tracer
from grader.wire import Array

THREADS = 2
"""Pinned, so that the number of cores changes no result; two is what the benchmarks were measured with."""

WRAPPED_LIMIT = 100
"""Networks that are looked at for being made of another one."""

GOVERNED = 5.0
"""How many times as long as a statement's own code a governed call may take; it needs a third of that at most."""

PROBES_LIMIT = 20
"""Statements that are tried as answers; more than one is a first try and its correction."""

PROBE_LIMITS = CellLimits(own_s=2.0, idle_s=5.0)
FUNCTION_LIMITS = CellLimits(own_s=5.0, idle_s=5.0)

BATCHED, BATCH = 640, 64
"""Images of a dataset of ours, and of one of its batches: ten batches show what a hand-written loop does."""

GIVEN: dict[str, Array] = {}
"""Arrays of jobs that this process had before it was forked."""

Parsed = Mapping[int, Sequence[Statement]]


class Execution:
    """Runs the cells of one job; everything that is seen goes into the story."""

    def __init__(self, job: wire.Frame, parsed: Parsed, story: Story) -> None:
        self._job, self._parsed, self._story = job, parsed, story
        fields = job.fields
        _pin(int(fields["seed"]))
        known = {**GIVEN, **job.arrays}
        arrays = {name: known[name] for name in datasets.ARRAYS}
        self._limits = CellLimits(own_s=fields["limits"]["own_s"], idle_s=fields["limits"]["idle_s"])
        self._session = Session(
            story=story,
            images=Images(arrays),
            tracer=Tracer(),
            budget=Budget.from_fields(fields["budget"]),
            held_out=job.arrays["held_out"],
            watched=frozenset(map(str, fields["watched"])),
            stopwatch=Stopwatch(GOVERNED * self._limits.own_s),
            surrogates=Surrogates(
                [Surrogate(variable=v, builder=b, convolutional=c, logits=g) for v, b, c, g in fields["networks"]],
                map(str, fields["datasets"]),
                lambda: _batches(self._session.images, tuple(fields["image_shape"])),
            ),
        )
        self._namespace = _namespace()
        self._tape = TapeRecorder(session=self._session, namespace=self._namespace)
        self._stand_ins = StandInFinder(map(str, fields["stand_ins"]))
        self._answers = {name: probes.answers(name, parsed) for name in map(str, fields["answers"])}
        self._probed: Counter[str] = Counter()
        self._derived = set[str]()
        self._asking: list[Statement] = []
        self._asked = 0
        self._labels = frozenset(map(str, fields["labels"]))
        self._given: dict[str, Any] = {}
        self._histories = Histories(parsed)
        self._gallery = Gallery(self._session)
        numbers = frozenset(map(str, [*fields["numbers"], *fields["scores"]]))
        self._values = values.Watch(self._session, numbers, tuple(fields["datasets"]))
        self._sheet = AnswerSheet(map(str, fields["questions"]), story)
        install(self._session)
        rationing.ration_datasets(self._session)
        self._tape.install()
        _serve_dataset(arrays)
        story.send("run", {"versions": _versions()})

    def run(self) -> None:
        """Run all cells and tell what became of them."""
        session, story = self._session, self._story
        self._stand_ins.install()
        keep_going()
        capture = capture_output()
        for index in self._parsed:
            story.send("started", {"index": index})
            ran = self._run_cell(index)
            self._gallery.take(index)
            outcome = {"index": index, "state": ran.state, "failures": ran.failures, "seconds": ran.seconds}
            story.send("ran", {**outcome, "output": capture.take()})
        session.watched_values.clear()
        last = functools.partial(self._send_names, len(self._parsed))
        for look in (last, self._tape.send_losses, self._describe_untrained, self._replay_tape, self._try_functions):
            attempt(look)
        story.send("run", {"capped": sorted(session.capped), "stand_ins": sorted(self._stand_ins.used)})
        story.send("run", {"surrogates": [story.model_number(model) for model in session.surrogates.made]})
        story.send("run", {"given": sorted(self._given)})
        story.send("run", {"histories": [history.history for history in self._histories.made]})
        pairs = wrapped(story.known_models()[:WRAPPED_LIMIT])
        story.send("run", {"wrapped": [[story.model_number(one), story.model_number(inner)] for one, inner in pairs]})

    def _run_cell(self, index: int) -> Ran:
        def after(part: Statement) -> None:
            self._note_asking(part)
            self._tape.finish_step()
            self._send_names(index)
            self._gallery.attach()
            self._values.look(index, self._namespace)
            attempt(functools.partial(self._sheet.look, index, self._namespace))
            # At once, while everything is as it was for this statement; a later one may end the program.
            attempt(functools.partial(self._probe_prediction, part))

        def provide(name: str) -> bool:
            sources = (self._session.surrogates, self._histories)
            return any(each.provide(name, self._namespace) for each in sources) or self._provide_data(name)

        parts, stopwatch = self._parsed[index], self._session.stopwatch
        ran = run_cell(index, parts, self._namespace, self._limits, after, stopwatch, provide)
        if ran.state == "timed_out":
            self._limits = self._limits.shortened()
        return ran

    def _provide_data(self, name: str) -> bool:
        """Give labels that are missing, or images that a function of the lab failed to load; those are judged alone."""
        session, fields = self._session, self._job.fields
        if name not in (session.watched | self._labels if fields["functions"] else self._labels):
            return False
        split = _split_of(name)
        shape = tuple(fields["image_shape"])
        is_label = name in self._labels
        self._namespace[name] = session.images.one_hot(split) if is_label else session.images.raw(split, shape)
        self._given[name] = self._namespace[name]
        return True

    def _note_asking(self, part: Statement) -> None:
        """Remember the statements in which a network was asked for predictions, be it in a function of theirs."""
        if self._session.asked > self._asked:
            self._asked = self._session.asked
            self._asking.append(part)

    def _send_names(self, index: int) -> None:
        """Send which names mean which network now, and what the watched names hold if that is new."""
        session, story = self._session, self._story
        items = [(name[:80], value) for name, value in list(self._namespace.items()) if not name.startswith("_")]
        models = {name: story.model_number(value) for name, value in items if isinstance(value, keras.Model)}
        if models != session.named:
            session.named = models
            story.send("names", {"cell": index, "models": dict(list(models.items())[:100])})
        for name in (session.watched | self._labels) & self._namespace.keys():
            value = self._namespace[name]
            # Labels of ours are not told: they are no student's.
            is_ours = name in self._labels and self._given.get(name, self) is value
            if session.watched_values.get(name) is not value and not is_ours:
                session.watched_values[name] = value
                facts = session.images.facts(value)
                if facts is not None:
                    kind = self._kind_of_labels(name, facts["rows"]) if name in self._labels else facts["labels"]
                    story.send("value", {"cell": index, "name": name, "data": {**facts, "labels": kind}})

    def _kind_of_labels(self, name: str, rows: int) -> str:
        """Return what labels are to the named images of their split, if there are as many: both may be shuffled."""
        split = _split_of(name)
        images = next((n for n in self._session.watched & self._namespace.keys() if _split_of(n) == split), "")
        facts = self._session.images.facts(self._namespace.get(images), self._namespace[name])
        return str(facts["labels"]) if facts is not None and facts["rows"] == rows else "absent"

    def _describe_untrained(self) -> None:
        """Describe the networks that were built but never trained."""
        trained = set(self._session.fits)
        for model in self._story.known_models():
            if model not in trained:
                attempt(functools.partial(take_snapshot, self._session, model, "untrained"))

    def _probe_prediction(self, part: Statement) -> None:
        """Try a statement that gives the likeliest digit; one that only prints it where none assigns it."""
        for name in self._answers:
            attempt(functools.partial(self._probe_answer, name, part))

    def _probe_answer(self, name: str, part: Statement) -> None:
        is_printed = not self._answers[name] and name == self._job.fields["prediction"]
        for answer in self._answers_in(name, part, is_printed=is_printed):
            if self._probed[name] < PROBES_LIMIT:
                self._probed[name] += 1
                self._probe(name, answer, is_printed=is_printed)

    def _answers_in(self, name: str, part: Statement, *, is_printed: bool) -> list[Statement]:
        """Return a statement that gives a name its value, or what it prints in the place of such a value."""
        if not is_printed:
            return [part] if part in self._answers[name] else []
        own, known = probes.predicted(self._session, self._namespace), frozenset(self._derived)
        self._derived |= probes.made_of(part, own | known) - own
        return [one for one in probes.printed(name, part) if probes.depends_on(one, own, known)]

    def _probe(self, name: str, answer: Statement, *, is_printed: bool) -> None:
        fields = self._job.fields
        probes.probe_prediction(
            self._session,
            name=name,
            source=str(fields["predictions"]),
            answer=answer,
            is_printed=is_printed,
            trials=self._job.arrays["trials"],
            cells=self._parsed,
            asks=lambda part: any(part is other for other in self._asking),
            classes=next(iter(self._answers), ""),
            namespace=self._namespace,
            limits=PROBE_LIMITS,
        )

    def _try_functions(self) -> None:
        """Run the functions that the lab asks for on arguments that the grader chose."""
        for position, (name, trials, count) in enumerate(self._job.fields["functions"]):
            chosen = [[self._job.arrays[f"f{position}_{t}_{n}"] for n in range(count)] for t in range(trials)]
            functions.try_function(self._session, str(name), chosen, self._namespace, FUNCTION_LIMITS)

    def _replay_tape(self) -> None:
        """Run a hand-written loop again where it was not its own fault that it showed nothing."""
        if not self._job.fields["image_shape"]:
            return
        is_silent = not self._tape.counts
        # What is made of the losses is made anew only where the first run left none.
        results = frozenset(map(str, self._job.fields["numbers"] if is_silent else ()))
        if not self._tape.recognised and not self._are_images_prepared():
            self._replay(results)
        for provide in (self._session.surrogates.provide_datasets, self._session.surrogates.provide_all):
            if not self._tape.counts and provide(self._namespace):
                self._replay(results)
        if is_silent:
            self._tape.send_losses()

    def _replay(self, results: frozenset[str]) -> None:
        self._tape.steps = 0
        probes.replay_tape(
            self._session,
            cells=self._parsed,
            namespace=self._namespace,
            image_shape=tuple(self._job.fields["image_shape"]),
            limits=self._limits,
            after=self._after_replayed,
            results=results,
        )

    def _after_replayed(self, index: int) -> None:
        self._tape.finish_step()
        self._values.look(index, self._namespace)

    def _are_images_prepared(self) -> bool:
        """Tell whether the watched images are recognised, are scaled, and have the shape that the networks take."""
        kept = {name: value for name, value in self._session.watched_values.items() if name not in self._labels}
        facts = [self._session.images.facts(value) for value in kept.values()]
        return all(
            fact is not None
            and fact["scale"] is not None
            and abs(fact["scale"]) * 255 <= LARGEST
            and fact["shape"][-1:] == self._job.fields["image_shape"][-1:]
            for fact in facts
        )


def _split_of(name: str) -> str:
    return "train" if "train" in name.lower() else "test"


def _batches(images: Images, shape: tuple[int, ...]) -> Any:
    """Return a `tf.data.Dataset` in the place of one that is missing."""
    return tf.data.Dataset.from_tensor_slices(images.first(BATCHED, shape)).batch(BATCH)


def _pin(seed: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)


def _serve_dataset(arrays: Mapping[str, Array]) -> None:
    """Let `keras.datasets.mnist.load_data()` return the lab's data, fresh copies each time."""

    def load_data(path: str = "mnist.npz") -> tuple[tuple[Array, Array], tuple[Array, Array]]:  # noqa: ARG001
        return (
            (arrays["x_train"].copy(), arrays["y_train"].copy()),
            (arrays["x_test"].copy(), arrays["y_test"].copy()),
        )

    keras.datasets.mnist.load_data = load_data
    for name in ("keras.src.datasets.mnist", "keras.datasets.mnist", "keras.api.datasets.mnist"):
        if name in sys.modules:
            sys.modules[name].load_data = load_data  # type: ignore[attr-defined]


def _versions() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, "tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}


def _namespace() -> dict[str, Any]:
    """Return fresh global names in a module of their own, as `__main__`, like a script or a notebook has."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    # What notebooks use without importing it; magics are written like this when a notebook is exported.
    module.__dict__.update(display=print, get_ipython=lambda: StandIn("IPython"))
    return module.__dict__
