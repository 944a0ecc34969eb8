"""Moodle's offline grading worksheet: a CSV file that is downloaded, and uploaded again with grades and comments.

Source of the format: Moodle's `mod/assign/gradingtable.php` and `mod/assign/feedback/offline/importgradeslib.php`. Of
its columns Moodle reads *Identifier*, *Grade*, *Last modified (grade)* and those of feedback. Their labels are in the
language of who downloads, so a worksheet is never made from scratch. Labels that are not known here can be named; of
those below only the English *Identifier* was seen in Moodle's source.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from grader.errors import UsageError
from grader.exchange.gradebooks import listed, number, put_score, scaled
from grader.exchange.matching import Row, match
from grader.exchange.results import Filled, Note, Result
from grader.exchange.roster import Layout
from grader.exchange.tables import Table, own_cell, parse
from grader.text import PARAGRAPH, clean, line, nearest

_WHAT = "a grading worksheet downloaded from Moodle"

LABELS = {
    "identifier": ("Identifier", "ID", "Identifiant", "Identificador"),
    "name": ("Full name", "Vollständiger Name", "Nom complet", "Nombre completo"),
    "email": ("Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo", "Dirección Email"),
    "id_number": ("ID number", "ID-Nummer", "Numéro d'identification", "Número de ID"),
    "status": ("Status", "Statut", "Estado", "Estatus"),
    "group": ("Group", "Gruppe", "Groupe", "Grupo"),
    "grade": ("Grade", "Bewertung", "Note", "Calificación"),
    "maximum": ("Maximum grade", "Bestwertung", "Note maximale", "Calificación máxima"),
    "comments": (
        *("Feedback comments", "Feedback als Kommentar", "Feedback par commentaires"),
        "Comentarios de retroalimentación",
    ),
}
"""What the columns are called in English, German, French and Spanish."""

_PARTICIPANT = re.compile(r"\D*(\d+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the columns of a worksheet are called where they are not known; empty means one of `LABELS`.

    `id` is that of the participant's number, which is the first one unless it is named; `maximum` follows `grade`.
    """

    id: str = ""
    name: str = ""
    email: str = ""
    id_number: str = ""
    group: str = ""
    grade: str = ""
    maximum: str = ""
    comments: str = ""


def columns(text: str) -> Columns:
    """Return what `--columns` says: `grade=Ocena,name=Imię, nazwisko`. A label may have commas in it.

    Raises:
        UsageError: it is no such text, or a column is not known or named twice.
    """
    known = [field.name for field in fields(Columns)]
    named: dict[str, str] = {}
    for pair in re.split(r",(?=\s*\w+\s*=)", text) if text.strip() else ():
        what, sign, label = (part.strip() for part in pair.partition("="))
        if not (what and sign and label):
            raise UsageError(f"--columns: {pair!r} is not like grade=LABEL", slug="columns-option")
        if what not in known:
            told = f"there is no column {what!r}{nearest(what, known)}; there are {', '.join(known)}"
            raise UsageError(f"--columns: {told}", slug="columns-option")
        if named.setdefault(what, label) != label:
            raise UsageError(f"--columns: two labels for {what!r}", slug="columns-option")
    return Columns(**named)


def fill(
    data: bytes,
    results: Sequence[Result],
    *,
    columns: Columns | None = None,
    include_waiting: bool = False,
    rescale: bool = False,
) -> Filled:
    """Write grades and comments into a downloaded worksheet; all other cells stay as they are, byte for byte.

    Args:
        data: the file as Moodle gave it.
        results: one for each entry.
        columns: what columns are called, if they are not found by themselves.
        include_waiting: whether scores are written of which points wait for a person.
        rescale: whether scores are converted where Moodle gives other points for the assignment than the lab.

    Raises:
        UsageError: the file is no such worksheet, a column is missing, or it counts other points or in words.
    """
    table = parse(data, what=_WHAT, is_head=lambda cells: len(cells) >= 3)  # noqa: PLR2004 - those that Moodle requires
    places = _places(table, columns or Columns())
    pairs, notes = match(results, _rows(table, places), Layout.MOODLE)
    written = []
    for result, row in pairs:
        score = result.score(include_waiting=include_waiting)
        if score is None:
            notes.append(Note(about=result.entry.id, text=f"{result.why_none()}; the row stays as it was"))
            continue
        told = table.cell(row.index, places["maximum"])
        maximum = number(told)
        if maximum is None:
            raise UsageError(
                f"this assignment is graded by a scale ({line(told, 40)!r}), not by points", slug="no-points"
            )
        note = put_score(table, row, places["grade"], *scaled(score, result, maximum, rescale=rescale))
        notes += [note] if note else []
        if result.summary and "comments" in places:
            if table.cell(row.index, places["comments"]) not in ("", comment(result.summary)):
                notes.append(Note(about=result.entry.id, text="another comment was there before"))
            table.put(row.index, places["comments"], comment(result.summary))
        written.append(result.entry.id)
    if "comments" not in places and any(result.summary for result in results):
        notes.append(Note(about="worksheet", text="it has no column for comments that is known here; none was written"))
    return Filled(data=table.render(), entries=tuple(dict.fromkeys(written)), notes=tuple(notes))


def comment(summary: str) -> str:
    """Return a plain text as Moodle's comments are: HTML on one line, in which nothing of the text is markup."""
    lines = (html.escape(part.strip()) for part in clean(summary, PARAGRAPH).split("\n"))
    return own_cell("<br>".join(lines), 8 * PARAGRAPH)


def _places(table: Table, columns: Columns) -> dict[str, int]:
    """Return where the columns are that are needed.

    Raises:
        UsageError: there is none with a name that was given, or none for grades.
    """
    heads = [head.strip().casefold() for head in table.head]
    given = {("identifier" if what == "id" else what): label for what, label in asdict(columns).items()}
    places = {}
    for what, labels in LABELS.items():
        wanted = given.get(what, "")
        found = [
            heads.index(label.casefold()) for label in ([wanted] if wanted else labels) if label.casefold() in heads
        ]
        if found:
            places[what] = found[0]
        elif wanted or what == "grade":
            raise UsageError(
                f"the worksheet has {_asked(wanted, table)}; {_HOW} {listed(table.head)}", slug="no-column"
            )
    # The order is Moodle's own, whatever the language.
    if not columns.id:
        places["identifier"] = 0
    if places.get("status") != 1:  # where grading is blind there are no names
        places.setdefault("name", 1)
    places.setdefault("maximum", places["grade"] + 1)
    return places


_HOW = "name it as --columns grade=LABEL,… does; there is"


def _asked(wanted: str, table: Table) -> str:
    if not wanted:
        return "no column for grades that is known"
    return f"no column {wanted!r}{nearest(wanted, [head.strip() for head in table.head])}"


def _rows(table: Table, places: dict[str, int]) -> list[Row]:
    rows = []
    for row in range(1, len(table.rows)):
        participant = _PARTICIPANT.fullmatch(table.cell(row, places["identifier"]))
        if participant is None:
            continue
        known = {what: table.cell(row, place) for what, place in places.items()}
        ids = tuple(filter(None, (known.get("email"), known.get("id_number"))))
        rows.append(
            Row(index=row, own=participant[1], ids=ids, name=known.get("name", ""), group=known.get("group", ""))
        )
    if not rows:
        raise UsageError(f"this is not {_WHAT}: no row begins with a participant's number", slug="no-gradebook")
    return rows
