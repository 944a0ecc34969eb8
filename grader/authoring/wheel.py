"""A wheel of this package as it runs here, without its labs, so that no index has to know it.

Source of the format: PEP 427 and *Recording installed projects* of the Python Packaging User Guide.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from grader import __version__
from grader.errors import MachineError
from grader.labs import share

NAME = "epochmark"
PACKAGE = Path(__file__).resolve().parents[1]

_INSTANT = (1980, 1, 1, 0, 0, 0)
"""Of every file in an archive: the same content gives the same bytes."""

_TARGET = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "extra": "",
}
"""The machine that is packed for, in the words of environment markers; Python's version is that of this one."""


def pack(files: Mapping[str, bytes], *, executable: frozenset[str] = frozenset()) -> bytes:
    """Return a zip archive of files by name, the same bytes for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _INSTANT)
            entry.create_system = 3  # Unix: what the attributes below are
            entry.external_attr = (0o755 if name in executable else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return stream.getvalue()


def build() -> tuple[str, bytes]:
    """Return the name of the wheel and its bytes: all modules, translations and templates, and no lab."""
    files = dict(_modules())
    for path in sorted(share("templates").iterdir()):
        files[f"grader/_share/templates/{path.name}"] = path.read_bytes()
    # The settings of pytest lie beside the labs; the folder has to be there, too.
    files["grader/_share/reference/pytest.ini"] = (share("reference") / "pytest.ini").read_bytes()
    info = f"{NAME}-{__version__}.dist-info"
    files[f"{info}/METADATA"] = _metadata().encode()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: py3-none-any\n".encode()
    )
    files[f"{info}/entry_points.txt"] = (
        b"[console_scripts]\ngrade = grader.__main__:main\n\n[pytest11]\ngrader = grader.pytest_plugin\n"
    )
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{NAME}-{__version__}-py3-none-any.whl", pack(files)


def requirements() -> tuple[str, ...]:
    """Return what this package needs, and what that needs in turn, in the versions in use here: `name==version`.

    Raises:
        MachineError: something that it needs is not installed here.
    """
    found: dict[str, str] = {}
    waiting = [(Requirement(text), "") for text in declared()]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (str(requirement), extra) in seen or not _is_wanted(requirement, extra):
            continue
        seen.add((str(requirement), extra))
        try:
            installed = distribution(name)
        except PackageNotFoundError as error:
            if any(canonicalize_name(Requirement(text).name) == name for text in declared()):
                raise MachineError(f"{name} is not installed here; install {NAME} again", slug="no-package") from error
            continue  # needed on Linux only, and this is another system: the installer takes what fits
        found[name] = installed.version
        for text in installed.requires or ():
            inner = Requirement(text)
            waiting += [(inner, wanted) for wanted in ("", *requirement.extras)]
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def declared() -> list[str]:
    """Return the requirements that this package declares: in its checkout, or else as it was installed."""
    project = PACKAGE.parent / "pyproject.toml"
    if project.is_file():
        fields = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if fields.get("name") == NAME:
            return list(fields["dependencies"])
    try:
        texts = distribution(NAME).requires or []
    except PackageNotFoundError as error:
        raise MachineError(f"{NAME} is not installed here as a package", slug="no-package") from error
    return [text for text in texts if _is_wanted(Requirement(text), "")]


def _is_wanted(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**_TARGET, "extra": extra})


def _modules() -> Iterator[tuple[str, bytes]]:
    for path in sorted(PACKAGE.rglob("*")):
        relative = path.relative_to(PACKAGE)
        if path.is_file() and "__pycache__" not in relative.parts and relative.parts[0] != "_share":
            yield f"grader/{relative.as_posix()}", path.read_bytes()


def _metadata() -> str:
    needed = "".join(f"Requires-Dist: {text}\n" for text in declared())
    return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {__version__}\nRequires-Python: >=3.11\n{needed}"


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
