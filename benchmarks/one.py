"""Time one submission: the reference as a bare script, and through `grade` at both efforts, in one run.

    python -m benchmarks.one                 quick effort only: about a minute
    python -m benchmarks.one --full          with full effort, with and without early stop: several minutes

Prints JSON. Seconds depend on the machine; the ratios, and what the grader adds to the student's code, are the claim.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from grader import datasets, labs
from grader import record as records

LAB = "mnist_cnn"

RUNS = 5
"""How often the first line is waited for."""

BARE = """
import sys, time, numpy as np
import keras
arrays = dict(np.load(sys.argv[2]))
keras.datasets.mnist.load_data = lambda: (
    (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"]))
source = open(sys.argv[1], encoding="utf-8").read()
exec(compile(source, "solution.py", "exec"), {"__name__": "__main__"})
"""


class Memory:
    """The largest resident size of a process and of all its descendants together, in bytes, polled."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.total = 0
        self.parent = 0

    def poll(self) -> None:
        """Look once."""
        try:
            own = self._process.memory_info().rss
            children = [child.memory_info().rss for child in self._process.children(recursive=True)]
        except psutil.Error:
            return
        self.parent = max(self.parent, own)
        self.total = max(self.total, own + sum(children))


@contextmanager
def watched(process: psutil.Process) -> Iterator[Memory]:
    """Poll the memory of a process tree every 50 ms."""
    memory, over = Memory(process), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            memory.poll()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()


def run(command: Sequence[str]) -> dict[str, float]:
    """Run a command and return its wall seconds and the peak memory of its tree."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": "Agg"}
    started = time.monotonic()
    with psutil.Popen(command, env=environment, stdout=-3, stderr=-3) as child, watched(child) as memory:
        status = child.wait()
    if status != 0:
        raise SystemExit(f"{command[:3]} exited with {status}")
    return {
        "seconds": round(time.monotonic() - started, 2),
        "peak_mib": round(memory.total / 2**20),
        "trusted_peak_mib": round(memory.parent / 2**20),
    }


def first_words(command: Sequence[str]) -> float:
    """Return the seconds until a command says its first line, the fastest of some runs in new processes."""
    return round(min(_until_first_line(command) for _ in range(RUNS)), 2)


def _until_first_line(command: Sequence[str]) -> float:
    started = time.monotonic()
    with psutil.Popen(command, stdout=-1, stderr=-2) as child:
        child.stdout.readline()
        seconds = time.monotonic() - started
        child.terminate()
    return seconds


def begin(*options: str) -> dict[str, float]:
    """Say how long one waits for the help, and for the first line of feedback."""
    command = [sys.executable, "-m", "grader"]
    with tempfile.TemporaryDirectory() as folder:
        sample = str(labs.find(LAB).folder / "sample.ipynb")
        first = first_words([*command, "run", sample, "--out", folder, *options])
    return {"help": first_words([*command, "--help"]), "first_line": first}


def grade(effort: str, *options: str) -> dict[str, float]:
    """Grade the reference through the command, and say how much of it was the student's own code."""
    lab = labs.find(LAB)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grader", "run", str(lab.solution_file), "--effort", effort]
        result = run([*command, "--out", folder, *options])
        cells = records.read(Path(folder) / "evidence").cells
    own = sum(cell.seconds for cell in cells)
    return {**result, "student_seconds": round(own, 2), "grader_seconds": round(result["seconds"] - own, 2)}


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="measure full effort, too")
    parser.add_argument("--data", default="auto")
    arguments = parser.parse_args()
    source = datasets.resolve(arguments.data)
    data = ("--data", arguments.data)
    load = round(os.getloadavg()[0], 2)
    figures: dict[str, object] = {"data": source.name, "cores": os.cpu_count(), "load_before": load}
    figures |= {"seconds_until": begin(*data), "quick": grade("quick", *data)}
    if arguments.full:
        bare = run([sys.executable, "-c", BARE, str(labs.find(LAB).solution_file), str(source.path)])
        written = grade("full", "--no-early-stop", *data)
        stopped = grade("full", *data)
        figures |= {
            "bare": bare,
            "full_as_written": written,
            "full_early_stop": stopped,
            "ratio_full_as_written": round(written["seconds"] / bare["seconds"], 3),
            "ratio_full_early_stop": round(stopped["seconds"] / bare["seconds"], 3),
        }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
