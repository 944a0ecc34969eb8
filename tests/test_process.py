"""Workers that lie, drip, flood, or never read: what the parent makes of them. Each is a real process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from grader import inbox, procfs, scratch, workers
from grader.errors import MachineError
from grader.sandbox.contract import OPEN, Confinement, Layer, Tier
from grader.wire import FRAME_LIMIT, Frame, WireError
from grader.workers import Limits, Worker, WorkerLost

LIMITS = Limits(wall_s=10.0, cpu_s=10.0)

SPEAK = """
import json, os, struct, sys, time
def say(kind, **fields):
    header = json.dumps({"kind": kind, "fields": fields, "arrays": []}).encode()
    os.write(1, struct.pack("<I", len(header)) + header)
"""
CONFINED = SPEAK + 'say("confined")\n'


@contextmanager
def worker(code: str, *, limits: Limits = LIMITS, confinement: Confinement = OPEN) -> Iterator[Worker]:
    """Start a worker that runs other code than ours: what comes before the command is a program of its own."""
    wrapped = replace(confinement, wrapper=(sys.executable, "-I", "-S", "-c", code))
    with workers.fresh(lambda: wrapped)("x", limits) as child:
        yield child


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
@pytest.mark.parametrize(
    ("layer", "word"), [(Layer.CALLS, "calls"), (Layer.PRIVILEGES, "privileges"), (Layer.USER, "user")]
)
def test_a_worker_that_only_says_that_it_is_confined_is_found_out(layer: Layer, word: str) -> None:
    claimed = Confinement(tier=Tier.B, layers=frozenset({layer}))
    with worker(CONFINED + "time.sleep(30)", confinement=claimed) as child:
        with pytest.raises(MachineError, match=f"no {word}") as caught:
            child.send(Frame(kind="job"))
        assert caught.value.slug == "not-confined"
        assert not psutil.pid_exists(child.innermost) or psutil.Process(child.innermost).status() == "zombie"


@pytest.mark.parametrize("code", [SPEAK + 'say("end", reason="done")', "raise SystemExit(3)", "print('x' * 100)"])
def test_a_worker_that_does_not_say_so_gets_nothing(code: str) -> None:
    with worker(code) as child, pytest.raises(MachineError, match="confined"):
        child.send(Frame(kind="job"))


@pytest.mark.parametrize("start", ["b'\\x40'", "struct.pack('<I', 64)", "struct.pack('<I', 64) + b'{'"])
def test_a_frame_has_to_come_within_its_time(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MESSAGE_S", 0.5)
    drip = f"os.write(1, {start})\nwhile True:\n    time.sleep(0.1)\n    os.write(1, b' ')\n"
    started = time.monotonic()
    with worker(CONFINED + (drip if "{" in start else drip.replace("os.write(1, b' ')", "pass"))) as child:
        with pytest.raises(WorkerLost) as caught:
            child.receive()
        assert caught.value.ending.reason == "protocol"
    assert time.monotonic() - started < 3


def test_a_worker_that_never_reads_holds_nobody_up() -> None:
    large = Frame(kind="job", arrays={"a": np.zeros(10_000_000, np.uint8)})
    with worker(CONFINED + "time.sleep(60)", limits=replace(LIMITS, wall_s=2.0)) as child:
        started = time.monotonic()
        with pytest.raises(WorkerLost) as caught:
            child.send(large)
        assert caught.value.ending.reason == "wall"
        assert time.monotonic() - started < 4


def test_a_frame_that_is_too_large_to_travel_is_told_of_at_once() -> None:
    with worker(CONFINED + "time.sleep(60)") as child:
        with pytest.raises(WireError, match="header"):
            child.send(Frame(kind="network", fields={"spec": "é" * 30_000}))
        assert child.is_alive()


def test_a_busy_machine_uses_up_nobody_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = {"s": 0.0}
    monkeypatch.setattr(procfs, "waits_for_processor", lambda _pid: {1: waited["s"]})
    with worker(CONFINED + "time.sleep(60)", limits=replace(LIMITS, wall_s=1.0)) as child:
        child._confirm()
        child.restart_clock()
        waited["s"] = 1.5
        started = time.monotonic()
        with pytest.raises(WorkerLost) as caught:
            child.receive()
        assert caught.value.ending.reason == "wall"
        assert 2.4 < time.monotonic() - started < 4


def test_threads_that_wait_in_turns_are_starved_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([{1: 0.0}, {1: 1.0}, {1: 1.0, 2: 1.0}, {2: 1.0, 3: 1.5}, {3: 1.5}])
    monkeypatch.setattr(procfs, "waits_for_processor", lambda _pid: next(looks))
    starvation = procfs.Starvation(1)
    for _ in range(4):
        starvation.look()
    assert starvation.seconds == 3.5


def test_frames_that_nobody_takes_are_not_piled_up() -> None:
    flood = """
header = json.dumps({"kind": "k", "fields": {}, "arrays": [["a", "uint8", [4000000]]]}).encode()
while True:
    sys.stdout.buffer.write(struct.pack("<I", len(header)) + header + bytes(4000000))
"""
    with worker(CONFINED + flood) as child:
        child.receive()
        own = psutil.Process()
        before = own.memory_info().rss
        time.sleep(2.0)
        assert child._inbox._held <= inbox.FRAMES_HELD + 5_000_000
        assert own.memory_info().rss - before < inbox.FRAMES_HELD + 30_000_000
        assert inbox.FRAMES_HELD < FRAME_LIMIT


@pytest.mark.skipif(sys.platform != "linux", reason="no fork")
@pytest.mark.parametrize("habit", ["pass", "say('more')"])
def test_what_outlives_a_worker_costs_its_parent_nothing(habit: str) -> None:
    """Where nothing forbids new processes one may keep the pipes: the parent lets go of its ends all the same."""
    survivor = f"os.setsid()\n    for _ in range(10):\n        time.sleep(0.4)\n        {habit}\n    os._exit(0)\n"
    before = psutil.Process().num_fds()
    with worker(f"{SPEAK}if not os.fork():\n    {survivor}say('confined')") as child:
        with suppress(WorkerLost):
            child.send(Frame(kind="job"))
        child.kill()
        held = child._inbox._held
    deadline = time.monotonic() + 20
    while psutil.Process().num_fds() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert psutil.Process().num_fds() == before
    assert child._inbox._held == held


def test_a_machine_without_memory_is_not_the_students_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    kills = iter([0, 1, 1, 1])
    monkeypatch.setattr(workers, "out_of_memory_kills", lambda: next(kills))
    with worker(CONFINED + "import signal\nos.kill(os.getpid(), signal.SIGKILL)") as child:
        with pytest.raises(WorkerLost) as caught:
            child.receive()
        assert caught.value.ending.reason == "machine_memory"


def test_scratch_that_grows_without_end_is_ended() -> None:
    fill = "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(bytes(1000000))\n    time.sleep(0.001)\n"
    with worker(CONFINED + fill, limits=replace(LIMITS, scratch_bytes=50_000_000)) as child:
        with pytest.raises(WorkerLost) as caught:
            child.receive()
        assert caught.value.ending.reason == "disk"


def test_a_full_folder_is_seen_while_other_threads_of_the_grader_are_busy(tmp_path: Path) -> None:
    fills = (
        "for n in range(2000): open(f'{n}', 'w').close()\n"
        "open('large', 'wb').write(b'x' * 2_000_000)\ntime.sleep(6)\n"
        f"open({str(tmp_path / 'went-on')!r}, 'w').close()\n"
    )
    is_over = threading.Event()

    def judge() -> None:
        while not is_over.is_set():
            sum(range(1000))

    busy = threading.Thread(target=judge)
    busy.start()
    try:
        with worker(CONFINED + fills, limits=replace(LIMITS, scratch_bytes=1_000_000)) as child:
            with pytest.raises(WorkerLost) as caught:
                child.receive()
            assert caught.value.ending.reason == "disk"
            assert not (tmp_path / "went-on").exists()
    finally:
        is_over.set()
        busy.join()


def test_what_a_killed_grader_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, unlocked = tmp_path / f"{scratch.PREFIX}left", tmp_path / f"{scratch.PREFIX}half-removed"
    for folder in (left, unlocked, tmp_path / "other"):
        (folder / "scratch" / "deep").mkdir(parents=True)
    left.with_suffix(".lock").touch()
    (tmp_path / f"{scratch.PREFIX}hardly-begun.lock").touch()
    scratch.sweep.cache_clear()
    with scratch.folder() as mine:
        assert {path.stem for path in tmp_path.iterdir()} == {"other", mine.parent.name}
        scratch.sweep.cache_clear()
        scratch.sweep()
        assert mine.exists()
    assert not mine.parent.exists()


def test_a_folder_that_was_closed_on_purpose_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch.folder() as mine:
        (mine / "closed").mkdir()
        (mine / "closed" / "file").write_text("x")
        (mine / "closed").chmod(0)
        (mine / "elsewhere").symlink_to("/")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_emptied_but_for_what_is_mounted_below_it(tmp_path: Path) -> None:
    kept = tmp_path / "run" / "scratch"
    (kept / "work").mkdir(parents=True)
    (tmp_path / "run" / "beside").write_text("x")
    (tmp_path / "deep" / "closed").mkdir(parents=True)
    (tmp_path / "deep" / "closed").chmod(0)
    (tmp_path / "link").symlink_to(kept)
    scratch.empty(tmp_path, but=kept)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "run",
        "run/scratch",
        "run/scratch/work",
    ]
    scratch.empty(kept)
    assert list(kept.iterdir()) == []


def test_a_folder_is_removed_however_deep_it_is(tmp_path: Path) -> None:
    """Also where its path is longer than the system takes, and by a thread, whose stack is small."""
    made = "import os\nfor n in range(3000):\n    os.mkdir('deep')\n    os.chdir('deep')\n"
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True, timeout=60)
    (tmp_path / "deep" / "file").write_text("x")
    assert scratch.used_bytes(tmp_path) > 1 << 60, "what is hidden in the depth would not be counted"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(scratch.empty, tmp_path).result()
    assert list(tmp_path.iterdir()) == []


def test_time_that_a_worker_used_itself_is_no_time_that_it_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred threads of its own wait for one another all the while."""
    monkeypatch.setattr(procfs, "waits_for_processor", lambda _pid: {1: time.monotonic()})
    monkeypatch.setattr(workers, "cpu_seconds", lambda _pid: time.monotonic())
    with worker(CONFINED + "while True: pass", limits=replace(LIMITS, wall_s=1.0)) as child:
        child._confirm()
        child.restart_clock()
        started = time.monotonic()
        with pytest.raises(WorkerLost) as caught:
            child.receive()
        assert caught.value.ending.reason == "wall"
        assert time.monotonic() - started < 3.5


def test_the_font_list_is_made_once_for_all_workers(tmp_path: Path) -> None:
    """No trusted process draws, so none would leave the list behind that workers are lent."""
    code = "import sys; from grader import process; process.make_font_list(); print('matplotlib' in sys.modules)"
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert [words.strip() for words in said] == ["True", "False"]
    assert list(tmp_path.glob("fontlist-*.json"))
