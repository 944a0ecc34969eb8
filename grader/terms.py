"""On which terms submissions are graded: all that evidence depends on beside the code, and the same for a class."""

from __future__ import annotations

from dataclasses import dataclass

from grader.labs import Lab, Plan
from grader.model import Effort
from grader.sandbox.contract import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A lab, and how its submissions are run.

    `data` is what images are asked for by, a name or a path; `tier` is the least isolation that will do, None the best
    that this machine has; `early_stop` ends a training once it has learnt enough.
    """

    lab: Lab
    effort: Effort
    data: str
    seed: int
    early_stop: bool = True
    tier: Tier | None = None

    @property
    def plan(self) -> Plan:
        """Budgets and limits of its effort."""
        return self.lab.plans[self.effort]
