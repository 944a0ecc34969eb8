"""Which files a worker has to read to do its work: the system's libraries, Python's own, its side of this package."""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
"""Hidden but for what is named below: the rest is the judge's, and the labs' solutions lie within or beside it."""

_WORKER_FILES = (
    "__init__.py",
    "errors.py",
    "language.py",
    "wire.py",
    "lasting.py",
    "process.py",
    "procfs.py",
    "networks.py",
    "parsing.py",
    "scratch.py",
)
_WORKER_FOLDERS = ("collect", "verify", "sandbox", "datasets")

_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/fonts",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
    "/usr/share/locale",
    "/usr/share/mime",
)


def of_interpreter(search_path: Iterable[str] = ()) -> list[Path]:
    """Return the files and folders that Python and its packages are made of, none inside another.

    Args:
        search_path: the worker's `sys.path`, for folders that packages were installed from.
    """
    named = sysconfig.get_paths()
    roots = [Path(named[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    roots += [Path(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)]
    roots += [Path(sys.prefix, "pyvenv.cfg"), *map(Path, site.getsitepackages())]
    # The folder that holds this package's sources holds its labs and tests, too.
    roots += [Path(entry) for entry in search_path if entry and Path(entry).resolve() != PACKAGE.parent]
    system = [Path(name) for name in (*_LIBRARIES, *_SYSTEM_FILES)]
    return outermost(path.resolve() for path in (*system, *roots) if path.exists())


def of_package() -> Iterator[Path]:
    """Yield the files and folders of this package that a worker imports."""
    yield from (PACKAGE / name for name in (*_WORKER_FILES, *_WORKER_FOLDERS))


def not_of_workers() -> Iterator[Path]:
    """Yield the other files and folders of this package: the judge's."""
    own = set(of_package())
    yield from (path for path in PACKAGE.iterdir() if path not in own)


def outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that are not inside another of them, sorted."""
    unique = sorted(set(paths))
    return [path for path in unique if not any(other in path.parents for other in unique)]
