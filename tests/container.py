"""A container as Gradescope runs one, of what this machine has: its system read-only, `/autograder`, and no network.

Root in namespaces of its own, with the capabilities that Docker leaves and without bubblewrap. The packages of this
environment are to be had as an index would give them: pip finds each in the version that is asked for, or fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psutil

CAPABILITIES = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service"),
    *("net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"),
)
"""Docker's default set."""

PYTHON = Path(f"/usr/bin/python3.{sys.version_info.minor}")

_BUILD = r"""
set -euo pipefail
cd "$1"
mkdir -p usr etc proc dev tmp opt/site opt/shim root var run
chmod 0755 . opt opt/site opt/shim; chmod 1777 tmp
for name in bin sbin lib lib64; do [ ! -L /$name ] || ln -sfn "$(readlink /$name)" $name; done
for name in usr etc; do mount --rbind /$name $name; done
[ ! -e usr/bin/bwrap ] || mount --bind /dev/null usr/bin/bwrap
for name in usr etc; do mount -o remount,bind,ro $name; done
mount --bind "$2" opt/site
mount -o remount,bind,ro opt/site
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/random c 1 8
mkdir -m 1777 dev/shm
mount -t proc proc proc
shift 2
exec chroot . /usr/bin/setpriv --bounding-set "$@"
"""

_SHIM = """#!/bin/bash
# A python with the module venv, and an index that has what this machine has.
if [ "$*" = "-c import ensurepip" ]; then exit 0; fi
if [ "$1 $2" = "-m venv" ]; then
    {python} -m venv --without-pip "$3" && echo /opt/site > "$3"/lib/python3.{minor}/site-packages/site.pth && exit 0
fi
exec {python} "$@"
"""


def obstacle() -> str:
    """Return why there can be no such container here, or an empty string."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "it takes root on Linux"
    missing = [name for name in ("unshare", "setpriv", "chroot") if shutil.which(name) is None]
    if missing or not PYTHON.exists():
        return f"there is no {' and no '.join(missing or [str(PYTHON)])}"
    unshare = shutil.which("unshare") or "unshare"
    probe = subprocess.run([unshare, "--mount", "--pid", "--fork", "--net", "true"], check=False, capture_output=True)
    return "" if probe.returncode == 0 else "namespaces are not to be had"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command in the container came to; `peak_bytes` is the memory of all its processes together."""

    code: int
    output: str
    peak_bytes: int


class Container:
    """A folder that is the root of the container, with an archive unpacked where Gradescope puts it."""

    def __init__(self, root: Path, archive: Path) -> None:
        self.root = root
        self.autograder = root / "autograder"
        source = self.autograder / "source"
        source.mkdir(parents=True)
        root.chmod(0o755)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(source)
        shutil.copy(source / "run_autograder", self.autograder)
        (self.autograder / "run_autograder").chmod(0o755)  # as Gradescope does it
        shim = root / "opt" / "shim" / PYTHON.name
        shim.parent.mkdir(parents=True)
        shim.write_text(_SHIM.format(python=PYTHON, minor=sys.version_info.minor))
        shim.chmod(0o755)

    def submit(self, name: str, content: bytes, **metadata: object) -> None:
        """Put a submission in the place of the last one."""
        for folder in ("submission", "results"):
            shutil.rmtree(self.autograder / folder, ignore_errors=True)
            (self.autograder / folder).mkdir()
        path = self.autograder / "submission" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        fields = {"id": 1, "created_at": "2026-11-21T12:00:00.365935-07:00", "users": [], **metadata}
        (self.autograder / "submission_metadata.json").write_text(json.dumps(fields))

    @property
    def results(self) -> dict[str, object] | None:
        """What was written for Gradescope, if anything."""
        path = self.autograder / "results" / "results.json"
        return dict(json.loads(path.read_text())) if path.exists() else None

    def run(self, command: str, *, timeout: float = 400, **environment: str) -> Ran:
        """Run a line of bash as root of the container."""
        allowed = ",".join(["-all", *(f"+{name}" for name in CAPABILITIES)])
        site = sysconfig.get_paths()["purelib"] if not (named := _packages()) else named
        inner = [allowed, "/bin/bash", "-c", f"cd /autograder && {command}"]
        outer = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--net", "--ipc"]
        env = {"PATH": "/opt/shim:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root", **environment}
        child = subprocess.Popen(
            [*outer, "bash", "-c", _BUILD, "bash", str(self.root), str(site), *inner],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        scale = _Scale(child.pid)
        try:
            output, _ = child.communicate(timeout=timeout)
        finally:
            child.kill()
            scale.stop()
        return Ran(code=child.returncode, output=output, peak_bytes=scale.peak_bytes)


def _packages() -> str:
    """Return the folder that TensorFlow was installed to: it may be another one than this environment's own."""
    import importlib.util  # noqa: PLC0415

    spec = importlib.util.find_spec("tensorflow")
    return str(Path(spec.origin).parent.parent) if spec is not None and spec.origin else ""


class _Scale:
    """Weighs a process with all its children, several times a second; shared pages count once."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._process = psutil.Process(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._stopped.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            total = 0
            for process in family:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak_bytes = max(self.peak_bytes, total)
