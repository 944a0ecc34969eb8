"""Which labs there are and where they come from: this package, other distributions, or a folder that is named.

A distribution offers a lab by an entry point whose value is the dotted path of the lab's folder. Nothing is imported to
find it: a lab's own code runs when it grades, not when labs are listed.

    [project.entry-points."epochmark.labs"]
    audio_cnn = "my_course.labs.audio_cnn"
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from grader.errors import AuthorError, UsageError

GROUP = "epochmark.labs"
"""The group of entry points by which distributions offer labs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a lab lies, and in words where it comes from."""

    id: str
    folder: Path
    origin: str


def is_path(name: str) -> bool:
    """Tell whether the name of a lab is meant as a path: an id has no separator, and `.` and `..` are none.

    What lies in the current folder is never taken for a lab by its mere name: it may be a submission's.
    """
    return name in (".", "..") or os.sep in name or bool(os.altsep and os.altsep in name)


def by_path(name: str | Path) -> Place:
    """Return the lab in a folder, which may also be named by its `lab.toml`.

    Raises:
        UsageError: there is no lab.
    """
    path = Path(name).expanduser().resolve()
    folder = path.parent if path.name == "lab.toml" else path
    if not (folder / "lab.toml").is_file():
        raise UsageError(f"there is no lab in {str(name)!r}: {folder / 'lab.toml'} is missing", slug="unknown-lab")
    return Place(id=folder.name, folder=folder, origin=str(folder))


def places(own: Path) -> dict[str, Place]:
    """Return all labs that are installed, by id in alphabetical order; `own` is the folder of this package's labs.

    Raises:
        AuthorError: two labs have one id, or an entry point leads to no lab.
    """
    found: dict[str, Place] = {}
    for place in (*_own(own), *_offered()):
        other = found.setdefault(place.id, place)
        if other != place:
            raise AuthorError(
                f"two labs are called {place.id!r}: one from {other.origin} ({other.folder}), one from {place.origin} "
                f"({place.folder}); uninstall one of them, or name its folder: --lab {other.folder}",
                slug="lab-clash",
            )
    return dict(sorted(found.items()))


def _own(folder: Path) -> Iterator[Place]:
    for path in sorted(folder.glob("*/lab.toml")):
        yield Place(id=path.parent.name, folder=path.parent, origin="epochmark")


def _offered() -> Iterator[Place]:
    seen = set()
    for entry in _entries(tuple(sys.path)):
        # An editable install that was repeated is listed twice.
        key = (entry.name, entry.value, _distribution(entry))
        if key not in seen:
            seen.add(key)
            yield _place(entry)


@functools.cache
def _entries(_search_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of the distributions on `sys.path`; looking through all takes milliseconds each time."""
    return tuple(entry_points(group=GROUP))


def _place(entry: EntryPoint) -> Place:
    origin = _distribution(entry)
    folder = _folder(entry.value)
    if folder is None or not (folder / "lab.toml").is_file():
        raise AuthorError(
            f"{origin} offers the lab {entry.name!r} at {entry.value!r}, and there is no lab.toml in that folder",
            slug="lab-entry-point",
        )
    if folder.name != entry.name:
        raise AuthorError(
            f"{origin} offers the lab {entry.name!r} in a folder called {folder.name!r}; both have to be its id",
            slug="lab-entry-point",
        )
    return Place(id=entry.name, folder=folder, origin=origin)


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unknown distribution"


def _folder(value: str) -> Path | None:
    """Return the folder of a dotted path, without importing anything: only the first name is looked for."""
    first, *rest = value.strip().split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return None
    roots = spec.submodule_search_locations if spec is not None else None
    folders = [Path(root).joinpath(*rest).resolve() for root in roots or ()]
    return next((folder for folder in folders if folder.is_dir()), None)


def secret(own: Path, folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders that no worker may read: those of all labs that are offered, and of `folders` and beside them.

    Labs that cannot be located are left out: they are an error where labs are asked for, not where one is graded.
    """
    named = {folder.resolve() for folder in folders}
    beside = {path.parent.resolve() for folder in named for path in folder.parent.glob("*/lab.toml")}
    offered = {folder for entry in _entries(tuple(sys.path)) if (folder := _folder(entry.value)) is not None}
    outside = {folder for folder in named | beside | offered if own.resolve() not in folder.parents}
    return tuple(sorted(outside))
