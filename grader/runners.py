"""Where the submissions of a class run: on this machine, several at a time (`grader/cluster.py`: on others)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from grader import observation, pipeline, process
from grader.datasets import DataSource
from grader.errors import MachineError
from grader.labs import Lab
from grader.observation import Draws
from grader.sandbox.contract import Tier
from grader.stations import Station, Stations
from grader.submission import Submission
from grader.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that is needed to run one submission anywhere; `sha256` is that of the data.

    `tier` is what its evidence is filed under, and `software` are the versions with which it has to run.
    """

    submission: Submission
    terms: Terms
    sha256: str
    tier: Tier
    draws: Draws
    software: tuple[str, ...]


class Runner(Protocol):
    """Runs tasks, some at a time. Use as a context manager: on leaving, nothing runs any more."""

    jobs: int

    def submit(self, task: Task, folder: Path) -> Future[None]:
        """Run a task when there is room; once it is done, what was observed lies in the folder.

        The future raises StudentError or MachineError as `observe` does.
        """


class LocalRunner:
    """Runs tasks in threads of this process, each with a station of its own."""

    def __init__(self, jobs: int, lab: Lab, source: DataSource, tier: Tier) -> None:
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs)
        self._stations = Stations(source, tier, pipeline.confine(tier, lab))

    def __enter__(self) -> Self:
        threading.Thread(target=process.make_font_list, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        # Whatever still runs ends with its station.
        self._stations.__exit__(*exc)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, task: Task, folder: Path) -> Future[None]:
        """Run a task when there is room."""
        return self._pool.submit(lambda: observe(task, self._stations.mine(), folder))


def observe(task: Task, station: Station, folder: Path) -> None:
    """Run a submission, and once more where the machine failed; what is observed goes into a folder.

    Raises:
        StudentError: it cannot be run at all.
        MachineError: the machine failed twice.
    """
    try:
        _observe_once(task, station, folder)
    except MachineError:
        _observe_once(task, station, folder)


def _observe_once(task: Task, station: Station, folder: Path) -> None:
    started = time.monotonic()
    run = pipeline.gather(task.terms, task.submission, station, folder, draws=task.draws)
    if run.verified.fault:
        raise MachineError(f"the networks could not be recomputed: {run.verified.fault}", slug="verifier")
    observation.save(replace(run, seconds=round(time.monotonic() - started, 2)), folder)
