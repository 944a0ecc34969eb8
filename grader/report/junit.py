"""`junit.xml`: the grade as the test report that CI systems read, in the xunit2 family as pytest writes it.

Points have no place of their own in that format; they are properties of each test case. A time stamp and a
host name are left out: both are optional, and the same grade gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET

from grader import points
from grader.language import use
from grader.model import CheckResult, Grade, Outcome, PartResult
from grader.report import account, audience, words
from grader.text import PARAGRAPH, clean, line

_NODES = {
    Outcome.PARTIAL: "failure",
    Outcome.FAILED: "failure",
    Outcome.TIMED_OUT: "failure",
    # CI shows skipped tests in green; an empty lab must not look like a finished one.
    Outcome.NOT_ATTEMPTED: "failure",
    Outcome.BLOCKED: "skipped",
    Outcome.WAITING: "skipped",
    Outcome.NOT_RUN: "error",
    Outcome.GRADER_ERROR: "error",
}


def render(grade: Grade, *, staff: bool = False) -> str:
    """Return the report as XML, one test case per check; hidden ones are told one by one to `staff` only."""
    with use(grade.language):
        return _render(grade, staff=staff)


def _render(grade: Grade, *, staff: bool) -> str:
    sentences = account.lines(grade)
    grade = grade if staff else audience.for_students(grade)
    root = ET.Element("testsuites", name="grade tests")
    suite = ET.SubElement(root, "testsuite", _totals(grade))
    properties = ET.SubElement(suite, "properties")
    _property(properties, "submission", line(grade.submission_id))
    _property(properties, "points", points.show(grade.earned, grade.points))
    _property(properties, "max_points", points.total(grade.points))
    for number, sentence in enumerate(sentences, 1):
        _property(properties, f"score_note_{number}", line(sentence))
    _property(properties, "waiting_points", points.show(grade.waiting, grade.points))
    for part in grade.parts:
        for check in part.checks:
            _case(suite, grade.lab, part, check)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _totals(grade: Grade) -> dict[str, str]:
    outcomes = [check.outcome for part in grade.parts for check in part.checks]
    nodes = Counter(_NODES.get(outcome, "passed") for outcome in outcomes)
    return {
        "name": line(grade.lab),
        "errors": str(nodes["error"]),
        "failures": str(nodes["failure"]),
        "skipped": str(nodes["skipped"]),
        "tests": str(len(outcomes)),
        "time": f"{grade.duration_s:.3f}",
    }


def _case(suite: ET.Element, lab: str, part: PartResult, check: CheckResult) -> None:
    classname = f"{line(lab)}.{line(part.id)}"
    case = ET.SubElement(suite, "testcase", classname=classname, name=line(check.spec.id), time="0.000")
    properties = ET.SubElement(case, "properties")
    _property(properties, "points", points.show(check.earned, check.spec.points))
    _property(properties, "max_points", points.total(check.spec.points))
    node = _NODES.get(check.outcome)
    if node is not None:
        _verdict(case, node, check)


def _verdict(case: ET.Element, node: str, check: CheckResult) -> None:
    rationale, hint = words.explain(check), check.feedback.hint
    verdict = ET.SubElement(case, node, message=line(f"{words.WORDS[check.outcome].label}: {rationale}"))
    if node == "skipped":
        verdict.set("type", f"grade.{check.outcome.value}")
    verdict.text = clean("\n".join(filter(None, (rationale, hint))), PARAGRAPH)


def _property(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, "property", name=name, value=value)
