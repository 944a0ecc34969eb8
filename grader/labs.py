"""Labs: what `lab.toml` and `expected.json` say, and where the files of a lab lie."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader import catalogue, definition, late
from grader.claims import layer_row
from grader.errors import AuthorError, UsageError
from grader.language import AFTER_ARTICLE, ENGLISH, pgettext
from grader.model import Effort, LayerRow
from grader.questions import Question, anchored, questions
from grader.text import nearest
from grader.workers import Limits

EXPECTED_FORMAT = 1
"""Version of `expected.json`. History: 1, the first one."""

FLAGSHIP = "mnist_cnn"
"""The lab of `grade demo`, and of a file that speaks of its images but has no word of any lab."""


def share(name: str) -> Path:
    """Return a folder that ships with the package: inside it when installed, beside it in a checkout."""
    installed = Path(__file__).parent / "_share" / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """How code of a part is recognised in a submission: by what it assigns, calls or defines, or by its tape loop.

    A call may be given by its end (`*.fit`). `before` and `after` name something that is defined or assigned, and keep
    to the code on one side of it.
    """

    assigns: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    tape: bool = False
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One gradable portion of a lab.

    `given` says that the lab hands out the code of this part, so that nobody is told to have attempted it while an
    earlier part is blank. The points of an `extra` part count beyond the total.
    """

    id: str
    title: str
    points: Fraction
    anchor: Anchor
    given: bool = False
    extra: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A network that the lab asks for: how it is called in words, by which variable and by which function, if any.

    One of `logits` ends without an activation; all others end in probabilities. In one with `free_hidden`, any
    activation but the linear one will do before the last layer.
    """

    id: str
    title: str
    variable: str
    builder: str = ""
    convolutional: bool = False
    logits: bool = False
    free_hidden: bool = False

    @property
    def called(self) -> str:
        """The title in the current language, in the form that stands behind *the*."""
        return pgettext(AFTER_ARTICLE, self.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """How the grader draws one argument of a function.

    `uniform` numbers from `low` to `high`, or whole `integers`, both ends included. `shape` () is a single number, an
    `int` or a `float` of Python; arrays are float64 and int64, unless there is a `dtype`.
    """

    kind: str
    low: float
    high: float
    shape: tuple[int, ...] = ()
    dtype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that the lab asks for, which is tried on arguments that the grader draws for each submission."""

    name: str
    arguments: tuple[Argument, ...] = ()
    trials: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one effort allows: the training budget, the limits of the processes, and the time of one statement.

    `own_s` is processor time apart from governed training; `idle_s` is time on the clock in which nothing gets done.
    """

    budget: Mapping[str, Any]
    limits: Limits
    own_s: float
    idle_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One assignment. `extra_cap` bounds what extra credit adds; `late` is what lateness costs, if anything.

    `language` is what its students read where nobody asks for another one.

    Names in a submission that are looked at: `watched` hold images, `labels` one-hot labels, `datasets` a
    `tf.data.Dataset`, `numbers` a list of numbers or one; `prediction` and `answers` are found in what networks say,
    by expressions that are tried again on predictions which the grader chose; `predictions` holds those.
    """

    id: str
    title: str
    folder: Path
    placeholder: str
    parts: tuple[Part, ...]
    roles: tuple[Role, ...]
    plans: Mapping[Effort, Plan]
    watched: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    prediction: str = ""
    predictions: str = ""
    answers: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    datasets: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    image_shape: tuple[int, ...] = ()
    stand_ins: tuple[str, ...] = ()
    recognised_by: tuple[str, ...] = ()
    extra_cap: Fraction | None = None
    late: late.Policy | None = None
    questions: tuple[Question, ...] = ()
    language: str = ENGLISH

    @property
    def checks_file(self) -> Path:
        """The pytest file that judges this lab."""
        return self.folder / "checks.py"

    @property
    def solution_file(self) -> Path:
        """The annotated solution, the source of everything that is generated."""
        return self.folder / "solution.py"

    def part(self, part_id: str) -> Part:
        """Return a part by its id.

        Raises:
            AuthorError: the lab has no such part.
        """
        for part in self.parts:
            if part.id == part_id:
                return part
        raise AuthorError(f"{self.id} has no part {part_id!r}; a check names it", slug="unknown-part")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedNetwork:
    """What the reference's network showed: exact layers and parameters."""

    layers: tuple[LayerRow, ...]
    parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the reference showed when it went through the same line.

    `accuracy` maps role to the lowest accuracy on held-out images that is still in order for this data set and effort.
    """

    networks: Mapping[str, ExpectedNetwork]
    accuracy: Mapping[str, float]


def installed() -> dict[str, catalogue.Place]:
    """Return where the installed labs lie, by id: those of this package, and those that distributions offer.

    Raises:
        AuthorError: two labs have one id, or an entry point leads to no lab.
    """
    return catalogue.places(share("reference"))


def names() -> list[str]:
    """Return the ids of the labs that are installed, in alphabetical order.

    Raises:
        AuthorError: two labs have one id, or an entry point leads to no lab.
    """
    return list(installed())


def place(name: str) -> catalogue.Place:
    """Return where a lab lies, by its id or by the path of its folder; a path is what has a separator in it.

    Raises:
        UsageError: no such lab is installed, or there is none at that path.
        AuthorError: two labs have one id.
    """
    if catalogue.is_path(name):
        return catalogue.by_path(name)
    known = installed()
    if name not in known:
        advice = nearest(name, known, cutoff=0.6, otherwise=f"; installed are: {', '.join(known) or 'none'}")
        raise UsageError(f"there is no lab {name!r}{advice}", slug="unknown-lab")
    return known[name]


def find(name: str) -> Lab:
    """Return a lab by its id, or by the path of its folder.

    Raises:
        UsageError: no such lab is installed, or there is none at that path.
        AuthorError: its definition cannot be read, or two labs have one id.
    """
    return read(place(name).folder)


def secret_folders(lab: Lab) -> tuple[Path, ...]:
    """Return the folders outside of this package that no worker may read while a lab is graded."""
    return catalogue.secret(share("reference"), [lab.folder])


def recognise(data: bytes, file: str = "this file") -> str:
    """Return the id of the lab that a file belongs to, by the words that occur in it.

    A placeholder says that it is some lab, not which one: that alone is not enough. All labs of this package are about
    the images of MNIST, so a file with none of their words that speaks of these is taken for the flagship's; and what
    holds no code at all is, too, since reading it then says what is wrong with it.

    Raises:
        UsageError: nothing in the file is of any lab that is installed.
        AuthorError: a definition cannot be read.
    """
    known = [read(place.folder) for place in installed().values()]
    text = _text(data)

    def seen(lab: Lab) -> int:
        return sum(word.encode() in text for word in lab.recognised_by)

    def is_told(lab: Lab) -> bool:
        return any(word.encode() in text for word in lab.recognised_by if word != lab.placeholder)

    if _IMAGES.search(text) or not text:
        return max(known, key=lambda lab: (seen(lab), lab.id == FLAGSHIP)).id
    told = [lab for lab in known if is_told(lab)]
    if not told:
        raise UsageError(
            f"{file} belongs to no lab that I know ({', '.join(lab.id for lab in known)}); name it with --lab",
            slug="unknown-lab",
        )
    return max(told, key=lambda lab: (seen(lab), lab.id == FLAGSHIP)).id


_IMAGES = re.compile(rb"(?<!fashion_)(?<!fashion-)mnist", re.IGNORECASE)
"""The images that all labs of this package are about; not those of clothes."""


def _text(data: bytes) -> bytes:
    """Return a file as UTF-8 where it is in another encoding that labs come in, and nothing where it holds no code."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    is_empty_notebook = data.lstrip().startswith(b"{") and b"cell_type" not in data
    return b"" if b"\0" in data[:4096] or is_empty_notebook else data.strip()


def read(folder: Path) -> Lab:
    """Read `lab.toml` in a folder.

    Raises:
        AuthorError: the file is missing, is not TOML, or breaks a rule of its schema.
    """
    path = folder / "lab.toml"
    fields = definition.load(path)
    try:
        return _lab(folder, fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AuthorError(f"{path}: {error}", slug="lab-invalid") from error


def _lab(folder: Path, fields: Mapping[str, Any]) -> Lab:
    asked = questions(fields.get("questions", ()))
    return Lab(
        id=folder.name,
        title=fields["title"],
        folder=folder,
        placeholder=fields["placeholder"],
        parts=tuple(_part(anchored(part, asked)) for part in fields["parts"]),
        roles=tuple(Role(id=role_id, **role) for role_id, role in fields["roles"].items()),
        plans={effort: _plan(fields["effort"][effort.value]) for effort in Effort},
        watched=tuple(fields.get("watched", ())),
        labels=tuple(fields.get("labels", ())),
        prediction=fields.get("prediction", ""),
        predictions=fields.get("predictions", ""),
        answers=tuple(fields.get("answers", ())),
        functions=tuple(_function(name, function) for name, function in fields.get("functions", {}).items()),
        datasets=tuple(fields.get("datasets", ())),
        numbers=tuple(fields.get("numbers", ())),
        image_shape=tuple(fields.get("image_shape", ())),
        stand_ins=tuple(fields.get("stand_ins", ())),
        recognised_by=tuple(fields.get("recognised_by", ())),
        extra_cap=Fraction(str(cap)) if (cap := fields.get("grading", {}).get("extra_cap")) is not None else None,
        late=late.policy(fields["late"]) if "late" in fields else None,
        questions=asked,
        language=fields.get("language", ENGLISH),
    )


def _part(fields: Mapping[str, Any]) -> Part:
    anchor: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields["anchor"].items()
    }
    return Part(
        id=fields["id"],
        title=fields["title"],
        points=Fraction(str(fields["points"])),
        anchor=Anchor(**anchor),
        given=fields.get("given", False),
        extra=fields.get("extra", False),
    )


def _function(name: str, fields: Mapping[str, Any]) -> Function:
    arguments = [Argument(**{**each, "shape": tuple(each.get("shape", ()))}) for each in fields.get("arguments", ())]
    return Function(name=name, arguments=tuple(arguments), trials=fields.get("trials", 3 if arguments else 1))


def _plan(fields: Mapping[str, Any]) -> Plan:
    limits = dict(fields["limits"])
    own_s, idle_s = limits.pop("own_s"), limits.pop("idle_s")
    limits["memory_bytes"] = int(limits.pop("memory_gib") * 1024**3)
    return Plan(
        budget=dict(fields.get("budget", {})),
        limits=Limits(**limits),
        own_s=own_s,
        idle_s=idle_s,
    )


def expectations(lab: Lab, *, data: str, effort: Effort) -> Expectations:
    """Read what the reference showed on a data set at an effort; a lab without networks expects nothing of any.

    Raises:
        AuthorError: the lab has not been calibrated for that, or the file cannot be read.
    """
    if not lab.roles:
        return Expectations(networks={}, accuracy={})
    path = lab.folder / "expected.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != EXPECTED_FORMAT:
            raise AuthorError(
                f"{path}: format {fields['format']!r}; this version reads {EXPECTED_FORMAT}",
                slug="expected-format",
            )
        return Expectations(
            networks={role: _expected_network(network) for role, network in fields["networks"].items()},
            accuracy={r: float(bound["at_least"]) for r, bound in fields["accuracy"][data][effort.value].items()},
        )
    except OSError as error:
        raise AuthorError(f"{path}: {error.strerror}; run `grade calibrate {lab.id}`", slug="not-calibrated") from error
    except (KeyError, TypeError, ValueError) as error:
        raise AuthorError(
            f"{path}: no figures for {data} at {effort.value} effort; run `grade calibrate {lab.id}`",
            slug="not-calibrated",
        ) from error


def _expected_network(fields: Mapping[str, Any]) -> ExpectedNetwork:
    return ExpectedNetwork(
        layers=tuple(layer_row(layer) for layer in fields["layers"]), parameters=int(fields["parameters"])
    )
