"""The vocabulary of grading: frozen values that pass between modules, with no input or output."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from fractions import Fraction

REPORT_FORMAT = 1
"""Version of `report.json`. History: 1, the first one. Added to it since, which changes nothing else: `waiting_points`;
`language`; `cell`, `line` and `deeper` of a check; `confusion` of a network."""


class Outcome(enum.Enum):
    """What became of one check. Only `PASSED` and `PARTIAL` pay; `WAITING` is for a person to mark."""

    NOT_RUN = "not_run"
    PASSED = "passed"
    PARTIAL = "partial"
    WAITING = "waiting"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_ATTEMPTED = "not_attempted"
    TIMED_OUT = "timed_out"
    GRADER_ERROR = "grader_error"

    def __bool__(self) -> bool:
        """Refuse a truth value: `if outcome:` would read every failure as a success.

        Raises:
            TypeError: always.
        """
        raise TypeError("an outcome has no truth value; compare it with a member of Outcome")


class Effort(enum.Enum):
    """How much training a grade may cost."""

    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a student reads about one check: what happened, what to try, and where to look if that did not help.

    `trace` is where the grader's own code or the lab's raised, innermost line last: for staff, and in no report.
    """

    rationale: str
    hint: str = ""
    deeper: str = ""
    cell: int | None = None
    line: int | None = None
    defect: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One check as the rubric knows it before anything has run.

    `extra` pays beyond the points of its part. `about` is the id of the network that a hidden check may be about,
    `"*"` for any: what is expected of that network is not shown to students.
    """

    id: str
    part: str
    title: str
    points: Fraction
    needs: tuple[str, ...] = ()
    hidden: bool = False
    extra: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check after judging; `earned` is the exact number of points it pays."""

    spec: CheckSpec
    outcome: Outcome = Outcome.NOT_RUN
    earned: Fraction = Fraction(0)
    feedback: Feedback = field(default_factory=lambda: Feedback(rationale=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One part of a lab with the results of its checks, in the order of the checks file.

    `earned` and `points` are without checks for extra credit, which have sums of their own; in a part that is extra
    credit as a whole (`extra`), all checks are in `earned` and `points`.
    """

    id: str
    title: str
    status: Outcome
    earned: Fraction
    points: Fraction
    checks: tuple[CheckResult, ...]
    extra: bool = False
    extra_earned: Fraction = Fraction(0)
    extra_points: Fraction = Fraction(0)

    @property
    def waiting(self) -> Fraction:
        """The points that wait for a person: not earned yet, and not lost."""
        waiting = (check.spec.points for check in self.checks if check.outcome is Outcome.WAITING)
        return sum(waiting, Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraCredit:
    """Points beyond the total: `earned` of `points` that can be had, of which `counted` are paid, `cap` at most."""

    earned: Fraction
    points: Fraction
    counted: Fraction
    cap: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What lateness costs: `off` points, which is `percent` of `base` unless the lab's floor makes it less.

    `after` is how long after the deadline (`due`, extended for this student or not) it was handed in, negative where
    that was before; `late_by` is what of it exceeds the grace period, in `periods` that were started.
    `wanted_percent` is the percentage before the lab's bound; `floor` the percentage of the total below which nothing
    is taken off.
    """

    handed_in: dt.datetime
    due: dt.datetime
    extended: bool
    grace: dt.timedelta
    after: dt.timedelta
    late_by: dt.timedelta
    periods: int
    per: str
    wanted_percent: Fraction
    percent: Fraction
    of_total: bool
    base: Fraction = Fraction(0)
    off: Fraction = Fraction(0)
    is_floored: bool = False
    floor: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer of a network.

    `output_shape` has no batch axis; `parameters` counts scalars, trainable or not; `activation` is the canonical
    name (`linear` where there is none), or the name of the function where it is none that Keras ships.
    """

    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    activation: str = "linear"
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Learning curves of one call of `fit`; each list has one entry per epoch."""

    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()
    val_accuracy: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """One network of a submission, as the report shows it beside the expected one.

    `test_accuracy` was recomputed by the verifier on held-out images; `None` where it could not be. `called` is the
    title as it stands behind *the*, where that differs. `confusion` counts held-out images, recomputed likewise: one
    row for each digit that they show, one column for each answer; empty where there are no ten answers.
    """

    role: str
    title: str
    variable: str
    layers: tuple[LayerRow, ...]
    expected_layers: tuple[LayerRow, ...]
    parameters: int
    expected_parameters: int
    history: History
    train_accuracy: float | None
    test_accuracy: float | None
    expected_accuracy: float | None
    rebuilt: bool
    called: str = ""
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One held-out image with the network's answer: `pixels` are 28 rows of 28 values in 0 to 255."""

    pixels: tuple[bytes, ...]
    truth: int
    guess: int
    confidences: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One request to Keras as it was recorded, for staff: `network` is the variable, `role` what it plays in the lab.

    `split` and `labels` say from where the images came and whether the labels were theirs; `rows` is how many.
    """

    name: str
    network: str = ""
    role: str = ""
    split: str = ""
    labels: str = ""
    rows: int | None = None
    cell: int | None = None
    line: int | None = None
    result: str = ""
    error: str = ""
    finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """One cell of the submission as the report shows it; lines are counted from 1 within the cell."""

    index: int
    state: str
    source: str
    failing_line: int | None = None
    exception: str = ""
    output: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAnswer:
    """An answer in words, which a person marks; `check` is the id of the check that the mark settles.

    `text` is that of the question. `mark` is None until there is one; it comes with the person's comment.
    """

    question: str
    check: str
    text: str
    rubric: str
    answer: str
    mark: Fraction | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """How a grade came about; everything that is needed to repeat it."""

    effort: str
    data: str
    seed: int
    tier: str
    versions: tuple[tuple[str, str], ...]
    caps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The whole result of grading one submission: what every report is made from.

    `earned` is the final score, with extra credit and after the penalty; `points` is the total without extra credit.
    `language` is that of its texts, and of every report that is made from it.

    `predictions` are the first held-out images, `mistakes` those at which the same network was surest of a wrong
    answer. `story` and `integrity` are for staff: what was recorded, and what of it somebody may want to look at.
    """

    lab: str
    lab_title: str
    submission_id: str
    submission_file: str
    sha256: str
    run: RunFacts
    earned: Fraction
    points: Fraction
    parts: tuple[PartResult, ...]
    models: tuple[ModelView, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    mistakes: tuple[Prediction, ...] = ()
    cells: tuple[CellView, ...] = ()
    findings: tuple[str, ...] = ()
    extra: ExtraCredit | None = None
    penalty: Penalty | None = None
    written: tuple[WrittenAnswer, ...] = ()
    story: tuple[Event, ...] = ()
    integrity: tuple[str, ...] = ()
    duration_s: float = 0.0
    language: str = "en"

    @property
    def waiting(self) -> Fraction:
        """The points of all parts that wait for a person."""
        return sum((part.waiting for part in self.parts), Fraction(0))
