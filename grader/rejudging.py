"""Judge a class again from stored evidence, without running any student code: after a check or a rubric changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.classroom import Assignment, Classroom, entry_of
from grader.standings import PartStanding, Standing, State
from grader.store import Row
from grader.submission import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Where a submission stood and where it stands now; the same where nothing changed."""

    before: Standing
    after: Standing

    @property
    def is_one(self) -> bool:
        """Tell whether anything is different but how long it took."""
        return replace(self.before, seconds=0.0) != replace(self.after, seconds=0.0)

    @property
    def parts(self) -> list[tuple[PartStanding | None, PartStanding | None]]:
        """The parts that are different, before and after; a part may have come or gone."""
        before, after = ({part.id: part for part in each.parts} for each in (self.before, self.after))
        ids = dict.fromkeys((*before, *after))
        return [(before.get(id_), after.get(id_)) for id_ in ids if before.get(id_) != after.get(id_)]


def rejudge(assignment: Assignment, *, all_reports: bool = False) -> Iterator[Change]:
    """Judge every submission of a class again, and yield where it stood and stands.

    Reports are written anew for those that changed, or for all. What has no evidence stays as it is.

    Raises:
        UsageError: another command is at work in the folder.
        AuthorError: the lab is not in order.
        MachineError: evidence cannot be read; those before are done.
    """
    with Classroom(assignment) as classroom:
        for row in list(classroom.store.rows()):
            if row.key and row.standing.state is State.GRADED:
                yield _judge(classroom, row, all_reports=all_reports)


def _judge(classroom: Classroom, row: Row, *, all_reports: bool) -> Change:
    before, entry = row.standing, entry_of(row)
    identity = Identity(id=before.id, file=before.file, sha256=before.sha256, content=before.content)
    grade = classroom.judge(entry, row.key, identity)
    change = Change(before=before, after=classroom.standing(grade, entry, identity))
    if change.is_one or all_reports:
        classroom.write(entry, row.key, grade, identity)
    else:
        classroom.keep(entry, row.key, change.after, identity)
    return change
