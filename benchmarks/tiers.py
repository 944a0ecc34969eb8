"""What isolation costs: the same submission graded under each tier of this machine in turn.

    python -m benchmarks.tiers --rounds 5

Prints JSON: for each tier the seconds on the clock and of the processor in each round, and the median ratio of each
tier to the weakest one within the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader import labs
from grader.sandbox import choose
from grader.sandbox.contract import Tier


def grade(file: Path, tier: Tier) -> tuple[float, float]:
    """Grade once; return the seconds on the clock and those of the processor, of all processes together."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grader", "run", str(file), "--data", "synthetic", "--out", folder]
        subprocess.run(command, env={**os.environ, "GRADER_TIER": tier.value}, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, processor


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    tiers = [tier for tier in Tier if not choose.obstacle(tier)]
    file = labs.find(labs.FLAGSHIP).solution_file
    seen: dict[Tier, list[tuple[float, float]]] = {tier: [] for tier in tiers}
    for turn in range(rounds):
        # The order is reversed every other time: a machine that slows down favours nobody.
        for tier in tiers if turn % 2 else reversed(tiers):
            seen[tier].append(grade(file, tier))
    base = seen[tiers[-1]]
    figures = {
        tier.value: {
            "wall_s": [round(wall, 2) for wall, _ in seen[tier]],
            "processor_s": [round(processor, 2) for _, processor in seen[tier]],
            "wall_ratio": round(statistics.median(a[0] / b[0] for a, b in zip(seen[tier], base, strict=True)), 3),
            "processor_ratio": round(statistics.median(a[1] / b[1] for a, b in zip(seen[tier], base, strict=True)), 3),
        }
        for tier in tiers
    }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
