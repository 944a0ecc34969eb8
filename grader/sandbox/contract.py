"""Tiers of isolation, and what a worker is told about the one that it runs under."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.language import N_


class Tier(enum.StrEnum):
    """How strongly student code is confined; `A` is the strongest. docs/security.md says what each promises."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    def is_at_least(self, other: Tier) -> bool:
        """Tell whether this tier promises what another does."""
        return self.value <= other.value


MEANINGS = {
    Tier.A: N_("namespaces of its own, no other files, no network, no other processes"),
    Tier.B: N_("no other files, no network, no other processes"),
    Tier.C: N_("no network, no other processes, a user of its own; it sees files that everybody may read"),
    Tier.D: N_("a process of its own; it cannot forge a grade, but it can read files and use the network"),
}
"""What student code has under a tier, in a line."""


class Layer(enum.StrEnum):
    """One barrier; a tier is a set of them."""

    LIMITS = "limits"
    """The kernel's limits on processor, address space, file sizes and core dumps."""
    USER = "user"
    """A user of its own, which owns nothing."""
    PRIVILEGES = "privileges"
    """No capabilities, and no way to get any."""
    FILES = "files"
    """Landlock: nothing can be opened but the interpreter's own files and the scratch folder."""
    CALLS = "calls"
    """A filter on system calls: no programs, processes, networks, or other people's files."""
    NAMESPACES = "namespaces"
    """Bubblewrap: private views of files, processes, network and shared memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What one worker is put under.

    Attributes:
        tier: what it amounts to.
        layers: the barriers of which it consists.
        uid: the user and group that the worker runs as, `None` for the grader's own.
        wrapper: what comes before the worker's own command.
        device: whether it may use a GPU.
        hidden: folders that it must not read although they may lie among the interpreter's own: labs.
    """

    tier: Tier
    layers: frozenset[Layer]
    uid: int | None = None
    wrapper: Sequence[str] = ()
    device: bool = False
    hidden: tuple[Path, ...] = ()

    def command(self, base: Sequence[str], scratch: Path) -> list[str]:
        """Return the command that starts a worker, whose only writable folder is `scratch`."""
        return [part.replace(SCRATCH_MARK, str(scratch)) for part in self.wrapper] + list(base)

    def orders(self, scratch: Path, limits: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the worker is told: the JSON fields that `enter.obey` takes."""
        return {
            "layers": sorted(self.layers),
            "writable": [str(scratch), *PRIVATE_WHERE_NAMESPACED * (Layer.NAMESPACES in self.layers)],
            "device": self.device,
            "hidden": [str(path) for path in self.hidden],
            "limits": dict(limits),
        }


Confine = Callable[[], Confinement]
"""Gives the next worker its confinement, with a user of its own where there are some."""

SCRATCH_MARK = "{scratch}"
"""Stands for the scratch folder in `Confinement.wrapper`."""

PRIVATE_WHERE_NAMESPACED = ("/tmp", "/dev/shm")  # noqa: S108 - empty and private in their namespace

OPEN = Confinement(tier=Tier.D, layers=frozenset({Layer.LIMITS}))
"""A process of its own, and no more than that."""
