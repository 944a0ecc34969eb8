"""The clean worker: started when it is needed, replaced when it is lost, and never an expense of the student's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import psutil
import pytest
import quiz

from grader import labs
from grader.datasets import HeldOut
from grader.evidence import DataFacts, Evidence, Snapshot
from grader.sandbox.choose import confinement
from grader.sandbox.contract import Tier
from grader.verification import Verified
from grader.verify import host
from grader.verify.host import Verifier, labels_of_rows
from grader.wire import Array, Frame
from grader.workers import Ending, Limits, Worker, WorkerLost, fresh

HELD_OUT = HeldOut(np.arange(5 * 784, dtype=np.uint8).reshape(5, 28, 28), np.zeros(5, np.uint8))
NO_LABELS = labels_of_rows(np.zeros(1, np.uint8), np.zeros(1, np.uint8))

FACTS = DataFacts(
    split="test",
    rows=5,
    shape=(28, 28, 1),
    dtype="float32",
    low=0.0,
    high=1.0,
    labels="integer",
    scale=1 / 255,
    offset=0.0,
)


def dense(model: int) -> Snapshot:
    """Return a network that counts how bright an image is."""
    return Snapshot(
        model=model,
        call=model,
        stage="trained",
        kind="Sequential",
        layers=(),
        parameters=784,
        spec=({"class": "Flatten", "config": {}}, {"class": "Dense", "config": {"units": 1, "use_bias": False}}),
        data=FACTS,
        weights=(np.ones((784, 1), np.float32),),
        claimed=None,
    )


def evidence(*snapshots: Snapshot) -> Evidence:
    return replace(quiz.case_from(labs.find(labs.FLAGSHIP), (), {}).evidence, snapshots=snapshots)


def verify(verifier: Verifier, *snapshots: Snapshot) -> Verified:
    return verifier.verify(evidence(*snapshots), held_out=HELD_OUT, labels_of=NO_LABELS)


@pytest.mark.slow
def test_a_worker_that_was_killed_is_replaced_and_says_the_same() -> None:
    with Verifier(fresh(lambda: confinement(Tier.D))) as verifier:
        first = verify(verifier, dense(1)).networks[1, 1]
        before = verifier._worker
        psutil.Process(before.innermost).kill()
        second = verify(verifier, dense(1)).networks[1, 1]
        assert verifier._worker is not before
    assert first.rebuilt
    assert first.parameters == second.parameters == 784
    expected = HELD_OUT.images.reshape(5, 784).astype(np.float32).sum(axis=1, keepdims=True) / 255
    for network in (first, second):
        np.testing.assert_allclose(cast(Array, network.outputs), expected, rtol=1e-5)


Answer = Callable[[Frame], Frame]


def control(request: Frame) -> Frame:
    """Answer as a worker does that is in order."""
    images = request.arrays["images"]
    outputs = images.reshape(len(images), -1).astype(np.float32)
    return Frame(kind="network", fields={"layers": [], "parameters": 0}, arrays={"outputs": outputs})


def lost(reason: str) -> Answer:
    def answer(_request: Frame) -> Frame:
        raise WorkerLost(Ending(reason=reason))

    return answer


@dataclass
class Scripted:
    """Stands for a worker: answers as the script says, whichever worker of its line it is."""

    script: Iterator[Answer]
    cpu_s: float = 0.0
    resident_bytes: int = 0
    asked: list[Frame] = field(default_factory=list)

    def restart_clock(self) -> None: ...

    def send(self, request: Frame) -> None:
        self.asked.append(request)

    def receive(self) -> Frame:
        return next(self.script)(self.asked[-1])


class Line:
    """Starts one scripted worker after another; counts them."""

    def __init__(self, *script: Answer) -> None:
        self._script = iter(script)
        self.workers: list[Scripted] = []

    @contextmanager
    def __call__(self, _module: str, _limits: Limits) -> Iterator[Worker]:
        self.workers.append(Scripted(self._script))
        yield cast(Worker, cast(Any, self.workers[-1]))


def test_none_is_started_where_nothing_is_to_be_recomputed() -> None:
    line = Line()
    with Verifier(line) as verifier:
        assert verify(verifier).fault == ""
        assert line.workers == []
        verifier.prepare()
        verifier.prepare()
    assert len(line.workers) == 1


def test_a_worn_worker_is_replaced_before_the_next_submission() -> None:
    line = Line(control, control)
    with Verifier(line) as verifier:
        verify(verifier, dense(1))
        line.workers[0].cpu_s = host.WORN_CPU_S + 1
        verify(verifier, dense(1))
    assert len(line.workers) == 2


@pytest.mark.parametrize(
    ("script", "rebuilt", "fault", "workers"),
    [
        # TensorFlow crashes once in some hundred times: the next worker answers a control, then the same question.
        ([lost("died"), control, control], True, "", 2),
        # It crashes at this network alone, and the control is answered: that is the network's doing.
        ([lost("died"), control, lost("died"), control], False, "", 3),
        # It crashes at everything: the machine's fault.
        ([lost("died"), lost("died"), lost("died")], False, "died", 4),
        # Out of memory at the first question of a fresh worker: it is as large as that.
        ([lost("memory")], False, "", 2),
        ([lost("cpu")], False, "", 2),
        # Long on the clock without using a processor.
        ([lost("wall")], False, "wall", 2),
    ],
)
def test_whose_fault_it_is_that_a_worker_is_lost(
    script: list[Answer],
    rebuilt: bool,  # noqa: FBT001 - a column of the table
    fault: str,
    workers: int,
) -> None:
    line = Line(*script)
    with Verifier(line) as verifier:
        verified = verify(verifier, dense(1))
        verifier.prepare()
    assert (verified.networks[1, 1].rebuilt, verified.fault, len(line.workers)) == (rebuilt, fault, workers)


def test_want_of_memory_after_other_networks_is_asked_again_of_a_fresh_worker() -> None:
    line = Line(control, lost("memory"), control)
    with Verifier(line) as verifier:
        verified = verify(verifier, dense(1), dense(2))
    assert [network.rebuilt for network in verified.networks.values()] == [True, True]


def test_what_all_networks_of_a_submission_may_take_is_bounded() -> None:
    line = Line(*[lost("cpu")] * 20)
    with Verifier(line) as verifier:
        verified = verify(verifier, *map(dense, range(1, 9)))
    assert not any(network.rebuilt for network in verified.networks.values())
    assert sum(len(worker.asked) for worker in line.workers) <= 1 + host.TOTAL_CPU_S / host.LIMITS.turn_cpu_s
