"""Where submissions are run: on which data, how well isolated, how workers start, and a clean worker beside them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from grader import datasets
from grader.datasets import DataSource
from grader.errors import MachineError
from grader.forkserver import WarmStart
from grader.sandbox.contract import Confine, Tier
from grader.verify.host import Verifier
from grader.wire import Array, Frame
from grader.workers import Launch, Limits, Worker, WorkerLost, fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One place where one submission at a time is run; `is_cold` says that each worker imports TensorFlow anew."""

    source: DataSource
    tier: Tier
    launch: Launch
    verifier: Verifier
    is_cold: bool = True


class Ahead:
    """Starts a worker before it is asked for, so that it is there at once. Use as a context manager, in one thread.

    Each worker still serves one submission and is gone; `is_warm` ones have imported TensorFlow while they waited.
    """

    def __init__(self, launch: Launch, module: str, limits: Limits, *, is_warm: bool) -> None:
        self._start, self._module, self._limits, self._is_warm = launch, module, limits, is_warm
        self._waiting: tuple[Worker, ExitStack] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._waiting is not None:
            self._waiting[1].close()

    def prepare(self) -> None:
        """Start the next worker, unless one waits; where that fails, whoever needs one will see why."""
        if self._waiting is not None:
            return
        with contextlib.suppress(MachineError, WorkerLost), ExitStack() as stack:
            worker = stack.enter_context(self._start(self._module, self._limits))
            if self._is_warm:
                worker.send(Frame(kind="warm"))
            self._waiting = worker, stack.pop_all()

    @contextmanager
    def launch(self, module: str, limits: Limits) -> Iterator[Worker]:
        """Give the worker that waits, or start one where none of this kind does.

        Raises:
            MachineError: no worker can be started.
        """
        waiting, self._waiting = self._waiting, None
        with ExitStack() as stack:
            if waiting is not None:
                stack.enter_context(waiting[1])
            if waiting is None or (module, limits) != (self._module, self._limits) or not waiting[0].is_alive():
                yield stack.enter_context(self._start(module, limits))
                return
            # While it waited, nobody asked anything of it.
            waiting[0].restart_clock()
            yield waiting[0]


class Stations:
    """A station for each thread that asks for one, with workers that import TensorFlow once where that is safe.

    Use as a context manager. Threads that have a station live as long as this does: a worker dies with the thread that
    started it.
    """

    def __init__(self, source: DataSource, tier: Tier, confine: Confine) -> None:
        self._source, self._tier, self._confine = source, tier, confine
        self._is_closed = False
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_closed = True
        self._open.close()

    def mine(self) -> Station:
        """Return the station of this thread.

        Raises:
            MachineError: no worker can be started.
        """
        if not hasattr(self._local, "station"):
            stack = ExitStack()
            warm = stack.enter_context(WarmStart(self._tier, self._confine, self._images))
            verifier = stack.enter_context(Verifier(self._while_open(fresh(self._confine))))
            verifier.prepare()
            with self._lock:
                self._open.push(stack)
            self._local.station = Station(
                source=self._source,
                tier=self._tier,
                launch=self._while_open(warm.launch),
                verifier=verifier,
                is_cold=bool(warm.obstacle),
            )
        station: Station = self._local.station
        return station

    def _images(self) -> dict[str, Array]:
        """Return the images that all submissions get; their labels are others for each."""
        return datasets.load(self._source.path, only=[name for name in datasets.ARRAYS if name.startswith("x")])

    def _while_open(self, launch: Launch) -> Launch:
        """Start nothing more once this is closed, whatever a thread that is still at work asks for."""

        @contextmanager
        def guarded(module: str, limits: Limits) -> Iterator[Worker]:
            if self._is_closed:
                raise MachineError("the run was stopped", slug="stopped")
            with launch(module, limits) as worker:
                yield worker

        return guarded
