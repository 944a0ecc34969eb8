"""Archives that students hand in: the list of names and one member are read, and nothing is ever unpacked to a disk."""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from grader.errors import GraderError, StudentError

SIZE_LIMIT = 20 * 1024**2
"""Bytes; the largest notebook of a sample of 131 real ones had 2.6 MB, nearly all of it pictures."""

SUFFIXES = (".ipynb", ".py")

MEMBERS_LIMIT = 2_000
"""Entries of an archive; somebody's whole project folder has some hundred."""


def lab_file(archive: str, data: bytes) -> tuple[str, bytes]:
    """Return the name and the bytes of the one lab file in an archive (attacks B01, B03, B04).

    Raises:
        StudentError: the archive is damaged, hides something, or has no lab file or several.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            entries = members.infolist()
            _require_in_order(archive, entries)
            names = [entry.filename for entry in entries if not entry.filename.endswith("/")]
            chosen = _choose(archive, [name for name in names if not _is_by_the_way(name)])
            with members.open(chosen) as stream:
                # The size that the archive tells is a claim; what comes out is counted.
                content = stream.read(SIZE_LIMIT + 1)
    except GraderError:
        raise
    except Exception as error:  # each way to pack has errors of its own
        raise StudentError(f"{archive}: not a .zip archive that can be read ({error})", slug="bad-archive") from error
    if len(content) > SIZE_LIMIT:
        raise too_large(f"{archive}: {chosen!a}", len(content))
    return PurePosixPath(chosen).name, content


def _require_in_order(archive: str, entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MEMBERS_LIMIT:
        raise StudentError(f"{archive}: {len(entries)} files are too many", slug="bad-archive")
    seen: set[str] = set()
    for entry in entries:
        folded = unicodedata.normalize("NFKC", entry.filename).casefold().rstrip("/")
        problem = (
            "is there twice, but for the spelling of its name"
            if folded in seen
            else "is a link or a device"
            if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR)
            else "is encrypted"
            if entry.flag_bits & 1
            else "has a name that leads elsewhere or hides what it is"
            if _is_sly(entry.orig_filename) or _is_sly(entry.filename)
            else ""
        )
        if problem:
            raise StudentError(f"{archive}: {entry.filename!a} {problem}", slug="bad-archive")
        seen.add(folded)


def _is_sly(name: str) -> bool:
    """Tell whether a name leaves its folder, or has characters that show it as another one."""
    parts = PurePosixPath(name).parts
    leads_away = name.startswith("/") or "\\" in name or ".." in parts or (len(name) > 1 and name[1] == ":")
    return not parts or leads_away or any(unicodedata.category(char).startswith("C") for char in name)


def _is_by_the_way(name: str) -> bool:
    """Tell whether a member was made by a program, not by the student."""
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__")) for part in parts)


def _choose(archive: str, names: Sequence[str]) -> str:
    found = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    shallow_last = sorted(found, key=lambda name: -name.count("/"))
    by_name = {PurePosixPath(name).name.lower(): name for name in shallow_last}
    for wanted in ("lab.ipynb", "lab.py"):
        if wanted in by_name:
            return by_name[wanted]
    candidates = [name for name in found if name.lower().endswith(".ipynb")] or found
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise StudentError(f"{archive}: there is no notebook and no Python file in it", slug="no-lab-file")
    listed = ", ".join(f"{name!a}" for name in candidates[:5])
    raise StudentError(f"{archive}: there are several files in it ({listed}); hand in one", slug="several-files")


def too_large(name: str, size: int) -> StudentError:
    """Return the error that says so, and what to do about it; `size` is in bytes."""
    return StudentError(
        f"{name}: {size / 1e6:.0f} MB is too large; the limit is {SIZE_LIMIT / 1e6:.0f} MB. "
        "Clear the outputs of the notebook and save it again",
        slug="too-large",
    )
