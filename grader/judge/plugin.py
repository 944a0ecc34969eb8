"""The pytest plugin that judges: marks, the `case` fixture, and a recorder that turns reports into outcomes.

`judge` runs pytest in this process on a lab's checks and on nothing else: no conftest, no ini file and no plugin of the
surroundings is read, so nothing that lies beside a submission can be imported (attack B19).
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from grader import rubric
from grader.errors import AuthorError
from grader.judge import questions
from grader.judge.case import Case
from grader.judge.specs import distinct, require_parts, spec_of
from grader.judge.verdict import NoEvidence, Verdict
from grader.labs import Lab, share
from grader.language import N_, use
from grader.language import gettext as _
from grader.model import CheckResult, CheckSpec, Feedback, Outcome
from grader.parsing import PARSING
from grader.questions import Question
from grader.rubric import AS_IT_SHOULD_BE

CHECK_SECONDS = 20
"""A check only reads evidence; one that needs longer than this hangs."""

MARKS = (
    "part(id): the part of the lab that the check belongs to",
    "points(number): what the check pays",
    "needs(part, ...): parts without which there may be nothing to judge",
    "hidden(about): never named to students, nor is what is expected of the network it is about (default: of any)",
    "extra: the check pays beyond the points of its part",
)

OUR_FAULT = N_(
    "The grader itself could not judge this check. It is not your fault, and your instructor can have it judged again."
)


class Judge:
    """A pytest plugin for one session: serves the case, and records what becomes of each check."""

    def __init__(self, get_case: Callable[[], Case], lab: Lab | None = None) -> None:
        self._get_case = get_case
        self._lab = lab
        self.broken: list[str] = []
        self.specs: dict[str, CheckSpec] = {}
        self.results: dict[str, CheckResult] = {}
        self.is_stopped = False

    @pytest.fixture(scope="session")
    def case(self) -> Case:
        """Return the case before the court."""
        return self._get_case()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Declare the marks."""
        for line in MARKS:
            config.addinivalue_line("markers", line)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that somebody wants to stop; pytest itself goes on to the end, and its own interruptions are others."""
        self.is_stopped = excinfo.type is KeyboardInterrupt

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note every check before any of them runs: one that then disappears is noticed."""
        # Questions, which plain pytest collects too, are judged apart: no check counts on their outcome.
        checks = [item for item in items if _is_check(item)]
        found = {item.nodeid: spec for item in checks if (spec := self._spec_of(item)) is not None}
        if self.broken:
            raise pytest.UsageError("\n".join(self.broken))
        self.specs = distinct(found, {item.nodeid: item for item in checks})
        self.results = {node: CheckResult(spec=spec) for node, spec in self.specs.items()}

    def _spec_of(self, item: pytest.Item) -> CheckSpec | None:
        """Return what the rubric has to know of a check; what is wrong with it goes to what is `broken`."""
        try:
            spec = spec_of(item)
            require_parts(item, spec, () if self._lab is None else [part.id for part in self._lab.parts])
        except AuthorError as error:
            # Once for a class, however many checks it has.
            told = f"{item.path}: {error}"
            self.broken += [] if told in self.broken else [told]
            return None
        return spec

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn how a check ended into an outcome."""
        report = yield
        if not _is_check(item):
            return report
        spec = self.specs[item.nodeid]
        if call.excinfo is None:
            if call.when == "call":
                self.results[item.nodeid] = self._passed(spec)
        elif call.when == "call" or self.results[item.nodeid].outcome is Outcome.NOT_RUN:
            self.results[item.nodeid] = self._result(spec, call.excinfo.value)
        return report

    def _result(self, spec: CheckSpec, error: BaseException) -> CheckResult:
        if isinstance(error, NoEvidence):
            # A part that is nothing but questions has no outcome here, and is nothing to build on either.
            missing = [part for part in spec.needs if self._outcomes(part) - {Outcome.PASSED}]
            if missing:
                return self._blocked(spec, missing, error.feedback)
        if isinstance(error, Verdict):
            return CheckResult(spec=spec, outcome=error.outcome, earned=error.earned, feedback=error.feedback)
        if isinstance(error, AssertionError):
            text = str(error).split("\n", 1)[0] or _("The check does not hold.")
            return CheckResult(spec=spec, outcome=Outcome.FAILED, feedback=Feedback(rationale=text))
        return CheckResult(spec=spec, outcome=Outcome.GRADER_ERROR, feedback=our_fault(error))

    def _outcomes(self, part: str) -> set[Outcome]:
        return {result.outcome for result in self.results.values() if result.spec.part == part}

    def _passed(self, spec: CheckSpec) -> CheckResult:
        if self._is_handed_out(spec):
            return self._blocked(spec, spec.needs, Feedback(rationale=""))
        return CheckResult(spec=spec, outcome=Outcome.PASSED, feedback=Feedback(rationale=_(AS_IT_SHOULD_BE)))

    def _is_handed_out(self, spec: CheckSpec) -> bool:
        """Tell whether all that there is of a part is code of the lab itself, while what it builds on is blank."""
        blank = {Outcome.NOT_ATTEMPTED}
        lab = self._get_case().lab
        return lab.part(spec.part).given and any(self._outcomes(part) == blank for part in spec.needs)

    def _blocked(self, spec: CheckSpec, missing: Sequence[str], feedback: Feedback) -> CheckResult:
        """Say which earlier part stands in the way; code that the lab handed out is not an attempt at that."""
        title = _(self._get_case().lab.part(missing[0]).title)
        why = _("This cannot be judged before “{part}” is done.").format(part=title)
        told = Feedback(
            defect="blocked",
            rationale=f"{why} {feedback.rationale}".strip(),
            hint=_("Finish “{part}” first; this part may then be in order as it is.").format(part=title),
            cell=feedback.cell,
            line=feedback.line,
        )
        outcome = Outcome.NOT_ATTEMPTED if self._is_handed_out(spec) else Outcome.BLOCKED
        return CheckResult(spec=spec, outcome=outcome, feedback=told)


TRACE_LINES = 4
"""Of the traceback of a check, the innermost ones: from the lab's own line to where it came apart."""


def our_fault(error: BaseException) -> Feedback:
    """Return what is told of a check that raised: to students that it costs nothing, to staff where it was."""
    named = f"{type(error).__name__}: {error}"[:300]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _OF_PYTEST & set(Path(f.filename).parts)]
    lines = [f"{Path(f.filename).name}:{f.lineno} in {f.name}: {f.line}" for f in frames[-TRACE_LINES:]]
    return Feedback(rationale=_(OUR_FAULT), defect=named, trace="\n".join([*lines, named]))


_OF_PYTEST = {"_pytest", "pluggy"}


def _is_check(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function)


def judge(case: Case) -> list[CheckResult]:
    """Run the lab's checks on a case and return one result for each, in the order of the file, then its questions.

    Raises:
        AuthorError: the checks cannot be collected.
    """
    with use(case.language):
        return _judge(case)


def _judge(case: Case) -> list[CheckResult]:
    answered = [asked(case, question) for question in case.lab.questions]
    if _is_all_questions(case.lab):
        return answered
    plugin = Judge(lambda: case, case.lab)
    status, output = _run_pytest(case.lab, [plugin], [])
    if plugin.is_stopped:
        raise KeyboardInterrupt
    _require_collected(case.lab, plugin, status, output, told=False)
    return [*(_judged(result) for result in plugin.results.values()), *answered]


def collect_specs(lab: Lab) -> list[CheckSpec]:
    """Return the checks of a lab without running them, its questions among them.

    Raises:
        AuthorError: the checks cannot be collected.
    """
    if _is_all_questions(lab):
        return questions.specs(lab)
    plugin = Judge(_no_case, lab)
    status, output = _run_pytest(lab, [plugin], ["--collect-only"])
    _require_collected(lab, plugin, status, output, told=True)
    return [*plugin.specs.values(), *questions.specs(lab)]


def require_sound(lab: Lab) -> None:
    """Require that the checks of a lab can be collected and add up to its points, without grading anything.

    Raises:
        AuthorError: they do not.
    """
    specs = collect_specs(lab)
    try:
        rubric.validate(specs, {p.id: p.points for p in lab.parts}, frozenset(p.id for p in lab.parts if p.extra))
    except AuthorError as error:
        raise AuthorError(f"{lab.checks_file}: {error}", slug=error.slug) from error


def _is_all_questions(lab: Lab) -> bool:
    """Tell whether a lab asks questions in every part, and has no file of checks at all."""
    asked = {question.part for question in lab.questions}
    return bool(asked) and {part.id for part in lab.parts} <= asked and not lab.checks_file.exists()


def asked(case: Case, question: Question) -> CheckResult:
    """Return what becomes of a question; an error of ours costs nobody a point."""
    try:
        return questions.judge(case, question)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other results stand
        return CheckResult(spec=questions.spec(question), outcome=Outcome.GRADER_ERROR, feedback=our_fault(error))


def _no_case() -> Case:
    raise AuthorError("there is no case while checks are only listed", slug="no-case")


def _judged(result: CheckResult) -> CheckResult:
    if result.outcome is not Outcome.NOT_RUN:
        return result
    return CheckResult(spec=result.spec, outcome=Outcome.GRADER_ERROR, feedback=Feedback(rationale=_(OUR_FAULT)))


def _require_collected(lab: Lab, plugin: Judge, status: int, output: str, *, told: bool) -> None:
    broken = status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if broken or not plugin.specs:
        tail = "\n".join(plugin.broken) or "\n".join(output.strip().splitlines()[-12:])
        if told or b"hidden" not in lab.checks_file.read_bytes():
            raise AuthorError(f"the checks of {lab.id} cannot be run:\n{tail}", slug="checks-broken")
        # A student reads this, and pytest names what it stumbled over.
        raise AuthorError(
            f"the checks of {lab.id} cannot be run; `pytest --collect-only {lab.checks_file}` tells its author why",
            slug="checks-broken",
        )


NOT_NEEDED = (
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "pastebin", "setuponly"),
    *("setupplan", "stepwise", "threadexception", "unraisableexception"),
)
"""Plugins of pytest that no check can miss. The last two collect garbage, which takes longer than the judgement."""


def _run_pytest(lab: Lab, plugins: Sequence[Any], options: Sequence[str]) -> tuple[int, str]:
    # This package's own, for all labs: nothing beside a lab configures pytest.
    ini = share("reference") / "pytest.ini"
    arguments = [
        str(lab.checks_file),
        f"--config-file={ini}",
        f"--rootdir={lab.folder}",
        # Or pytest lists every folder above the lab's.
        f"--confcutdir={lab.folder}",
        f"--timeout={CHECK_SECONDS}",
        "--noconftest",
        "--import-mode=importlib",
        "--quiet",
        # Nobody reads the tracebacks; with source they are parsed anew for each check that fails.
        "--tb=native",
        *(f"-pno:{name}" for name in NOT_NEEDED),
        "-p", "pytest_timeout",
        *options,
    ]  # fmt: skip
    output = io.StringIO()
    with (
        PARSING,
        _no_plugins_of_the_surroundings(),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            status = pytest.main(arguments, plugins=list(plugins))
        finally:
            _forget(lab.checks_file)
    return int(status), output.getvalue()


def _forget(checks_file: Path) -> None:
    """Drop the imported checks: pytest names them by their folder, and another lab's must not be taken for them."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(checks_file):
            del sys.modules[name]


@contextlib.contextmanager
def _no_plugins_of_the_surroundings() -> Iterator[None]:
    """Keep pytest from loading plugins by entry point or by environment variable."""
    wanted = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def is_checks_file(path: Path) -> bool:
    """Tell whether a path is the checks file of a lab."""
    return path.name == "checks.py" and (path.parent / "lab.toml").is_file()
