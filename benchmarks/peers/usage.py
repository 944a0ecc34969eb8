"""What something costs: seconds on the clock, and seconds of a processor here and in all processes that it started."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Usage:
    """Seconds on the clock and of a processor, and how many processes of the machine wanted one at start and end."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)

    def figures(self, count: int) -> dict[str, object]:
        """Return the figures for so many submissions."""
        return {
            "submissions": count,
            "wall_s": round(self.wall_s, 1),
            "cpu_s": round(self.cpu_s, 1),
            "wall_s_each": round(self.wall_s / count, 2),
            "cpu_s_each": round(self.cpu_s / count, 2),
            "load_before_and_after": [round(load, 1) for load in self.load],
        }


@contextmanager
def measured() -> Iterator[Usage]:
    """Measure what happens within: processes count once they have ended."""
    usage = Usage()
    started, before, load = time.monotonic(), _processor(), os.getloadavg()[0]
    yield usage
    usage.wall_s, usage.cpu_s = time.monotonic() - started, _processor() - before
    usage.load = (load, os.getloadavg()[0])


def _processor() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
