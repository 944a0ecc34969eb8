"""Names that come from a download become names of ours: safe as a folder on every system, and unique."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

_LONGEST = 80
"""Characters of an id: with four bytes each and a suffix of ours it stays below the 255 bytes of file systems."""

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that are devices on Windows, with any suffix."""

_OURS = re.compile(
    r"(gradebook\.csv|left-out\.csv|times\.csv|index\.html|evidence|slurm|submissions|class\.sqlite.*)\Z"
)
"""What stands beside the folders of the entries."""

_SHUNNED = re.compile(r'[<>:"/\\|?*]')


def unique_ids(wanted: Sequence[str]) -> list[str]:
    """Return one id for each name; those that would meet, also where case does not count, all end in a hash.

    Where even the names are the same, the second and those after it are numbered.
    """
    ids = [folder_name(name) for name in wanted]
    meetings = Counter(map(_folded, ids))
    ids = [id_ if meetings[_folded(id_)] == 1 else _hashed(id_, name) for id_, name in zip(ids, wanted, strict=True)]
    taken: set[str] = set()
    for place, id_ in enumerate(ids):
        found, number = id_, 1
        while _folded(found) in taken:
            number += 1
            found = f"{id_}-{number}"
        taken.add(_folded(found))
        ids[place] = found
    return ids


def unique_files(wanted: Sequence[str]) -> list[str]:
    """Return safe names of files that lie side by side; those that would meet are numbered in front."""
    found: list[str] = []
    for name in map(file_name, wanted):
        taken = {_folded(other) for other in found}
        numbered = (f"{number}-{name}" for number in range(2, len(wanted) + 2))
        found.append(name if _folded(name) not in taken else next(n for n in numbered if _folded(n) not in taken))
    return found


def folder_name(text: str) -> str:
    """Return a text as the name of a folder on every system; one that had to be changed ends in a hash of the text.

    Letters of every script stay, composed (NFC). A name begins with a letter, a digit or an underscore, so that it is
    hidden nowhere, is no option of a command, and no formula in a table.
    """
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(char for char in composed if not _is_unsafe(char))
    plain = re.sub(r"^[^\w]+", "", " ".join(plain.split())).rstrip(" .")[:_LONGEST].rstrip(" .")
    if plain.split(".", maxsplit=1)[0].strip().lower() in _DEVICES:
        return _hashed(f"_{plain}", text)
    return plain if plain and plain == composed and not _OURS.match(plain.lower()) else _hashed(plain, text)


def file_name(text: str) -> str:
    """Return the name of a file likewise; the suffix stays what it is."""
    suffix = PurePosixPath(text).suffix
    if folder_name(suffix[1:]) != suffix[1:]:
        return folder_name(text)
    return folder_name(text.removesuffix(suffix)) + suffix


def key(name: str) -> tuple[str, ...]:
    """Return what of a person's name can be compared: its words, in no order, as `Doe, Jane` is `Jane Doe`."""
    visible = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return tuple(sorted(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", visible.casefold())))


def _hashed(name: str, text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[: _LONGEST - 1 - len(digest)] or 'submission'}-{digest}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_unsafe(char: str) -> bool:
    return bool(_SHUNNED.match(char)) or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
