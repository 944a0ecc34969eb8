"""What this machine offers, and the confinement that workers get: the strongest tier, or the one that is asked for."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from grader import labs, process, scratch
from grader.errors import TierUnavailable
from grader.procfs import process_status
from grader.sandbox import view
from grader.sandbox.contract import OPEN, SCRATCH_MARK, Confinement, Layer, Tier

CHOICE = "GRADER_TIER"
"""Environment variable that names the tier to use instead of the strongest one."""

FIRST_UID, UIDS = 60_001, 4_000
"""Users for workers: above those of people and of system services, each worker its own."""

SHARED_MEMORY = 256 * 1024**2
"""Bytes of /tmp and of /dev/shm each in their own namespace."""

_numbers = itertools.count()


def choose(required: Tier | None = None) -> Tier:
    """Return the strongest tier that this machine offers, or the one that `GRADER_TIER` names.

    Raises:
        TierUnavailable: that is weaker than what is required, or is not to be had.
    """
    named = os.environ.get(CHOICE, "").strip().upper()
    if named and named not in Tier.__members__:
        raise TierUnavailable(f"{CHOICE}: {named!r} is no tier; there are {', '.join(Tier)}")
    offered = {tier: obstacle(tier) for tier in ([Tier(named)] if named else Tier)}
    best = next((tier for tier, why in offered.items() if not why), None)
    if best is None:
        raise TierUnavailable(f"tier {named} is not to be had here: {offered[Tier(named)]}")
    if required is not None and not best.is_at_least(required):
        reasons = offered.get(required) or f"{CHOICE} asks for {best}"
        raise TierUnavailable(f"tier {required} is required, and this machine offers {best}: {reasons}")
    return best


def obstacle(tier: Tier) -> str:
    """Say why a tier is not to be had here; empty where it is."""
    if tier is Tier.D:
        return ""
    if sys.platform != "linux":
        return "it needs Linux"
    from grader.sandbox import landlock, seccomp  # noqa: PLC0415 - Linux only

    if not seccomp.is_supported():
        return "the kernel has no filters on system calls, or their numbers are not known for this processor"
    if tier is Tier.C:
        return "" if _worker_uid() is not None else "it needs root, and a Python that every user can read"
    if not landlock.version():
        return "the kernel has no Landlock, or has it switched off"
    return _bubblewrap_obstacle() if tier is Tier.A else ""


def confinement(tier: Tier, *, hidden: tuple[Path, ...] = ()) -> Confinement:
    """Return the confinement of a tier that is to be had here; each has a user of its own.

    Args:
        tier: which one.
        hidden: folders with no links in their paths, of labs outside of this package, that the worker must not read.

    Raises:
        TierUnavailable: a folder cannot be taken from other users where nothing else hides it.
    """
    if tier is Tier.D:
        return OPEN
    uid = _worker_uid()
    layers = {Layer.LIMITS, Layer.PRIVILEGES, Layer.CALLS} | ({Layer.USER} if uid is not None else set())
    if tier is Tier.C:
        _close_to_others(hidden)
    else:
        layers |= {Layer.FILES}
    wrapper: Sequence[str] = ()
    if tier is Tier.A:
        layers |= {Layer.NAMESPACES}
        wrapper = _bubblewrap(hidden)
    return Confinement(
        tier=tier,
        layers=frozenset(layers),
        uid=uid,
        wrapper=wrapper,
        device=os.environ.get("GRADER_CUDA_DEVICES", "-1") != "-1",
        hidden=hidden,
    )


def _close_to_others(hidden: Sequence[Path]) -> None:
    """Take the labs and the judge from all other users: without Landlock nothing else hides them from a worker."""
    for path in (labs.share("reference"), *view.not_of_workers(), *hidden):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & stat.S_IRWXO:
            try:
                path.chmod(mode & ~stat.S_IRWXO)
            except OSError as error:
                raise TierUnavailable(f"tier C cannot take {path} from other users: {error.strerror}") from error


def _worker_uid() -> int | None:
    """Return a user for the next worker, or `None` where there is only one's own to be had."""
    if os.name != "posix" or os.geteuid() != 0 or not _can_change_user() or closed_folder() is not None:
        return None
    return FIRST_UID + (os.getpid() * 16 + next(_numbers)) % UIDS


def _can_change_user() -> bool:
    """Tell whether root may become somebody else, which not every container lets it."""
    set_group_and_user = 0b11 << 6
    return int(process_status(os.getpid()).get("CapEff", "0"), 16) & set_group_and_user == set_group_and_user


def closed_folder() -> Path | None:
    """Return the folder or file that keeps other users from running this Python, or `None`."""
    for path in (Path(sys.executable), Path(sysconfig.get_paths()["purelib"]), view.PACKAGE / "collect"):
        real = path.resolve()
        for part in (*reversed(path.parents), path, *reversed(real.parents), real):
            mode = part.stat().st_mode
            wanted = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
            if not mode & wanted:
                return part
    return None


def _bubblewrap_obstacle() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    if os.geteuid() == 0 and closed_folder() is not None:
        return f"bubblewrap must not run as root, and other users cannot read {closed_folder()}"
    trial = [*_bubblewrap(), sys.executable, "-I", "-S", "-c", ""]
    with scratch.folder() as space:
        problem = process.try_command(
            [part.replace(SCRATCH_MARK, str(space)) for part in trial], uid=_worker_uid(), owned=space
        )
    return problem and f"bubblewrap does not work here: {problem}"


def _bubblewrap(hidden: Sequence[Path] = ()) -> list[str]:
    """Return the start of a command that runs the rest in namespaces of its own (`man 1 bwrap`)."""
    bwrap = shutil.which("bwrap") or "bwrap"
    command = [bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--hostname", "lab", "--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - inside the namespace
        command += ["--size", str(SHARED_MEMORY), "--tmpfs", folder]
    executables = {Path(sys.executable).parent, Path(sys.executable).resolve().parent}
    bound = view.outermost([*view.of_interpreter(), *view.of_package(), *executables])
    for path in bound:
        command += ["--ro-bind-try", str(path), str(path)]
    for name in ("/lib", "/lib64", "/lib32"):
        if Path(name).is_symlink():
            command += ["--symlink", str(Path(name).readlink()), name]
    shared = view.PACKAGE / "_share"
    if shared.exists():
        command += ["--tmpfs", str(shared)]
    for lab in hidden:
        if not set(bound).isdisjoint(lab.parents):
            command += ["--tmpfs", str(lab)]
    return [*command, "--bind", SCRATCH_MARK, SCRATCH_MARK, "--chdir", f"{SCRATCH_MARK}/work", "--"]
