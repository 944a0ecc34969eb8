"""Run the submissions of a class on other machines, through Dask: `grade batch --scheduler ADDRESS`.

A task is bytes in, bytes out, and may run anywhere: a worker of the cluster that is lost takes none with it, as Dask
runs its tasks elsewhere. Judging stays here. Needs `pip install 'epochmark[cluster]'`, here and on the workers.
"""

from __future__ import annotations

import functools
import importlib
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from grader import datasets, labs, observation
from grader.errors import GraderError, MachineError, UsageError
from grader.runners import Task, observe
from grader.sandbox.choose import choose, confinement
from grader.sandbox.contract import Tier
from grader.stations import Stations

Files = Mapping[str, bytes]
"""What was observed of a submission, by the names of the files."""

ANSWER_S = 15
"""Seconds within which a scheduler has to answer."""


class ClusterRunner:
    """Runs tasks on the workers of a Dask cluster; `address` is that of its scheduler.

    Raises:
        UsageError: Dask is not installed.
        MachineError: the scheduler does not answer, or has no workers.
    """

    def __init__(self, address: str) -> None:
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise UsageError("clusters need Dask: pip install 'epochmark[cluster]'", slug="no-dask") from error
        try:
            self._client = distributed.Client(address, timeout=ANSWER_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=ANSWER_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise MachineError(f"the scheduler {address!r} cannot be used: {error}", slug="scheduler") from error
        self._executor = self._client.get_executor(pure=False, retries=0)
        threads = sum(worker["nthreads"] for worker in self._client.scheduler_info(n_workers=-1)["workers"].values())
        # Some in advance, so that no worker waits for this machine.
        self.jobs = 2 * threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._executor.shutdown(wait=False)
        self._client.close()

    def submit(self, task: Task, folder: Path) -> Future[None]:
        """Run a task on a worker that has room."""
        landed: Future[None] = Future()

        def land(remote: Future[Files]) -> None:
            try:
                for name, data in remote.result().items():
                    (folder / name).write_bytes(data)
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                landed.set_exception(_ours(error))
            else:
                landed.set_result(None)

        self._executor.submit(run, task).add_done_callback(land)
        return landed


def _ours(error: BaseException) -> BaseException:
    """Return an error of the cluster as one of a machine; ours come through as they are."""
    if isinstance(error, GraderError):
        return error
    return MachineError(f"the cluster failed: {type(error).__name__}: {error}", slug="cluster")


def run(task: Task) -> Files:
    """Run a task in this process, a worker of a cluster.

    Raises:
        StudentError: the submission cannot be run at all.
        MachineError: the machine failed, isolates less well than it has to, or has other data.
    """
    own = observation.environment()
    if task.software != own:
        told = f"has other software ({', '.join(own[:-1])}; wanted: {', '.join(task.software[:-1])})"
        raise MachineError(f"a worker of the cluster {told}", slug="other-software")
    with tempfile.TemporaryDirectory(prefix="epochmark-seen-") as name:
        folder = Path(name)
        observe(task, _stations(task.data, task.sha256, task.tier, labs.secret_folders(task.lab)).mine(), folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@functools.lru_cache(maxsize=4)
def _stations(data: str, sha256: str, tier: Tier, hidden: tuple[Path, ...]) -> Stations:
    """Return the stations of this process, which live as long as it does."""
    source = datasets.resolve(data)
    if source.sha256 != sha256:
        raise MachineError(f"this worker has other images as {data!r} than the class is graded with", slug="other-data")
    return Stations(source, tier, functools.partial(confinement, choose(tier), hidden=hidden))
