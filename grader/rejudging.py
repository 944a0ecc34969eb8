"""Judge a class again from stored evidence, without running any student code: after a check or a rubric changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.classroom import Assignment, Classroom, entry_of
from grader.errors import MachineError
from grader.report import jsonreport
from grader.standings import PartStanding, Standing, State
from grader.store import Row
from grader.submission import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Where a submission stood and where it stands now; `is_one` tells whether its report says anything else.

    `problem` says why it could not be judged again; it stands where it stood then.
    """

    before: Standing
    after: Standing
    is_one: bool
    problem: str = ""

    @property
    def parts(self) -> list[tuple[PartStanding | None, PartStanding | None]]:
        """The parts that are different, before and after; a part may have come or gone."""
        before, after = ({part.id: part for part in each.parts} for each in (self.before, self.after))
        ids = dict.fromkeys((*before, *after))
        return [(before.get(id_), after.get(id_)) for id_ in ids if before.get(id_) != after.get(id_)]


def rejudge(assignment: Assignment, *, all_reports: bool = False) -> Iterator[Change]:
    """Judge every submission of a class again, and yield where it stood and stands.

    Reports are written anew for those that changed, or for all. What has no evidence stays as it is, and so
    does who is absent.

    Raises:
        UsageError: another command is at work in the folder.
        AuthorError: the lab is not in order.
    """
    with Classroom(assignment) as classroom:
        for row in list(classroom.store.rows()):
            if row.standing.state is not State.ABSENT and row.key and classroom.is_known(row.key):
                try:
                    yield _judge(classroom, row, all_reports=all_reports)
                except MachineError as error:
                    yield Change(before=row.standing, after=row.standing, is_one=False, problem=str(error))


def _judge(classroom: Classroom, row: Row, *, all_reports: bool) -> Change:
    before, entry = row.standing, entry_of(row)
    identity = Identity(id=before.id, file=before.file, sha256=before.sha256, content=before.content)
    grade = classroom.judge(entry, row.key, identity)
    report = classroom.assignment.out / entry.id / "report.json"
    told = report.read_text(encoding="utf-8") if report.exists() else ""
    after = classroom.standing(grade, entry, identity)
    is_one = before != after or told != jsonreport.render(grade, staff=classroom.assignment.staff)
    if is_one or all_reports:
        classroom.write(entry, row.key, grade, identity)
    return Change(before=before, after=after, is_one=is_one)
