"""A folder with a class: evidence by key, reports by student, and one file that says where everybody stands."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

from grader import datasets, labs, pipeline, report, standings, store
from grader.errors import MachineError, UsageError
from grader.exchange.roster import Entry
from grader.jsonvalues import built, plain
from grader.judge.grading import grade as settle
from grader.judge.plugin import judge
from grader.labs import Lab
from grader.late import HandedIn
from grader.marks import carried_over
from grader.model import Effort, Grade
from grader.observation import FILE, digest_of, recall
from grader.pipeline import Request
from grader.report import record
from grader.sandbox.choose import choose
from grader.standings import Standing, State
from grader.store import Row, Store
from grader.submission import Identity
from grader.terms import Terms

EVIDENCE = "evidence"

PART = ".part-"
"""How folders of evidence begin that are not whole yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a class is graded for, and how; `out` is its folder. `staff` shows hidden checks in the reports."""

    terms: Terms
    out: Path
    staff: bool = False
    language: str = ""


class Classroom:
    """The folder of a class. Use as a context manager; nobody else grades into the folder meanwhile.

    Raises:
        UsageError: the data cannot be had, or the folder holds another lab or is in use.
        AuthorError: the lab is not calibrated for the data.
        MachineError: the folder cannot be written.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.source = datasets.resolve(assignment.terms.data)
        self.tier = choose(assignment.terms.tier)
        self._expected = labs.expectations(assignment.terms.lab, data=self.source.name, effort=assignment.terms.effort)
        self._rules = _digest_of_rules(assignment)
        self.store = Store(assignment.out)
        self.evidence = assignment.out / EVIDENCE

    def __enter__(self) -> Self:
        try:
            self._require_same_terms()
        except UsageError:
            self.store.__exit__()
            raise
        self.evidence.mkdir(exist_ok=True)
        for left in self.evidence.glob(f"{PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self.store.__exit__(*exc)

    def _terms(self) -> dict[str, str]:
        """Return what is the same for everybody in a class."""
        terms = self.assignment.terms
        return {
            "lab": terms.lab.id,
            "effort": terms.effort.value,
            "images": self.source.name,
            "seed": str(terms.seed),
            "early_stop": str(terms.early_stop),
            "staff": str(self.assignment.staff),
        }

    def _require_same_terms(self) -> None:
        known = self.store.facts()
        for name, value in self._terms().items():
            if known.get(name, value) != value:
                raise UsageError(
                    f"{self.store.folder} was graded with {name} {known[name]!r}, and not {value!r}; "
                    "name another folder with --out",
                    slug="other-class",
                )

    def note(self) -> None:
        """Note what the class is graded for."""
        task = self.assignment
        where = {
            "place": _place(task.terms.lab),
            "tier": self.tier.value,
            "data": task.terms.data,
            "language": task.language,
        }
        self.store.note({**self._terms(), **where})

    def is_known(self, key: str) -> bool:
        """Tell whether evidence is filed under a key."""
        return (self.folder(key) / FILE).exists()

    def folder(self, key: str) -> Path:
        """Return the folder of the evidence with a key."""
        return self.evidence / key[:2] / key

    def file(self, part: Path, key: str) -> None:
        """File whole evidence under its key.

        Raises:
            MachineError: it cannot be moved there.
        """
        folder = self.folder(key)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            for path in (*part.iterdir(), part):
                _to_disk(path)
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        except OSError as error:
            raise MachineError(f"cannot keep what was observed: {error}", slug="evidence") from error

    def one(self, entry: Entry) -> Request:
        """Return the request to grade one submission of the class alone."""
        request = self.assignment
        return Request(
            file=entry.path,
            terms=request.terms,
            out=request.out / entry.id,
            handed_in=_handed_in(entry),
            staff=request.staff,
            language=request.language,
        )

    def judge(self, entry: Entry, key: str, identity: Identity) -> Grade:
        """Return the grade of what is filed under a key.

        Raises:
            MachineError: nothing whole is filed there, or marks of a person cannot be read.
            AuthorError: the checks of the lab are not in order.
        """
        request = self.one(entry)
        run = recall(self.folder(key), identity, request.terms.lab, self.source)
        case = pipeline.case_of(request, run, self._expected)
        facts = pipeline.facts_of(request, run)
        grade = settle(case, judge(case), identity, facts, run.seconds, handed_in=request.handed_in)
        # What a person has marked stays marked.
        return carried_over(grade, record.load(request.out))

    def write(self, entry: Entry, key: str, grade: Grade, identity: Identity) -> Standing:
        """Write the reports of a grade, and then its row."""
        report.write_reports(grade, self.assignment.out / entry.id, staff=self.assignment.staff)
        standing = self.standing(grade, entry, identity)
        self.keep(entry, key, standing, identity)
        return standing

    def keep(self, entry: Entry, key: str, standing: Standing, identity: Identity) -> None:
        """Write the row of a submission that was judged by the rules as they are now."""
        judged = self.judged(identity, entry)
        self.store.put(Row(key=key, judged=judged, entry=as_json(entry), standing=standing))

    def standing(self, grade: Grade, entry: Entry, identity: Identity) -> Standing:
        """Return where a submission stands by its grade."""
        return standings.of(grade, content=identity.content, name=entry.name, email=entry.email, is_late=entry.is_late)

    def judged(self, identity: Identity, entry: Entry) -> str:
        """Return a digest of everything that a verdict depends on beside the evidence."""
        when = (str(entry.submitted_at), str(entry.extended_until))
        facts = [self._rules, identity.id, identity.file, identity.sha256, *when]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def put_aside(
        self, entry: Entry, state: State, note: str, identity: Identity | None = None, key: str = ""
    ) -> Standing:
        """Write down why there is no grade. Where nothing can be graded, reports of earlier work are taken away."""
        standing = Standing(
            id=entry.id,
            file=entry.path.name,
            state=state,
            name=entry.name,
            email=entry.email,
            note=note,
            content=identity.content if identity else "",
            sha256=identity.sha256 if identity else "",
            points=sum((part.points for part in self.assignment.terms.lab.parts if not part.extra), Fraction(0)),
            is_late=entry.is_late,
        )
        if state is State.NOT_GRADABLE:
            for name in report.FILES:
                (self.assignment.out / entry.id / name).unlink(missing_ok=True)
        judged = self.judged(identity, entry) if identity else ""
        self.store.put(Row(key=key, judged=judged, entry=as_json(entry), standing=standing))
        return standing


def _handed_in(entry: Entry) -> HandedIn | None:
    if entry.submitted_at is None:
        return None
    return HandedIn(at=entry.submitted_at, extended_until=entry.extended_until)


def _to_disk(path: Path) -> None:
    """See to it that a file or a folder survives a loss of power."""
    if os.name != "posix" and path.is_dir():
        return  # Folders cannot be opened there.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def as_json(entry: Entry) -> str:
    """Return who handed in what as it stands in the store."""
    return json.dumps(plain(entry), sort_keys=True)


def entry_of(row: Row) -> Entry:
    """Return who handed in what, as it stands in the store."""
    entry: Entry = built(Entry, json.loads(row.entry))
    return entry


def _digest_of_rules(assignment: Assignment) -> str:
    """Return a digest of what a report depends on beside the evidence: the lab's files, this package, the options."""
    package, templates = Path(__file__).parent, report.templates()
    own = [*package.rglob("*.py"), *package.rglob("*.mo"), *templates.iterdir()]
    of_lab = [
        file
        for name in ("lab.toml", "checks.py", "expected.json")
        if (file := assignment.terms.lab.folder / name).exists()
    ]
    facts = [digest_of(own), digest_of(of_lab), assignment.staff, assignment.language]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _place(lab: Lab) -> str:
    """Return how to find a lab again: by its id where it is installed, by its folder otherwise."""
    place = labs.installed().get(lab.id)
    return lab.id if place is not None and place.folder.resolve() == lab.folder.resolve() else str(lab.folder.resolve())


def remembered(folder: Path, lab: str | None = None) -> Assignment:
    """Return what a class was graded for, from its folder; `lab` is another place of the lab than then.

    Raises:
        UsageError: there is no class in the folder.
        AuthorError: the lab cannot be read.
    """
    if not (folder / store.FILE).exists():
        raise UsageError(f"there is no class in {folder}; name a folder that `grade batch` wrote", slug="no-class")
    with Store(folder) as file:
        facts = file.facts()
    try:
        terms = Terms(
            lab=labs.find(lab or facts["place"]),
            effort=Effort(facts["effort"]),
            data=facts["data"],
            seed=int(facts["seed"]),
            early_stop=facts["early_stop"] == "True",
        )
        return Assignment(terms=terms, out=folder, staff=facts["staff"] == "True", language=facts["language"])
    except (KeyError, ValueError) as error:
        raise MachineError(f"{folder / store.FILE} does not say what was graded: {error}", slug="store") from error
