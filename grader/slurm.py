"""Run the submissions of a class as jobs of a SLURM cluster: `grade batch --slurm`.

Jobs are Dask's workers (`grader/cluster.py`), started and ended by dask-jobqueue: one for each core, of one thread. The
scheduler runs in this process. It listens on a network that others are on, too, so it talks to nobody who has not the
keys that are made for this command, and that lie in the folder of the class meanwhile, for nobody else to read.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
import tomllib
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from grader import late
from grader.cluster import ClusterRunner, imported
from grader.errors import MachineError, UsageError
from grader.runners import Runner
from grader.text import nearest

FOLDER = "slurm"
"""In the folder of the class: what the jobs print."""

CORE_GIB = 3
"""Memory of a core in GiB: a station with TensorFlow takes two, and the worker that drives it some."""

_MOST = 10_000
"""Jobs, and cores of one: more is a slip of the hand."""


_FORMS = {
    "memory": (r"[1-9][0-9]*(\.[0-9]+)? ?[MGT]i?B", "16 GiB"),
    "walltime": (r"([0-9]+-)?[0-9]+(:[0-5][0-9]){0,2}", "04:00:00"),
}
"""How options are written; SLURM and Dask would complain of others when it is late."""

_SUBMIT_S = 120
"""Seconds within which `sbatch` has to answer; that of a busy cluster takes many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What SLURM is asked for. What is empty is left to the cluster, or to Dask's own `jobqueue.yaml`.

    Attributes:
        jobs: how many are started.
        cores: of each; as many submissions run at a time in it.
        memory: of each, as `16 GiB`. [default: 3 GiB for each core]
        walltime: after which SLURM ends a job, as `04:00:00`.
        queue: the partition.
        account: that the jobs are charged to.
        interface: the network that all machines share, as `ib0`. [default: that of the host's name]
        local_directory: where workers keep what passes; the shell of the job reads it.
        python: that of the workers. [default: this one]
        wait: how long this command waits for the first job to start, as `1h`.
        directives: more lines for `#SBATCH`.
        prologue: lines of shell that go before the worker, such as `module load`.
    """

    jobs: int = 4
    cores: int = 4
    memory: str = ""
    walltime: str = "04:00:00"
    queue: str = ""
    account: str = ""
    interface: str = ""
    local_directory: str = "${TMPDIR:-/tmp}"
    python: str = ""
    wait: str = "1h"
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()

    @property
    def patience(self) -> dt.timedelta:
        """How long to wait for a job."""
        return late.duration(self.wait)


def read(path: Path) -> Options:
    """Return the options that a TOML file gives; the others are as they are.

    Raises:
        UsageError: the file cannot be read, or has an option that is not known, or of another kind.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}", slug="slurm-options") from error
    known = typing.get_type_hints(Options)
    try:
        return Options(**{name: _checked(name, value, known) for name, value in given.items()})
    except ValueError as error:
        raise UsageError(f"{path}: {error}", slug="slurm-options") from error


def _checked(name: str, value: Any, known: dict[str, Any]) -> Any:  # noqa: ANN401 - TOML is any of ten types
    """Return the value of an option.

    Raises:
        ValueError: it is none; the message says why.
    """
    if name not in known:
        listed = ", ".join(field.name for field in fields(Options))
        raise ValueError(f"there is no option {name!r}{nearest(name, known)}; there are {listed}")
    if known[name] is int:
        if type(value) is not int or not 1 <= value <= _MOST:
            raise ValueError(f"{name} has to be a number from 1 to {_MOST:,}, and is {value!r}")
        return value
    texts = value if known[name] is not str and isinstance(value, list) else [value]
    if (known[name] is not str) != isinstance(value, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} has to be {'a text' if known[name] is str else 'a list of texts'}, and is {value!r}")
    if any("\n" in text for text in texts):
        raise ValueError(f"{name} has to be on one line")
    if name == "wait":
        late.duration(value)
    pattern, example = _FORMS.get(name, ("", ""))
    if pattern and not re.fullmatch(pattern, value):
        raise ValueError(f"{name} has to be like {example!r}, and is {value!r}")
    return value if known[name] is str else tuple(texts)


@contextmanager
def runner(options: Options, folder: Path) -> Iterator[Runner]:
    """Start jobs that run the tasks of a class, and end them with the block.

    Args:
        options: what SLURM is asked for.
        folder: of the class; all machines of the cluster have to see it under this path.

    Raises:
        UsageError: the extra is not installed, there is no SLURM here, or it refuses the jobs.
        MachineError: no job starts in time.
    """
    logs = (folder / FOLDER).resolve()
    if len(str(logs).split()) > 1:
        raise UsageError(f"{logs}: the scripts of SLURM take no path with blanks; name another --out", slug="slurm-out")
    logs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".keys-", dir=logs) as keys, _cluster(options, logs, Path(keys)) as cluster:
        waits = options.patience.total_seconds()
        try:
            running = ClusterRunner(cluster, start_s=waits, patience_s=waits, jobs=2 * options.jobs * options.cores)
        except MachineError as error:
            raise MachineError(
                f"SLURM started no worker within {options.wait}; what its jobs said is in {logs}", slug="slurm"
            ) from error
        with running:
            yield running


@contextmanager
def _cluster(options: Options, logs: Path, keys: Path) -> Iterator[Any]:
    """Submit the jobs, and cancel them when the block ends."""
    answers: SimpleQueue[str] = SimpleQueue()
    cluster = _made(options, logs, keys, answers)
    try:
        cluster.scale(jobs=options.jobs)
        complaints = [_answer(answers) for _ in range(options.jobs)]
        if all(complaints):
            raise UsageError(f"SLURM does not take the jobs: {complaints[0]}", slug="slurm-refused")
        yield cluster
    finally:
        cluster.close()


def _answer(answers: SimpleQueue[str]) -> str:
    try:
        return answers.get(timeout=_SUBMIT_S)
    except Empty:
        raise MachineError(f"sbatch has not answered within {_SUBMIT_S} seconds", slug="slurm") from None


def _made(options: Options, logs: Path, keys: Path, answers: SimpleQueue[str]) -> Any:  # noqa: ANN401 - of a package without types
    jobqueue, distributed = imported("dask_jobqueue"), imported("distributed")
    imported("cryptography")
    if shutil.which("sbatch") is None:
        raise UsageError("there is no SLURM here: the command sbatch is not found", slug="no-slurm")
    try:
        return jobqueue.SLURMCluster(
            **arguments(options, logs),
            job_cls=_job_class(answers),
            security=_security(distributed.Security, keys),
            # No page that shows what runs: it has neither keys nor a password.
            scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise UsageError(f"a cluster cannot be made of these options: {error}", slug="slurm-options") from error


def _job_class(answers: SimpleQueue[str]) -> Any:  # noqa: ANN401 - as `_made`
    """Return the class of jobs that say what SLURM answered: Dask only logs a refusal, and waits on."""
    process: Any = imported("distributed.deploy.spec").ProcessInterface
    base: Any = imported("dask_jobqueue.slurm").SLURMJob

    class Job(base):  # type: ignore[misc]
        async def start(self) -> None:
            try:
                await super().start()
            except (RuntimeError, ValueError, OSError) as error:
                answers.put(_complaint(error))
                await process.start(self)
            else:
                answers.put("")

    return Job


def _security(kind: Any, keys: Path) -> Any:  # noqa: ANN401 - as `_made`
    """Return keys that are made for this command, in files that the jobs read."""
    made = kind.temporary()
    files = {"ca": made.tls_ca_file, "cert": made.tls_worker_cert, "key": made.tls_worker_key}
    for name, text in files.items():
        (keys / f"{name}.pem").touch(mode=0o600)
        (keys / f"{name}.pem").write_text(text, encoding="ascii")
    pair = {f"tls_{role}_{name}": str(keys / f"{name}.pem") for role in _ROLES for name in ("cert", "key")}
    return kind(require_encryption=True, tls_ca_file=str(keys / "ca.pem"), **pair)


_ROLES = ("client", "scheduler", "worker")


def arguments(options: Options, logs: Path) -> dict[str, Any]:
    """Return what dask-jobqueue is told about each job."""
    said = {
        "queue": options.queue,
        "account": options.account,
        "interface": options.interface,
        "python": options.python,
    }
    return {
        "cores": options.cores,
        # Student code is watched by the clock of the machine: no two submissions share a core.
        "processes": options.cores,
        "memory": options.memory or f"{CORE_GIB * options.cores} GiB",
        "walltime": options.walltime,
        "job_name": "epochmark",
        "log_directory": str(logs),
        "local_directory": options.local_directory,
        "worker_extra_args": ["--no-dashboard"],
        "job_extra_directives": list(options.directives),
        "job_script_prologue": list(options.prologue),
        **{name: value for name, value in said.items() if value},
    }


def _complaint(error: BaseException) -> str:
    """Return what `sbatch` said, or else the first line of the error."""
    lines = [text.strip() for text in str(error).splitlines() if text.strip()]
    complaints = lines[lines.index("stderr:") + 1 :] if "stderr:" in lines else []
    return (complaints or lines or [type(error).__name__])[0]
