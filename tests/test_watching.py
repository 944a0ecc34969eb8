"""`grade --watch`: each save is noticed, the structure comes first, and the verdict is that of a plain grade."""

from __future__ import annotations

import io
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from grader import record, watching
from grader.authoring import newlab
from grader.cli import opening
from grader.collect import host
from grader.labs import read as read_lab
from grader.model import Effort, Grade, Outcome, PartResult, RunFacts
from grader.pipeline import silent
from grader.report import changes
from grader.sandbox.contract import OPEN
from grader.saving import Bell
from grader.scratch import PREFIX as SCRATCH_PREFIX
from grader.stations import Ahead
from grader.submission import Submission
from grader.terms import Terms
from grader.workers import Limits, WorkerLost, fresh

# Saves


@contextmanager
def ringing(path: Path) -> Iterator[queue.SimpleQueue[None]]:
    rings: queue.SimpleQueue[None] = queue.SimpleQueue()
    with Bell(path, lambda: rings.put(None)):
        # Proof that it listens by now: it is told of a file that has another size.
        path.write_text("first, " + "x" * 100)
        rings.get(timeout=20)
        yield rings


def in_place(path: Path) -> None:
    path.write_text("other")


def by_rename(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_text("renamed")
    new.replace(path)


def removed_for_a_moment(path: Path) -> None:
    path.unlink()
    path.write_text("there again")


@pytest.mark.parametrize("save", [in_place, by_rename, removed_for_a_moment])
def test_a_save_is_noticed_however_it_is_made(save: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text("")
    with ringing(path) as rings:
        save(path)
        rings.get(timeout=20)


def test_other_files_are_none_of_its_business(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text("")
    with ringing(path) as rings:
        while not rings.empty():
            rings.get()
        (tmp_path / "other.py").write_text("x = 1")
        with pytest.raises(queue.Empty):
            rings.get(timeout=0.5)


# What changed


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        (("a", "b"), ("a", "b"), ()),
        (("a", "b", "c"), ("a", "x", "c"), (2,)),
        (("a", "c"), ("a", "b", "c"), (2,)),
        (("a", "b", "c"), ("a", "c"), ()),
        ((), ("a",), (1,)),
    ],
)
def test_changed_cells(before: tuple[str, ...], now: tuple[str, ...], changed: tuple[int, ...]) -> None:
    assert watching._changed(before, now) == changed


def part(name: str, earned: int, status: Outcome) -> PartResult:
    return PartResult(
        id=name, title=name.title(), status=status, earned=Fraction(earned), points=Fraction(10), checks=()
    )


def graded(*parts: PartResult) -> Grade:
    return Grade(
        lab="x",
        lab_title="X",
        submission_id="x",
        submission_file="lab.py",
        sha256="0",
        run=RunFacts(effort="quick", data="synthetic", seed=1, tier="B", versions=()),
        earned=sum((one.earned for one in parts), Fraction(0)),
        points=Fraction(10 * len(parts)),
        parts=parts,
    )


BEFORE = graded(
    part("one", 0, Outcome.FAILED),
    part("two", 10, Outcome.PASSED),
    part("three", 0, Outcome.NOT_ATTEMPTED),
    part("four", 5, Outcome.PARTIAL),
)
AFTER = graded(
    part("one", 10, Outcome.PASSED),
    part("two", 5, Outcome.PARTIAL),
    part("three", 0, Outcome.FAILED),
    part("four", 5, Outcome.PARTIAL),
)


def shown(before: Grade, now: Grade) -> list[str]:
    output = io.StringIO()
    Console(width=100, file=output).print(changes.told(before, now, report=Path("out/report.html")))
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_what_got_better_or_worse_is_told_in_words_and_signs() -> None:
    lines = shown(BEFORE, AFTER)
    assert lines[:4] == [
        "20.00 of 40.00 points (before: 15.00) ↑ better",
        "↑ better  One    Not right yet (0.00 of 10.00) → Passed (10.00 of 10.00)",
        "↓ worse   Two    Passed (10.00 of 10.00) → Partly right (5.00 of 10.00)",
        "→ other   Three  Not started (0.00 of 10.00) → Not right yet (0.00 of 10.00)",
    ]
    assert "Next step:" in lines
    assert lines[-1] == "Full report: out/report.html"


def test_where_nothing_changed_that_is_said() -> None:
    assert shown(BEFORE, BEFORE)[:2] == ["15.00 of 40.00 points (as before)", "No part changed."]


# Workers that wait


def test_a_worker_that_waited_serves_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    terms = Terms(lab=read_lab(newlab.create("tiny", tmp_path)), effort=Effort.QUICK, data="synthetic", seed=1)
    submission = Submission(id="x", file="x.py", data=b"x = 1\n")
    with Ahead(fresh(lambda: OPEN), watching.WORKER, terms.plan.limits, is_warm=False) as ahead:
        for is_killed in (False, True):
            ahead.prepare()
            assert ahead._waiting is not None
            pid = ahead._waiting[0]._child.pid
            if is_killed:
                psutil.Process(pid).kill()
                ahead._waiting[0]._threads[0].join(20)
            with host.reading(submission, terms, ahead.launch, silent) as begun:
                assert begun.ending is None
                assert [cell.source for cell in record.written(begun.frames)] == ["x = 1\n"]
                assert (begun.worker._child.pid == pid) is not is_killed
            assert not psutil.pid_exists(pid)


def test_a_worker_that_is_abandoned_ends_at_once() -> None:
    with fresh(lambda: OPEN)(watching.WORKER, Limits(wall_s=60.0, cpu_s=60.0)) as worker:
        worker._confirm()
        worker.abandon()
        with pytest.raises(WorkerLost) as caught:
            worker.receive()
    assert caught.value.ending.reason == "abandoned"


# The report in a browser


def test_without_a_display_the_path_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    opening.show(tmp_path / "report.html")
    assert str(tmp_path / "report.html") in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a script")
def test_the_report_is_opened_where_there_is_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, browser = tmp_path / "note", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {note}\n')
    browser.chmod(0o755)
    code = "from grader.cli import opening; from pathlib import Path; opening.show(Path('out/report.html'))"
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert note.read_text().strip() == (tmp_path / "out" / "report.html").resolve().as_uri()


# All of it


@dataclass
class Watched:
    """A `grade --watch` that runs; everything that it says, line by line."""

    child: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def until(self, words: str, seconds: float = 200) -> float:
        """Return how long it took until a line says something."""
        started = time.monotonic()
        timer = threading.Timer(seconds, self.child.kill)
        timer.start()
        try:
            for line in self.child.stdout or ():
                self.said.append(line.rstrip())
                if re.search(words, line):
                    return time.monotonic() - started
        finally:
            timer.cancel()
        raise AssertionError((words, self.said))


def notebook(*sources: str, note: str = "", output: str = "") -> str:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": outputs, "source": source}
        for source in sources
    ]
    cells.append({"cell_type": "markdown", "metadata": {}, "source": note})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


IMPORT = "import numpy as np"
RIGHT = "def mean_squared_error(y, predicted):\n    return np.mean((y - predicted) ** 2)"
WRONG = RIGHT.replace("** 2", "* 2")
SLOW = RIGHT + "\ntotal = sum(range(10**9))"
BLANK = "def mean_squared_error(y, predicted):\n    return XXXXXX"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tier", ["", "D"])
def test_a_file_is_graded_each_time_it_is_saved(tier: str, tmp_path: Path) -> None:
    newlab.create("tiny", tmp_path / "labs")
    temporary, file = tmp_path / "tmp", tmp_path / "lab.ipynb"
    temporary.mkdir()
    file.write_text(notebook(IMPORT, BLANK))
    command = [sys.executable, "-m", "grader", "lab.ipynb", "--lab", "./labs/tiny", "--data", "synthetic"]
    environment = {**os.environ, "TMPDIR": str(temporary), "GRADER_TIER": tier}
    with subprocess.Popen(
        [*command, "--watch"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as child:
        watched = Watched(child)
        watched.until("Still to fill in: Measure the error .cell 2, line 2.")
        watched.until("Full report")
        # Half of a notebook is written, and then all of it.
        file.write_text(notebook(IMPORT, RIGHT)[:100])
        file.write_text(notebook(IMPORT, RIGHT))
        watched.until("Changed cells: 2")
        watched.until("100.00 of 100.00 points .before: 0.00. ↑ better")
        watched.until("Full report")
        plain = subprocess.run(
            [*command, "--out", "plain"], cwd=tmp_path, env=environment, check=False, timeout=200, capture_output=True
        )
        assert plain.returncode == 0
        reports = [json.loads((tmp_path / out / "report.json").read_text()) for out in ("grade-report", "plain")]
        assert reports[0]["parts"] == reports[1]["parts"]
        assert reports[0]["run"] == reports[1]["run"]
        evidence = (tmp_path / "grade-report" / "evidence" / "evidence.jsonl").stat().st_mtime_ns
        # Jupyter saves what cells have printed.
        file.write_text(notebook(IMPORT, RIGHT, output="0.5", note="A remark."))
        watched.until("The code is as before: nothing is run")
        watched.until("The report is that of the saved file")
        assert (tmp_path / "grade-report" / "evidence" / "evidence.jsonl").stat().st_mtime_ns >= evidence
        # An editor that renames; while that runs, something else is saved.
        for source in (SLOW, WRONG):
            (tmp_path / "part").write_text(notebook(IMPORT, source))
            (tmp_path / "part").replace(file)
            watched.until("Changed cells: 2", 20)
        watched.until("0.00 of 100.00 points .before: 100.00. ↓ worse")
        watched.until("Full report")
        # Gone, and there again as it was when it was right: evidence of that is there.
        file.unlink()
        watched.until("! .*no such file", 20)
        file.write_text(notebook(IMPORT, RIGHT))
        watched.until("↑ better", 30)
        watched.until("Full report")
        family = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGINT)
        watched.until("Stopped watching", 20)
        assert child.wait(20) == 0
    assert "Traceback" not in "\n".join(watched.said)
    _, left = psutil.wait_procs(family, timeout=3)
    assert [each for each in left if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert list(temporary.glob(f"{SCRATCH_PREFIX}*")) == list(temporary.glob("epochmark-watch-*")) == []
