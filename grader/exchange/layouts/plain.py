"""Plain folders: a file for each submission, or a folder for each, or both side by side."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

from grader.archives import SUFFIXES
from grader.exchange.layouts import Handed, Reading, by_folder, in_folder
from grader.exchange.roster import LeftOut, Why
from grader.exchange.source import Source

GRADABLE = (*SUFFIXES, ".zip")


def fits(source: Source) -> bool:
    """Tell whether a download can be read as plain folders: always."""
    return bool(source.files)


def read(source: Source, _assignment: str = "") -> Reading:
    """Take the stem of a file, or the name of a folder, as the id.

    Files that differ in nothing but the suffix are kept apart by it: `alice.ipynb` and `alice.py` are two submissions
    with these ids, and a note says so.
    """
    reading = Reading()
    groups = by_folder(source)
    folders = {name for name, files in groups.items() if len(files[0].path.parts) > 1}
    names = [name for name in groups if name in folders or PurePosixPath(name).suffix.lower() in GRADABLE]
    labels = {name: name if name in folders else PurePosixPath(name).stem for name in names}
    shared = Counter(labels.values())
    for name, files in groups.items():
        if name not in labels:
            reading.left_out.append(LeftOut(name=name, why=Why.NOTHING_GRADABLE))
        elif name in folders:
            reading.handed.append(Handed(label=name, files=in_folder(files), user_id=name, original=name))
        else:
            label = labels[name] if shared[labels[name]] == 1 else name
            reading.handed.append(Handed(label=label, files=((name, files[0]),), user_id=label))
    for label in sorted(label for label, count in shared.items() if count > 1):
        reading.notes.append(
            f"{shared[label]} submissions are called {label!r}: those that are files keep their suffix"
        )
    return reading
