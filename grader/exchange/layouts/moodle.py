"""What Moodle lets an instructor download as submissions: a folder for each participant, or all files in one.

Source of the format: Moodle's `mod/assign/feedback/file/importziplib.php`, which reads the same names. A folder is
called `Jane Doe_1234_assignsubmission_file`, with an underscore at the end before Moodle 4.1; without folders, the
student's own name for the file follows. The number is the participant's, as in the column *Identifier* of the grading
worksheet; of a team it is the team's. Where grading is blind the name is `Participant`. Underscores in names have
become spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.exchange.layouts import Handed, Reading, by_folder, in_folder
from grader.exchange.roster import LeftOut, Why
from grader.exchange.source import File, Source

BLIND = "Participant"
"""What stands for the name of a participant who is not to be known."""

_NAME = re.compile(
    r"(?P<head>(?P<name>.+?)_(?P<id>[0-9]{1,20})_assignsubmission_(?P<plugin>[a-z]+))(?:_(?P<file>.*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A name of the download, taken apart; `file` is empty where it is that of a folder."""

    head: str
    name: str
    id: str
    plugin: str
    file: str


def place(name: str) -> Place | None:
    """Take the name of a folder, or of a file without one, apart; `None` for a name that Moodle does not give."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Place(
        head=found["head"], name=found["name"], id=found["id"], plugin=found["plugin"], file=found["file"] or ""
    )


def fits(source: Source) -> bool:
    """Tell whether most names at the top are those that Moodle gives."""
    names = by_folder(source)
    return 2 * sum(place(name) is not None for name in names) > len(names)


def read(source: Source, _assignment: str = "") -> Reading:
    """Put together what each participant or team handed in as files; text that was typed in is left out."""
    reading = Reading()
    people: dict[tuple[str, str], list[tuple[str, File]]] = {}
    originals: dict[tuple[str, str], str] = {}
    for top, files in by_folder(source).items():
        found = place(top)
        if found is None:
            reading.left_out += [LeftOut(name=str(file.path), why=Why.UNKNOWN_NAME) for file in files]
            continue
        who = (found.name, found.id)
        if found.plugin != "file":
            label = "_".join(who)
            reading.left_out += [LeftOut(name=str(file.path), why=Why.TEXT_ENTRY, entry=label) for file in files]
            # Who has typed something is somebody to look at, even without a file.
            people.setdefault(who, [])
            continue
        is_folder = len(files[0].path.parts) > 1
        people.setdefault(who, []).extend(in_folder(files) if is_folder else ((found.file, files[0]),))
        originals[who] = top if is_folder else ""
    for (name, number), attachments in people.items():
        reading.handed.append(
            Handed(
                label=f"{name}_{number}",
                files=tuple(attachments),
                name="" if name == BLIND else name,
                user_id=number,
                original=originals.get((name, number), ""),
            )
        )
    return reading
