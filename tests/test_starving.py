"""A machine on which everything else is more urgent: what is slow there is not taken for what stands still."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from grader.procfs import waits_for_processor

HOG = "while True: pass"
SLOW = """
import os, sys
from grader.collect.cells import statements
from grader.collect.runner import CellLimits, run_cell
os.nice(15)
ran = run_cell(1, statements(sys.argv[1]), {}, CellLimits(own_s=5.0, idle_s=1.0))
print(ran.state)
"""


@pytest.mark.slow
@pytest.mark.skipif(not waits_for_processor("self"), reason="the platform does not tell what waits for a processor")
@pytest.mark.parametrize(
    ("statement", "state"),
    [("sum(i * i for i in range(1_000_000))", "ok"), ("import threading; threading.Event().wait()", "timed_out")],
)
def test_code_that_gets_no_processor_is_not_idle(statement: str, state: str) -> None:
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        done = subprocess.run(
            [sys.executable, "-c", SLOW, statement], capture_output=True, text=True, check=True, timeout=120
        )
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert done.stdout.strip() == state
