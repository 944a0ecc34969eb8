"""A machine on which everything else is more urgent: what is slow there is not taken for what stands still."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from grader.collect import runner
from grader.procfs import waits_for_processor

RUN = """
import sys, threading, time
from grader.collect import runner
from grader.collect.cells import statements
starved = sys.argv[1] == "starved"
if starved:
    runner.waits_for_processor = lambda _pid: {1: time.monotonic(), threading.get_native_id(): 0.0}
else:
    # What the thread that looks waits for says nothing about the one that is looked at.
    runner.waits_for_processor = lambda _pid: {1: 0.0, threading.get_native_id(): time.monotonic()}
code = "import threading; threading.Event().wait(2.5)"
print(runner.run_cell(1, statements(code), {}, runner.CellLimits(own_s=5.0, idle_s=1.0)).state)
"""


@pytest.mark.parametrize(("machine", "state"), [("starved", "ok"), ("idle", "timed_out")])
def test_code_that_gets_no_processor_is_not_idle(machine: str, state: str) -> None:
    done = subprocess.run([sys.executable, "-c", RUN, machine], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == state


LATE = """
import itertools, types
from grader.collect import runner
from grader.collect.cells import statements
# The whole process has no processor for three seconds at a time, and the thread that looks is the first to get one.
clock = itertools.count(0.0, 3.0)
runner.time = types.SimpleNamespace(monotonic=lambda: next(clock), process_time=lambda: 0.0)
runner.waits_for_processor = lambda _pid: {}
code = "import threading; threading.Event().wait(0.6)"
print(runner.run_cell(1, statements(code), {}, runner.CellLimits(own_s=1e9, idle_s=2.0)).state)
"""


def test_a_watchman_who_comes_late_does_not_blame_the_watched() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "ok"


def test_the_end_of_threads_that_waited_does_not_count_against_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter([{1: 0.0, 2: 9.0}, {1: 1.0}, {1: 1.5, 3: 2.0}])
    monkeypatch.setattr(runner, "waits_for_processor", lambda _pid: next(waits))
    lively = runner.Liveliness()
    seen = [lively.seconds() for _ in range(3)]
    assert seen == sorted(seen)
    assert seen[2] - seen[0] == pytest.approx(3.5, abs=0.2)


@pytest.mark.skipif(not waits_for_processor("self"), reason="the platform does not tell what waits for a processor")
def test_waiting_for_a_processor_is_told_from_waiting_for_something_else() -> None:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))]
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_SLEEPING:
        threading.Event().wait(0.5)
    before, _, after = _waits([*hogs, sleeper]), threading.Event().wait(2.0), _waits([*hogs, sleeper])
    for each in (*hogs, sleeper):
        each.kill()
        each.wait()
    assert waits_for_processor(sleeper.pid) == {}
    waits = [late - early for early, late in zip(before, after, strict=True)]
    assert sum(waits[:-1]) / len(hogs) > 4 * waits[-1]


def _waits(processes: list[subprocess.Popen[bytes]]) -> list[float]:
    return [sum(waits_for_processor(each.pid).values()) for each in processes]
