"""Workers that are forked off: as confined as new ones, strangers to one another, and done without where need be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from grader import forkserver, scratch
from grader.errors import MachineError
from grader.forkserver import TRIAL, TRIAL_LIMITS, WarmStart
from grader.procfs import process_status
from grader.sandbox import choose
from grader.sandbox.contract import OPEN, Confinement, Tier
from grader.wire import Frame
from grader.workers import Worker, WorkerLost

TIERS = [tier for tier in (Tier.A, Tier.B) if not choose.obstacle(tier)]

pytestmark = pytest.mark.skipif(not TIERS, reason="this machine forks no workers")


@pytest.fixture(scope="module", params=TIERS)
def warm(request: pytest.FixtureRequest) -> Iterator[WarmStart]:
    images = {"x_test": np.ones((3, 28, 28), np.uint8)}
    with WarmStart(request.param, lambda: choose.confinement(request.param), lambda: images) as start:
        yield start


def compute(worker: Worker) -> str:
    worker.send(Frame(kind="try"))
    return worker.receive().kind


def test_forked_workers_compute_one_after_another_and_are_confined(warm: WarmStart) -> None:
    seen = set()
    for _ in range(3):
        with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
            assert compute(worker) == "works"
            assert worker.holds == {"x_test"}
            status = process_status(worker.innermost)
            assert status["Seccomp"] == "2"
            assert status["NoNewPrivs"] == "1"
            assert int(status["CapEff"], 16) == 0
            assert os.geteuid() != 0 or choose.closed_folder() or status["Uid"].split()[0] != "0"
            seen.add(worker.innermost)
        assert not psutil.pid_exists(worker.innermost)
    assert warm.obstacle == ""
    assert len(seen) == 3


def test_how_a_forked_worker_ended_is_told(warm: WarmStart) -> None:
    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        assert compute(worker) == "works"
        with pytest.raises(WorkerLost) as caught:
            worker.receive()
    assert (caught.value.ending.reason, caught.value.ending.detail) == ("died", "exit status 0")
    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        worker._confirm()
        os.kill(worker.innermost, signal.SIGSEGV)
        with pytest.raises(WorkerLost) as caught:
            compute(worker)
    assert caught.value.ending.detail == "signal SIGSEGV"


def test_a_forked_worker_finds_nothing_of_the_one_before(warm: WarmStart) -> None:
    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        folder = worker._folder
        closed = folder / "work" / "closed"
        closed.mkdir()
        (closed / "answers").write_text("x")
        (folder / "home" / "link").symlink_to("/etc")
        closed.chmod(0)
    assert list(folder.iterdir()) == []
    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        assert list((folder / "work").rglob("*")) == []
        assert compute(worker) == "works"


@pytest.mark.slow
def test_a_fork_server_that_is_gone_is_replaced_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "RESTARTS", 1)
    with WarmStart(TIERS[-1], lambda: choose.confinement(TIERS[-1])) as start:
        for number in range(2):
            with start.launch(TRIAL, TRIAL_LIMITS):
                pass
            assert start._server is not None
            start._server._server.kill()
            with start.launch(TRIAL, TRIAL_LIMITS) as worker:
                assert compute(worker) == "works"
            assert bool(start.obstacle) == (number == 1)


def test_a_server_whose_folder_cannot_be_emptied_is_given_up(warm: WarmStart, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_folder: Path) -> None:
        raise MachineError("something stays", slug="scratch")

    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        first = worker._folder
        monkeypatch.setattr(scratch, "empty", fails)
    monkeypatch.undo()
    with warm.launch(TRIAL, TRIAL_LIMITS) as worker:
        assert worker._folder != first
        assert compute(worker) == "works"


@pytest.mark.slow
def test_a_fork_server_in_which_nothing_can_be_computed_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "TRIAL", "grader.verify.worker")  # To which the trial makes no sense.
    with WarmStart(TIERS[-1], lambda: choose.confinement(TIERS[-1])) as start:
        with start.launch(TRIAL, TRIAL_LIMITS) as worker:
            assert compute(worker) == "works"
        assert "nothing can be computed" in start.obstacle


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("tf.constant(1) + 1", "fork server"),
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "threads"),
        ("pass", ""),
    ],
)
def test_a_process_that_did_more_than_import_is_not_forked(deed: str, words: str) -> None:
    code = f"import tensorflow as tf\n{deed}\nfrom grader.collect import forkserver\nprint(forkserver._spoilt())"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=200
    )
    last = done.stdout.strip()
    assert words in last if words else last == ""


@pytest.mark.slow
def test_a_weak_tier_does_not_fork(tmp_path: Path) -> None:
    def confine() -> Confinement:
        return OPEN

    with WarmStart(Tier.D, confine) as start, start.launch(TRIAL, TRIAL_LIMITS) as worker:
        assert compute(worker) == "works"
        assert "changing the process" in start.obstacle
        assert worker._folder != tmp_path
