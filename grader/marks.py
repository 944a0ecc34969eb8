"""Marks that a person gives to answers in words: out into one table for all reports, and back into the reports.

The table is CSV, as spreadsheets read and write it. A row belongs to an answer by the submission's id, the SHA-256 of
its file, the lab and the question; a mark goes to every report that agrees in these. Nothing is written while anything
is wrong.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from grader import late, points, rubric
from grader.errors import UsageError
from grader.files import read_table
from grader.language import gettext as _
from grader.language import use
from grader.model import CheckResult, Feedback, Grade, Outcome, WrittenAnswer
from grader.report import record, write_atomically, write_reports
from grader.report.view import waiting
from grader.text import PARAGRAPH, clean, csv_cell, line

COLUMNS = (
    *("submission", "sha256", "lab", "question_id", "question", "rubric", "answer", "points", "mark", "comment"),
)
_NEEDED = frozenset({"submission", "sha256", "lab", "question_id", "mark", "comment"})

FILE_LIMIT = 64 * 1024**2
"""A table of a thousand students with ten answers of 4,000 characters has 40 MB."""

_FIELD_LIMIT = 1_000_000

_MARK = re.compile(r"(?P<sign>[-+−]?)(?=[.,]?[0-9])(?P<whole>[0-9]{0,9})(?:[.,](?P<rest>[0-9]{0,9}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A folder with a report, and the grade that is kept in it."""

    folder: Path
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a person gave to one answer; `row` is its line in the table, the head being line 1."""

    row: int
    check: str
    points: Fraction
    comment: str


class MarksError(UsageError):
    """A table of marks that cannot be taken: one complaint for each row that is wrong."""

    def __init__(self, complaints: Sequence[str]) -> None:
        super().__init__("\n".join(complaints), slug="marks-invalid")
        self.complaints = tuple(complaints)


def find(folders: Iterable[Path]) -> list[Report]:
    """Return the reports with answers for a person: in the folders themselves, or one level below.

    Raises:
        UsageError: a folder has no report at all, or none of them has such answers.
        MachineError: what is kept in a folder cannot be read.
    """
    reports = []
    for folder in dict.fromkeys(folders):
        found = _report_folders(folder)
        if not found:
            raise UsageError(f"there is no report in {folder}; name folders that `grade` wrote", slug="no-report")
        reports += [Report(folder=place, grade=grade) for place in found if (grade := record.load(place)) is not None]
    if not reports:
        raise UsageError("no answer in these reports is for a person to mark", slug="nothing-to-mark")
    return reports


def _report_folders(folder: Path) -> list[Path]:
    if (folder / "report.json").is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/report.json"))


def export(reports: Sequence[Report], path: Path) -> int:
    """Write the table of all answers and return how many there are. What has a mark already comes with it.

    Raises:
        UsageError: the file cannot be written.
    """
    rows = dict.fromkeys(row for report in reports for row in _rows(report.grade))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    try:
        # The byte order mark tells spreadsheets that this is UTF-8.
        write_atomically(path, text.getvalue().encode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", slug="out-unwritable") from error
    return len(rows)


def _rows(grade: Grade) -> Iterator[tuple[str, ...]]:
    checks = _checks(grade)
    for answer in grade.written:
        yield (
            *_key(grade, answer.question),
            *(_cell(text) for text in (answer.text, answer.rubric, answer.answer)),
            points.total(checks[answer.check].spec.points),
            "" if answer.mark is None else _decimal(answer.mark),
            _cell(answer.comment),
        )


def _decimal(mark: Fraction) -> str:
    """Return a mark as it was given: it has nine decimals at most."""
    return format((Decimal(mark.numerator) / mark.denominator).normalize(), "f")


def _key(grade: Grade, question: str) -> tuple[str, str, str, str]:
    return csv_cell(grade.submission_id), grade.sha256, csv_cell(grade.lab), csv_cell(question)


def _cell(text: str) -> str:
    """Return a text as a cell on one line that no spreadsheet takes for a formula (attack B17).

    Not even one that splits rows at semicolons, to which a quoted cell in the middle of a line is not quoted.
    """
    shown = csv_cell(_BREAK.join(filter(None, map(str.strip, clean(text, PARAGRAPH).split("\n")))), PARAGRAPH)
    return re.sub(r"(;\s*)(?=[=+\-@])", r"\1'", shown)


def _text(cell: str) -> str:
    """Return what a person wrote into a cell; one that was exported and comes back unchanged says what it said."""
    text = re.sub(r"(;\s*)'(?=[=+\-@])", r"\1", cell.strip())
    return (text[1:] if csv_cell(text[1:]) == text else text).replace(_BREAK, "\n")


_BREAK = " ⏎ "
"""The end of a line within a cell: a real one would begin a row where a spreadsheet splits at another sign."""


def take(path: Path) -> bytes:
    """Return the bytes of a table.

    Raises:
        UsageError: it cannot be read, or is too large for one.
    """
    return read_table(path, "marks", FILE_LIMIT)


def described(report: Report) -> str:
    """Return on one line what became of a report."""
    grade = report.grade
    waits = f"; {told}" if (told := waiting(grade)) else ""
    total = points.total(grade.points)
    return f"{line(grade.submission_id, 60)}: {points.show(grade.earned, grade.points)} of {total} points{waits}"


def read(data: bytes, reports: Sequence[Report]) -> dict[Path, list[Mark]]:
    """Return the marks of a table by the folders of the reports that they belong to; rows without a mark say nothing.

    Raises:
        MarksError: the file is no such table, or rows of it are wrong.
    """
    table, complaints = _Table(reports), list[str]()
    for number, row in _parse(data):
        try:
            table.take(number, row)
        except ValueError as error:
            complaints.append(f"row {number}: {error}")
    if complaints:
        raise MarksError(complaints)
    return table.marks


class _Table:
    """The rows of a table as they are sorted to reports."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self._reports = reports
        self._rows: dict[tuple[str, ...], tuple[int, Fraction, str]] = {}
        self.marks: dict[Path, list[Mark]] = {}

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Sort in one row.

        Raises:
            ValueError: the row is wrong; the message says why.
        """
        found = self._find(row["submission"], row["sha256"], row["lab"])
        answer = _answer(found[0].grade, row["question_id"])
        if not row["mark"]:
            return
        check = _checks(found[0].grade)[answer.check]
        given, comment = _points(row["mark"], check.spec.points), _text(row["comment"])
        key = (row["sha256"], row["lab"], answer.question, found[0].grade.submission_id)
        first, *before = self._rows.setdefault(key, (number, given, comment))
        if before != [given, comment]:
            raise ValueError(f"this answer has another mark or comment in row {first}")
        if first == number:
            mark = Mark(row=number, check=answer.check, points=given, comment=comment)
            for report in found:
                self.marks.setdefault(report.folder, []).append(mark)

    def _find(self, submission: str, sha256: str, lab: str) -> list[Report]:
        labs = [report for report in self._reports if csv_cell(report.grade.lab) == lab]
        if not labs:
            raise ValueError(f"none of these reports is of a lab {lab!r}")
        named = [report for report in labs if _is_id(submission, report.grade.submission_id)]
        if not named:
            raise ValueError(f"none of these reports is of a submission {submission!r}")
        same = [report for report in named if report.grade.sha256.casefold() == sha256.casefold()]
        if not same:
            raise ValueError(f"{submission!r} has handed in another file since (its SHA-256 differs); export again")
        return same


def _is_id(cell: str, submission: str) -> bool:
    """Tell whether a cell names a submission; spreadsheets take zeros from the front of what they think a number."""
    shown = csv_cell(submission)
    return cell == shown or (shown.isdigit() and cell == (shown.lstrip("0") or "0"))


def _answer(grade: Grade, question: str) -> WrittenAnswer:
    for answer in grade.written:
        if csv_cell(answer.question) == question:
            return answer
    raise ValueError(f"{grade.submission_id!r} has answered no question {question!r} that is for a person")


def _points(text: str, maximum: Fraction) -> Fraction:
    found = _MARK.fullmatch(text.lstrip("'").replace(" ", ""))
    if found is None:
        raise ValueError(f"the mark {line(text, 40)!r} is not a number")
    given = Fraction(f"{found['whole'] or '0'}.{found['rest'] or '0'}")
    if given > maximum or (found["sign"] in ("-", "−") and given):
        raise ValueError(f"the mark {line(text, 40)!r} is not between 0 and {points.total(maximum)}")
    return given


def _parse(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return the rows with their numbers; the separator is the one with which the head has the columns.

    Raises:
        MarksError: there is no such separator, or the file is no table at all.
    """
    text = _decoded(data)
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        tables = (_split(text, separator) for separator in (",", ";", "\t"))
        found = next((table for table in tables if table is not None), None)
    except csv.Error as error:
        raise MarksError([f"this is no table of marks ({error})"]) from error
    finally:
        csv.field_size_limit(before)
    if found is None:
        needed = ", ".join(name for name in COLUMNS if name in _NEEDED)
        raise MarksError([f"this is no table of marks: its first line has to name the columns {needed}"])
    return found


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MarksError(["this is no text; save the table as CSV in UTF-8"])


def _split(text: str, separator: str) -> list[tuple[int, dict[str, str]]] | None:
    """Return the rows that are not empty, or None where this separator does not give the columns."""
    rows = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), start=1)
    head = [name.strip().casefold() for name in next(rows, (0, []))[1]]
    if head and head[0].startswith("sep="):
        head = [name.strip().casefold() for name in next(rows, (0, []))[1]]
    if not set(head) >= _NEEDED:
        return None
    named = ((number, dict(zip(head, row, strict=False))) for number, row in rows)
    return [
        (number, {name: row.get(name, "").strip() for name in _NEEDED})
        for number, row in named
        if any(map(str.strip, row.values()))
    ]


def bring_in(reports: Sequence[Report], marks: Mapping[Path, Sequence[Mark]]) -> list[Report]:
    """Count marks, write the reports that have some anew, and return them.

    Raises:
        UsageError: a report cannot be written; those before it are, and importing once more does the rest.
    """
    changed = [replace(r, grade=apply(r.grade, marks[r.folder])) for r in reports if r.folder in marks]
    for report in changed:
        try:
            write_reports(report.grade, report.folder)
        except OSError as error:
            raise UsageError(f"cannot write {report.folder}: {error.strerror}", slug="out-unwritable") from error
    return changed


def apply(grade: Grade, marks: Sequence[Mark]) -> Grade:
    """Return a grade in which marks are counted; other checks stay as they are."""
    with use(grade.language):
        return _applied(grade, marks)


def _applied(grade: Grade, marks: Sequence[Mark]) -> Grade:
    given = {mark.check: mark for mark in marks}
    parts = tuple(
        rubric.settle(
            part.id, part.title, [_marked(check, given.get(check.spec.id)) for check in part.checks], extra=part.extra
        )
        for part in grade.parts
    )
    earned, total, extra = rubric.score(parts, grade.extra.cap if grade.extra else None)
    penalty = late.taken_off(grade.penalty, earned=earned, total=total) if grade.penalty else None
    earned -= penalty.off if penalty else 0
    written = tuple(_with_mark(answer, given.get(answer.check)) for answer in grade.written)
    return replace(grade, parts=parts, written=written, earned=earned, extra=extra, penalty=penalty)


def carried_over(grade: Grade, before: Grade | None) -> Grade:
    """Return a grade with the marks that an earlier one of the same student has, where the answers are the same."""
    if before is None:
        return grade
    open_ = {answer.check: answer for answer in grade.written}
    marks = [
        Mark(row=0, check=answer.check, points=answer.mark, comment=answer.comment)
        for answer in before.written
        if answer.mark is not None
        and answer.check in open_
        and open_[answer.check].answer == answer.answer
        and answer.mark <= _checks(grade)[answer.check].spec.points
    ]
    return apply(grade, marks) if marks else grade


def _with_mark(answer: WrittenAnswer, mark: Mark | None) -> WrittenAnswer:
    return answer if mark is None else replace(answer, mark=mark.points, comment=mark.comment)


def _marked(check: CheckResult, mark: Mark | None) -> CheckResult:
    if mark is None:
        return check
    maximum = check.spec.points
    outcome = {maximum: Outcome.PASSED, Fraction(0): Outcome.FAILED}.get(mark.points, Outcome.PARTIAL)
    told = _("A person has read your answer and gives it {points} of {maximum}.").format(
        points=points.show(mark.points, maximum), maximum=points.total(maximum)
    )
    text = "\n".join(filter(None, (told, clean(mark.comment, PARAGRAPH - len(told) - 1))))
    feedback = Feedback(rationale=text, cell=check.feedback.cell, line=check.feedback.line)
    return replace(check, outcome=outcome, earned=mark.points, feedback=feedback)


def _checks(grade: Grade) -> dict[str, CheckResult]:
    return {check.spec.id: check for part in grade.parts for check in part.checks}
