"""Evidence: what a worker claims about one run, as typed values. How it is kept on disk is for `record`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.model import LayerRow
from grader.wire import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a cell's code that a part can recognise: a statement, a definition, or a gradient-tape block."""

    kind: str
    line: int
    end_line: int
    assigns: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    defines: str = ""
    flags: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A statement that did not end well; `cell` and `line` point at the innermost line of the student's own.

    `kind` is raised, syntax_error, timed_out, output_flood, or noise where nothing that is graded is concerned. The
    statement goes from line `first` to line `last` of the cell that ran.
    """

    kind: str
    type: str
    message: str
    cell: int | None
    line: int | None
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its code, what is written there, and what became of it when it ran.

    `placeholders`, `gaps` and `broken` are lines: where something is to be filled in, where names get None and nothing
    else, and where it is no Python. `made` are the classes that are called, as layers are, each with its line, in the
    order of the text.
    """

    index: int
    source: str = ""
    marks: tuple[Mark, ...] = ()
    placeholders: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    made: tuple[tuple[int, str], ...] = ()
    state: str = "skipped"
    failures: tuple[Failure, ...] = ()
    output: str = ""
    seconds: float = 0.0

    @property
    def failure(self) -> Failure | None:
        """The first failure that is more than noise."""
        return next((failure for failure in self.failures if failure.kind != "noise"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What a call was given: from which split the images come, and how they were prepared.

    `split` is train, test, mixed or other; `labels` is integer, one_hot, mismatch, absent or unknown; `scale` and
    `offset` turn raw pixels (0 to 255) into what was fed, and are `None` where no such line fits. `shape` is that of
    one image.
    """

    split: str
    rows: int
    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    labels: str
    scale: float | None
    offset: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to Keras, in the order of the story (`number`)."""

    number: int
    name: str
    cell: int | None
    line: int | None
    model: int | None
    data: DataFacts | None
    settings: Mapping[str, Any]
    result: Mapping[str, Any]
    error: str
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A network at one moment: the layer table and, where it can travel, what is needed to build it again.

    `spec` lists `{"class": …, "config": …}` for a plain chain of known layers, or is `None`; `weights` are in the order
    of the layers. `claimed` are the outputs, float32 (n, classes), that the worker says it gives for the held-out
    images; they are present only where the network cannot be rebuilt.
    """

    model: int
    call: int
    stage: str
    kind: str
    layers: tuple[LayerRow, ...]
    parameters: int
    spec: tuple[Mapping[str, Any], ...] | None
    data: DataFacts | None
    weights: tuple[Array, ...] = field(repr=False)
    claimed: Array | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeStep:
    """One step of a hand-written training loop, as recorded around `GradientTape.gradient`.

    Arrays: `images` as they were fed (n, …) float32, `rows` their indices in the training split (−1 unknown),
    `outputs` are what a network that cannot be rebuilt is said to give for the images, float32 (n, classes).
    `labels_used` is unknown here: the loss is judged by its gradient. `before`, `after` and `gradients` are aligned
    with `weights`; a missing gradient is an empty array.
    """

    number: int
    step: int
    cell: int | None
    line: int | None
    model: int | None
    target_shape: tuple[int, ...]
    loss: float | None
    split: str
    missing: int
    variables: int
    spec: tuple[Mapping[str, Any], ...] | None
    images: Array = field(repr=False)
    rows: Array = field(repr=False)
    before: tuple[Array, ...] = field(repr=False)
    after: tuple[Array, ...] = field(repr=False)
    outputs: Array | None = field(default=None, repr=False)
    gradients: tuple[Array, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Which global names meant which network when a cell ended."""

    cell: int
    models: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A named image array when a cell ended."""

    cell: int
    name: str
    data: DataFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an expression of the student gave for inputs that the grader chose."""

    name: str
    cell: int | None
    line: int | None
    answers: tuple[Any, ...]
    kind: str
    error: str
    printed: bool = False
    arrays: tuple[Array, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """One pair of axes of a figure. `row` and `label` are those of the lab's image that it shows, if it shows one.

    `lines` are the y values of its lines; `labels` those of the x and of the y axis. `predicted` are the digits that
    the submission's networks gave for that image, where they predicted all of its split.
    """

    title: str
    labels: tuple[str, ...]
    images: int
    lines: tuple[tuple[float, ...], ...]
    split: str
    row: int
    label: int | None
    predicted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that was shown, or that its cell left open."""

    cell: int | None
    line: int | None
    title: str
    axes: tuple[Axes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRun:
    """What a function of the student returned for arguments that the grader chose.

    `results` has one entry for each value that it returned: an array, or None for what is none or is too large.
    `facts` are those of each result as images, with the result after it as their labels.
    """

    name: str
    trial: int
    cell: int | None
    line: int | None
    error: str
    kinds: tuple[str, ...]
    facts: tuple[DataFacts | None, ...]
    results: tuple[Array | None, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named dataset, by the steps that made it: pairs of a name and a size, the first step first."""

    cell: int
    name: str
    steps: tuple[tuple[str, int | None], ...]
    data: DataFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a name held: a list of numbers, or one."""

    cell: int
    name: str
    numbers: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a variable that answers a question held: a claim, as text.

    `kind` is text, texts (several, one per line), number, truth, blank (`None` or `...`) or other; `text` has at most
    4,000 characters, and `cut` says that there were more. `type` is the name of the value's type.
    """

    name: str
    cell: int
    kind: str
    text: str
    type: str
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was recorded while one submission ran, in order."""

    run: Mapping[str, Any]
    cells: tuple[Cell, ...]
    calls: tuple[Call, ...]
    snapshots: tuple[Snapshot, ...]
    tape: tuple[TapeStep, ...]
    names: tuple[Names, ...]
    values: tuple[Value, ...]
    probes: tuple[Probe, ...]
    ending: str
    ending_detail: str
    figures: tuple[Figure, ...] = ()
    functions: tuple[FunctionRun, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    losses: tuple[float | None, ...] = ()
    tapes: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)
    malformed: int = 0
