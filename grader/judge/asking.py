"""Questions under plain pytest: an item for each, behind the checks of the same file, as `checks.py::question_ID`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader import labs
from grader.judge.case import Case
from grader.judge.plugin import asked, is_checks_file
from grader.model import Outcome
from grader.questions import Question


class Asking:
    """A pytest plugin for one session: the questions of a lab are collected with its checks."""

    def __init__(self, get_case: Callable[[], Case]) -> None:
        self._get_case = get_case

    @pytest.hookimpl(trylast=True)
    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Return what collects the questions of a lab, where a file is that of its checks."""
        if not is_checks_file(file_path):
            return None
        sheet = Sheet.from_parent(parent, path=file_path)
        sheet.get_case = self._get_case
        return sheet


class Sheet(pytest.File):
    """All questions of a lab."""

    get_case: Callable[[], Case]

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each question, in the order of the lab."""
        for question in labs.read(self.path.parent).questions:
            item = Asked.from_parent(self, name=question.check)
            item.question, item.get_case = question, self.get_case
            yield item


class Asked(pytest.Item):
    """One question. What is answered in words is skipped, as in `junit.xml`: pytest has no word for what waits."""

    question: Question
    get_case: Callable[[], Case]

    def runtest(self) -> None:
        """Return where the answer is right.

        Raises:
            pytest.fail.Exception: it is not, or there is none.
            pytest.skip.Exception: a person has to read it.
        """
        result = asked(self.get_case(), self.question)
        if result.outcome is Outcome.WAITING:
            pytest.skip(f"{self.name} waits for a person, with {float(result.spec.points):g} points")
        if result.outcome is not Outcome.PASSED:
            # A traceback would lead into the grader, and tell nothing.
            pytest.fail(f"{result.feedback.rationale}\n{result.feedback.hint}".strip(), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the file, and how the question is called."""
        return self.path, None, self.name
