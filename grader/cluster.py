"""Run the submissions of a class on other machines, through Dask: `grade batch --scheduler ADDRESS` or `--slurm`.

A task is bytes in, bytes out, and may run anywhere: a worker of the cluster that is lost takes none with it, as Dask
runs its tasks elsewhere. Judging stays here. Needs `pip install 'epochmark[cluster]'`, here and on the workers.
"""

from __future__ import annotations

import functools
import importlib
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
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
"""Seconds within which a scheduler has to answer, and to have a worker."""

PATIENCE_S = 300
"""Seconds without a single worker after which what waits for one is given up; other workers may come meanwhile."""

_LOOK_S = 2
"""Seconds between two looks at how many workers there are."""


class ClusterRunner:
    """Runs tasks on the workers of a Dask cluster.

    Args:
        where: the address of its scheduler, or the cluster itself as Dask knows it.
        start_s: seconds within which there has to be a worker.
        patience_s: seconds without a worker after which tasks fail, until there is one again.
        jobs: how many tasks are under way at least; where more workers come, there are more.

    Raises:
        UsageError: Dask is not installed.
        MachineError: the scheduler does not answer, or has no workers.
    """

    def __init__(
        self,
        where: Any,  # noqa: ANN401 - Dask has no types
        *,
        start_s: float = ANSWER_S,
        patience_s: float = PATIENCE_S,
        jobs: int = 0,
    ) -> None:
        self._client = _connected(where, start_s)
        self._executor = self._client.get_executor(pure=False, retries=0)
        self.jobs = max(jobs, 2 * self._threads())
        self._patience_s = patience_s
        self._waiting: set[Future[None]] = set()
        self._is_alone = False
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._look_after, daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._closed.set()
        self._executor.shutdown(wait=False)
        self._client.close()
        self._watch.join()

    def submit(self, task: Task, folder: Path) -> Future[None]:
        """Run a task on a worker that has room.

        Raises:
            MachineError: there has been no worker for a long time.
        """
        if self._is_alone:
            raise _alone()
        landed: Future[None] = Future()
        self._waiting.add(landed)

        def land(remote: Future[Files]) -> None:
            error: BaseException | None = None
            try:
                for name, data in remote.result().items():
                    (folder / name).write_bytes(data)
            except BaseException as problem:  # noqa: BLE001 - whoever waits is told
                error = _ours(problem)
            self._settle(landed, error)

        self._executor.submit(run, task).add_done_callback(land)
        return landed

    def _settle(self, landed: Future[None], error: BaseException | None) -> None:
        self._waiting.discard(landed)
        # What was given up may still arrive.
        with suppress(InvalidStateError):
            landed.set_result(None) if error is None else landed.set_exception(error)

    def _threads(self) -> int:
        # Some in advance are under way for each, so that no worker waits for this machine.
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return sum(worker["nthreads"] for worker in workers)

    def _look_after(self) -> None:
        """Give up what waits where no worker is left: Dask itself would wait for ever."""
        seen = time.monotonic()
        while not self._closed.wait(_LOOK_S):
            threads = self._threads()
            self.jobs = max(self.jobs, 2 * threads)
            seen = time.monotonic() if threads else seen
            self._is_alone = time.monotonic() - seen > self._patience_s
            if self._is_alone:
                for landed in list(self._waiting):
                    self._settle(landed, _alone())


def _connected(where: Any, start_s: float) -> Any:  # noqa: ANN401 - as above
    client: Any = None
    try:
        client = imported("distributed").Client(where, timeout=ANSWER_S, set_as_default=False)
        client.wait_for_workers(1, timeout=start_s)
    except BaseException as error:
        if client is not None:
            client.close()
        if not isinstance(error, (OSError, TimeoutError, ValueError)):
            raise
        named = getattr(where, "scheduler_address", where)
        raise MachineError(f"the scheduler {named!r} cannot be used: {error}", slug="scheduler") from error
    return client


def imported(name: str) -> Any:  # noqa: ANN401 - a module
    """Return a module of the extra for clusters.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"clusters need the package {error.name}: pip install 'epochmark[cluster]'", slug="no-dask"
        ) from error


def _alone() -> MachineError:
    return MachineError("the cluster has no worker left; run the command again when it has", slug="no-workers")


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
        observe(
            task, _stations(task.terms.data, task.sha256, task.tier, labs.secret_folders(task.terms.lab)).mine(), folder
        )
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@functools.lru_cache(maxsize=4)
def _stations(data: str, sha256: str, tier: Tier, hidden: tuple[Path, ...]) -> Stations:
    """Return the stations of this process, which live as long as it does."""
    source = datasets.resolve(data)
    if source.sha256 != sha256:
        raise MachineError(f"this worker has other images as {data!r} than the class is graded with", slug="other-data")
    return Stations(source, tier, functools.partial(confinement, choose(tier), hidden=hidden))
