"""The untrusted process of one submission: reads a job, runs the cells, sends evidence. It holds no secret.

Started as `python -I -B -m grader.collect.worker`; nothing here knows a rubric or an expected value. The only labels
are those that the lab gives to students anyway.
"""

from __future__ import annotations

import faulthandler
import functools
import json
import os
import sys
import threading
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from grader import process, wire
from grader.collect import cells, marks
from grader.collect.runner import CellLimits, capture_output, run_cell
from grader.collect.story import Story
from grader.collect.surroundings import StandIn, StandInFinder, keep_from_waiting

if TYPE_CHECKING:
    from grader.collect.instruments import Session
    from grader.collect.tape import TapeRecorder
    from grader.wire import Array

THREADS = 2
"""Pinned, so that the number of cores changes no result; two is what the benchmarks were measured with."""


def main() -> None:
    """Serve one job, then end without ceremony: tearing TensorFlow down takes most of a second."""
    requests, answers = process.claim_pipes()
    process.die_with_parent()
    # A crash of native code tells the parent's log where it happened.
    faulthandler.enable(file=2)
    story = Story(answers)
    try:
        job = wire.decode(lambda size: _read_exactly(requests, size))
        threading.Thread(target=_die_at_eof, args=(requests,), daemon=True).start()
        _serve(job, story)
    except cells.NotALabFile as error:
        story.send("end", {"reason": "rejected", "detail": str(error)})
    except BaseException:  # noqa: BLE001 - told to the parent's log, whatever it was
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(1)
    os._exit(0)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _die_at_eof(requests: BinaryIO) -> None:
    """End this process when the parent is gone, on every platform."""
    requests.read(1)
    os._exit(1)


def _serve(job: wire.Frame, story: Story) -> None:
    fields = job.fields
    sources = cells.split(job.arrays["submission"].tobytes(), suffix=str(fields["suffix"]))
    parsed = {
        index: cells.statements(source, is_script=len(sources) == 1) for index, source in enumerate(sources, start=1)
    }
    for index, source in enumerate(sources, start=1):
        _send_cell(story, index, source, marks.find(parsed[index], placeholder=str(fields["placeholder"])))
    story.send("run", {"cells": len(sources)})
    limits = fields["limits"]
    process.apply_limits(cpu_s=limits["cpu_s"], memory_bytes=limits["address_bytes"], file_bytes=limits["file_bytes"])
    session, tape, namespace = _prepare(job, story)
    from grader.collect import probes  # noqa: PLC0415 - needs TensorFlow

    statement_limits = CellLimits(own_s=limits["own_s"], idle_s=limits["idle_s"])
    stand_ins = StandInFinder(map(str, fields["stand_ins"]))
    stand_ins.install()
    keep_from_waiting()
    capture = capture_output()
    answer = probes.last_assignment(str(fields["prediction"]), parsed)

    def after(index: int, part: cells.Statement) -> None:
        tape.finish_step()
        _send_names(session, index, namespace)
        if part is answer:
            # At once, while everything is as it was for this statement; a later one may end the program.
            _try(_probe_prediction, job, session, parsed, namespace)

    for index, parts in parsed.items():
        story.send("started", {"index": index})
        ran = run_cell(
            index,
            parts,
            namespace,
            statement_limits,
            functools.partial(after, index),
            session.stopwatch,
            lambda name: session.surrogates.provide(name, namespace),
        )
        outcome = {"index": index, "state": ran.state, "failures": ran.failures, "seconds": ran.seconds}
        story.send("ran", {**outcome, "output": capture.take()})
        state = ran.state
        statement_limits = statement_limits.shortened() if state == "timed_out" else statement_limits
    session.watched_values.clear()
    _try(_send_names, session, len(parsed), namespace)
    for look in (_final_snapshots, _replay_tape):
        _try(look, job, session, tape, parsed, namespace)
    surrogates = [story.model_number(model) for model in session.surrogates.made]
    story.send("run", {"capped": sorted(session.capped), "stand_ins": sorted(stand_ins.used)})
    story.send("run", {"surrogates": surrogates})
    story.send("end", {"reason": "done", "detail": ""})


def _send_cell(story: Story, index: int, source: str, facts: Mapping[str, Any]) -> None:
    arrays = {
        "source": np.frombuffer(source.encode("utf-8", "replace")[:200_000], np.uint8),
        "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
    }
    story.send("cell", {"index": index}, arrays)


def _prepare(job: wire.Frame, story: Story) -> tuple[Session, TapeRecorder, dict[str, Any]]:
    """Import TensorFlow, pin it down, and put the instruments in; the slow part of every start."""
    import keras  # noqa: PLC0415 - after the cells have been sent: it takes two seconds
    import tensorflow as tf  # noqa: PLC0415

    from grader import datasets  # noqa: PLC0415
    from grader.collect.governor import Budget  # noqa: PLC0415
    from grader.collect.identity import Images  # noqa: PLC0415
    from grader.collect.instruments import Session, install  # noqa: PLC0415
    from grader.collect.surrogates import Surrogate, Surrogates  # noqa: PLC0415
    from grader.collect.tape import TapeRecorder  # noqa: PLC0415
    from grader.networks import Tracer  # noqa: PLC0415

    fields = job.fields
    _pin(tf, keras, int(fields["seed"]))
    arrays = datasets.load(Path(fields["data_path"]))
    session = Session(
        story=story,
        images=Images(arrays),
        tracer=Tracer(),
        budget=Budget.from_fields(fields["budget"]),
        held_out=job.arrays["held_out"],
        watched=frozenset(map(str, fields["watched"])),
        surrogates=Surrogates(Surrogate(variable=v, builder=b, convolutional=c) for v, b, c in fields["networks"]),
    )
    namespace = _namespace()
    tape = TapeRecorder(session=session, namespace=namespace)
    install(session)
    tape.install()
    _serve_dataset(keras, arrays)
    story.send("run", {"versions": _versions(tf, keras)})
    return session, tape, namespace


def _pin(tf: Any, keras: Any, seed: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)


def _serve_dataset(keras: Any, arrays: Mapping[str, Array]) -> None:
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


def _versions(tf: Any, keras: Any) -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {
        "python": python,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def _namespace() -> dict[str, Any]:
    """Return fresh global names in a module of their own, as `__main__`, like a script or a notebook has."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    # What notebooks use without importing it; magics are written like this when a notebook is exported.
    module.__dict__.update(display=print, get_ipython=lambda: StandIn("IPython"))
    return module.__dict__


def _send_names(session: Session, index: int, namespace: Mapping[str, Any]) -> None:
    """Send which names mean which network now, and what the watched names hold if that is new."""
    import keras  # noqa: PLC0415 - imported already; the name is needed here

    story = session.story
    items = [(name[:80], value) for name, value in list(namespace.items()) if not name.startswith("_")]
    models = {name: story.model_number(value) for name, value in items if isinstance(value, keras.Model)}
    if models != session.named:
        session.named = models
        story.send("names", {"cell": index, "models": dict(list(models.items())[:100])})
    for name in session.watched & namespace.keys():
        value = namespace[name]
        if session.watched_values.get(name) is not value:
            session.watched_values[name] = value
            facts = session.images.facts(value)
            if facts is not None:
                story.send("value", {"cell": index, "name": name, "data": facts})


def _try(look: Callable[..., object], *arguments: object) -> None:
    """Take a last look of one kind; if it fails, the others are taken all the same."""
    try:
        look(*arguments)
    except Exception:  # noqa: BLE001 - the values are the student's; looking at them may raise anything
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))


Parsed = Mapping[int, Sequence[cells.Statement]]


def _final_snapshots(
    _job: wire.Frame, session: Session, _tape: TapeRecorder, _parsed: Parsed, _namespace: dict[str, Any]
) -> None:
    """Describe the networks that were built but never trained."""
    from grader.collect.instruments import take_snapshot  # noqa: PLC0415

    trained = set(session.fits)
    for model in session.story.known_models():
        if model not in trained:
            _try(take_snapshot, session, model, "untrained")


def _probe_prediction(job: wire.Frame, session: Session, parsed: Parsed, namespace: dict[str, Any]) -> None:
    from grader.collect import probes  # noqa: PLC0415

    probes.probe_prediction(
        session,
        name=str(job.fields["prediction"]),
        source=str(job.fields["predictions"]),
        trials=job.arrays["trials"],
        cells=parsed,
        namespace=namespace,
        limits=CellLimits(own_s=2.0, idle_s=5.0),
    )


def _replay_tape(
    job: wire.Frame, session: Session, tape: TapeRecorder, parsed: Parsed, namespace: dict[str, Any]
) -> None:
    """Run a hand-written loop again where it was not its own fault that it showed nothing."""
    from grader.collect import probes  # noqa: PLC0415

    shape, limits = tuple(job.fields["image_shape"]), job.fields["limits"]

    def replay() -> None:
        tape.steps = 0
        probes.replay_tape(
            session,
            cells=parsed,
            namespace=namespace,
            image_shape=shape,
            limits=CellLimits(own_s=limits["own_s"], idle_s=limits["idle_s"]),
            after=lambda _: tape.finish_step(),
        )

    if shape and not tape.recognised and not _are_prepared(session):
        replay()
    if shape and not tape.counts:
        session.surrogates.provide_all(namespace)
        replay()


def _are_prepared(session: Session) -> bool:
    """Tell whether the watched images can be recognised and have the shape that the networks of the lab take."""
    facts = [session.images.facts(value) for value in session.watched_values.values()]
    return all(fact is not None and fact["scale"] is not None and fact["shape"][-1:] == [1] for fact in facts)


if __name__ == "__main__":
    main()
