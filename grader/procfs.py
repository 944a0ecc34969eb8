"""What the kernel tells of processes under /proc; where there is no such folder, nothing is known and nothing fails."""

from __future__ import annotations

import contextlib
import os
from itertools import islice
from pathlib import Path

THREADS_SEEN = 64
"""TensorFlow has some twenty; looking takes 50 microseconds each."""


def family(pid: int) -> list[int]:
    """Return a process and everything below it, the innermost last; only itself where the platform does not tell."""
    found = [pid]
    for member in found:
        with contextlib.suppress(OSError, ValueError):
            for task in Path(f"/proc/{member}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds; 0 where the platform does not tell."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        user, system = after_name.split()[11:13]
    except (OSError, ValueError):
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def waits_for_processor(pid: int | str) -> dict[int, float]:
    """Return how long each thread of a process has waited for a processor although it had work, in seconds, by number.

    Empty where the platform does not tell (`CONFIG_SCHED_INFO` of Linux; `Documentation/scheduler/sched-stats`). Of a
    process with very many threads the oldest are looked at.
    """
    found = {}
    with contextlib.suppress(OSError):
        for task in islice(Path(f"/proc/{pid}/task").iterdir(), THREADS_SEEN):
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[int(task.name)] = int((task / "schedstat").read_bytes().split()[1]) / 1e9
    return found


class Starvation:
    """How long a process was kept from computing because others computed, in seconds, as far as it was looked at.

    From look to look what that thread waited which waited longest: threads of a pool wait in turns, so the time of no
    single one says it.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen = waits_for_processor(pid)
        self.seconds = 0.0

    def look(self) -> None:
        """Add what was waited since the last look."""
        waits = waits_for_processor(self._pid)
        since = (wait - self._seen.get(thread, 0.0) for thread, wait in waits.items())
        self.seconds += max(since, default=0.0)
        self._seen = waits


def process_status(pid: int) -> dict[str, str]:
    """Return the fields of /proc/<pid>/status, empty where there is none."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def unlimited(pid: int) -> list[str] | None:
    """Return which limits of ours a process does not have; None where the platform does not tell."""
    try:
        text = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
    except OSError:
        return None
    wanted = ("Max cpu time", "Max file size", "Max core file size", "Max address space")
    soft = {
        name: line[len(name) :].split()[0] for line in text.splitlines() for name in wanted if line.startswith(name)
    }
    return [name for name, value in soft.items() if value == "unlimited"]


def out_of_memory_kills() -> int:
    """Return how many processes the kernel has killed for want of memory since it started; 0 where it does not tell."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def available_bytes() -> int:
    """Return the memory that new processes can have, in bytes; 0 where the platform does not tell."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def resident_bytes(pid: int | str) -> int:
    """Return the resident size of a process in bytes, or 0 where the platform does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
