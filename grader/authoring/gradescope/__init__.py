"""The archive that Gradescope makes an autograder from: setup, packages in fixed versions, this package, and one lab.

What is not needed to grade stays out of it: the solution, the variants, and all other labs. Source of the layout:
Gradescope's `autograder_samples`, `docs/specs.md`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from grader import datasets, keys
from grader.authoring import wheel
from grader.errors import AuthorError, UsageError
from grader.files import write_atomically
from grader.labs import Lab, expectations
from grader.model import Effort
from grader.report.gradescope import HiddenTests

_SCRIPTS = Path(__file__).parent
_LEFT_OUT = frozenset({"solution.py", "sample.ipynb", "variants.toml"})
_LEFT_OUT_FOLDERS = frozenset({"variants", "alternatives", "__pycache__", ".pytest_cache"})

CONTAINER = "Choose 2 CPUs and 3 GB or more there."
"""What grading needs, as measured in `docs/gradescope.md`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How submissions are graded there. `data` is what `--data` takes; `language` may be empty: that of the lab."""

    lab: Lab
    effort: Effort = Effort.QUICK
    data: str = "auto"
    seed: int = 1
    hidden: HiddenTests = HiddenTests.HIDDEN
    language: str = ""


def write(settings: Settings, path: Path) -> Path:
    """Write the archive and return its path.

    Raises:
        AuthorError: the lab is not calibrated for the data and the effort.
        UsageError: the data set is not to be had, or the file cannot be written.
        MachineError: the packages in use cannot be told.
    """
    data = build(settings)
    try:
        write_atomically(path, data)
        # A lab's checks are in it, and the key from which held-out images are drawn.
        path.chmod(0o600)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", slug="out-unwritable") from error
    return path


def build(settings: Settings) -> bytes:
    """Return the archive, the same bytes for the same lab, settings and packages on one machine."""
    lab = settings.lab
    source = datasets.resolve(settings.data)
    expectations(lab, data=source.name, effort=settings.effort)
    name, package = wheel.build()
    images = {"mnist.npz": source.path.read_bytes()} if source.name == "mnist" else {}
    files = {
        "setup.sh": _script("setup.sh", settings, data=source.name),
        "run_autograder": _script("run_autograder", settings, data=source.name),
        "grade.sh": _script("grade.sh", settings, data=source.name),
        "requirements.txt": "".join(f"{line}\n" for line in wheel.requirements()).encode(),
        "key": _key(lab),
        name: package,
        **images,
        **{f"lab/{lab.id}/{place}": data for place, data in _lab_files(lab)},
    }
    return wheel.pack(files, executable=frozenset({"setup.sh", "run_autograder", "grade.sh"}))


def _script(name: str, settings: Settings, *, data: str) -> bytes:
    options = ["--effort", settings.effort.value, "--seed", str(settings.seed)]
    options += ["--data", data, "--hidden", settings.hidden.value]
    options += ["--lang", settings.language] if settings.language else []
    text = (_SCRIPTS / name).read_text(encoding="utf-8")
    return text.replace("@LAB@", shlex.quote(settings.lab.id)).replace("@OPTIONS@", shlex.join(options)).encode()


def _lab_files(lab: Lab) -> list[tuple[str, bytes]]:
    """Return what grading needs of a lab's folder.

    Raises:
        AuthorError: its checks are missing.
    """
    found = []
    for path in sorted(lab.folder.rglob("*")):
        relative = path.relative_to(lab.folder)
        is_needed = not _LEFT_OUT_FOLDERS & set(relative.parts) and relative.name not in _LEFT_OUT
        if is_needed and path.is_file() and not path.is_symlink():
            found.append((relative.as_posix(), path.read_bytes()))
    if "checks.py" not in dict(found):
        raise AuthorError(f"{lab.checks_file} is missing", slug="checks-missing")
    return found


def _key(lab: Lab) -> bytes:
    """Return a key for this lab's autograder: the same whenever it is packed here, and not the one of this machine."""
    return b"".join(keys.draw("gradescope", lab.id, number).to_bytes(8, "little") for number in range(4))
