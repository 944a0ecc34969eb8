"""Gradebooks of ours: one table for people and programs, and the one that nbgrader exports.

Source of nbgrader's columns: the plugin `nbgrader export` for CSV. It quotes nothing; here a comma in a name is quoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader import points
from grader.exchange.results import Result
from grader.exchange.roster import LeftOut
from grader.exchange.tables import table_of_ours

COLUMNS = ("id", "name", "email", "score", "max", "late", "status")

LEFT_OUT = ("id", "file", "why")

NBGRADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)

_LATE = {True: "yes", False: "no", None: ""}


def table(results: Sequence[Result], *, include_waiting: bool = False) -> bytes:
    """Return `gradebook.csv`: a row for each entry, and a column for each part of the lab.

    A score is empty where there is none, or where points of it wait for a person and `include_waiting` is off. A part
    that is called like another column has `part_` in front.
    """
    parts = list(dict.fromkeys(part.id for result in results for part in result.parts))
    rows = [[*COLUMNS, *(f"part_{name}" if name in COLUMNS else name for name in parts)]]
    for result in results:
        score, entry = result.score(include_waiting=include_waiting), result.entry
        of_part = {part.id: points.show(part.points, part.max_points) for part in result.parts}
        rows.append(
            [
                *(entry.id, entry.name, entry.email or "; ".join(p.email for p in entry.members if p.email)),
                "" if score is None else points.show(score, result.max_points),
                *(points.total(result.max_points), _LATE[result.is_late], result.status),
                *(of_part.get(name, "") for name in parts),
            ]
        )
    return table_of_ours(rows)


def left_out(found: Sequence[LeftOut]) -> bytes:
    """Return `left-out.csv`: a row for each file that is not graded, by the ids of the entries, with the reason."""
    rows = sorted((left.entry, left.name, left.why.value) for left in found)
    return table_of_ours([LEFT_OUT, *rows])


def nbgrader(results: Sequence[Result], *, assignment: str, include_waiting: bool = False) -> bytes:
    """Return the table that `nbgrader export` writes; a name without a comma stands where the last name does."""
    rows = [list(NBGRADER)]
    for result in results:
        score, entry = result.score(include_waiting=include_waiting), result.entry
        last, _, first = entry.name.partition(", ")
        raw = None if score is None else score + result.penalty
        rows.append(
            [
                *(assignment, ""),
                "" if entry.submitted_at is None else str(entry.submitted_at),
                *(entry.user_id or entry.id, last, first, entry.email),
                "" if raw is None else points.show(raw, result.max_points),
                points.show(result.penalty, result.max_points),
                "" if score is None else points.show(score, result.max_points),
                points.total(result.max_points),
            ]
        )
    return table_of_ours(rows)
