"""The case before the court: one submission's evidence, what was verified, and what is expected."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from grader.arguments import Arguments
from grader.evidence import Call, Cell, Evidence, Mark, Snapshot
from grader.judge.code import Code, Place
from grader.labs import Anchor, Expectations, Lab, Part, Role
from grader.language import ENGLISH
from grader.model import Effort
from grader.verification import Verified, VerifiedNetwork
from grader.wire import Array


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything a check may look at.

    `trials` are the prediction matrices that the grader chose for the probe; `arguments` those of functions, by
    function; `test_labels` uint8 (n,) what the submission was told of the test images; `language` what its student
    reads.
    """

    lab: Lab
    evidence: Evidence
    verified: Verified
    expected: Expectations
    effort: Effort
    trials: Array = field(repr=False)
    arguments: Arguments = field(default_factory=dict, repr=False)
    test_labels: Array | None = field(default=None, repr=False)
    language: str = ENGLISH

    def role(self, role_id: str) -> Role:
        """Return a role of the lab by its id."""
        return next(role for role in self.lab.roles if role.id == role_id)

    @cached_property
    def models_by_role(self) -> dict[str, frozenset[int]]:
        """The numbers of the networks that play each role."""
        return _assign_roles(self)

    def models(self, role_id: str) -> frozenset[int]:
        """Return the numbers of the networks that play a role: one as a rule, more where it was built again."""
        return self.models_by_role[role_id]

    @cached_property
    def copies(self) -> dict[int, int]:
        """The numbers of networks that were loaded, copied or wrapped, and of those whose weights they have."""
        return _find_copies(self)

    @cached_property
    def surrogates(self) -> frozenset[int]:
        """The numbers of networks of ours that took the place of one that could not be built."""
        numbers = self.evidence.run.get("surrogates")
        return frozenset(n for n in numbers if type(n) is int) if isinstance(numbers, list) else frozenset()

    @cached_property
    def wrapped(self) -> dict[int, int]:
        """The numbers of networks that are said to have the weights of another one and no others, and of that."""
        pairs = self.evidence.run.get("wrapped")
        rows = pairs if isinstance(pairs, list) else []
        whole = [tuple(row) for row in rows if isinstance(row, list) and [type(n) for n in row] == [int, int]]
        return {one: inner for one, inner in whole if one != inner}

    @property
    def given(self) -> frozenset[str]:
        """The names of images and labels of ours that took the place of some that were missing."""
        names = self.evidence.run.get("given")
        return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()

    @property
    def histories(self) -> list[dict[str, list[float]]]:
        """The curves of ours that took the place of a history, where a training stopped before it gave one."""
        found = self.evidence.run.get("histories")
        tables = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [{name: curve for name, curve in table.items() if _is_curve(curve)} for table in tables]

    def role_of(self, model: int | None) -> Role | None:
        """Return the role that a network plays, or None."""
        return next((role for role in self.lab.roles if model in self.models(role.id)), None)

    def role_is_logits(self, model: int | None) -> bool:
        """Tell whether a network plays a role in which it is to give logits."""
        role = self.role_of(model)
        return role is not None and role.logits

    def name_of(self, model: int | None) -> str:
        """Return a global name that meant this network at some time, or an empty string."""
        found = [name for names in self.evidence.names for name, number in names.models.items() if number == model]
        return found[0] if found else ""

    def is_absent(self, role_id: str) -> bool:
        """Tell whether a submission has nothing of a role at all: no network, and nothing called like it."""
        role = self.role(role_id)
        marks = [mark for cell in self.evidence.cells for mark in cell.marks]
        is_named = any(role.variable in mark.assigns or role.builder == mark.defines != "" for mark in marks)
        return not self.models(role_id) and not is_named

    def variable_of(self, role_id: str) -> str:
        """Return the name under which a role's network is known in the submission, or the lab's own."""
        names = [self.name_of(model) for model in sorted(self.models(role_id))]
        return next((name for name in names if name), self.role(role_id).variable)

    def calls(self, name: str, models: frozenset[int] | None = None) -> list[Call]:
        """Return the calls of a method in order, of all networks or of some."""
        return [c for c in self.evidence.calls if c.name == name and (models is None or c.model in models)]

    def snapshots(self, role_id: str) -> list[Snapshot]:
        """Return the snapshots of a role's networks in order, as they were after training or at the end.

        What a student wraps around a network of ours is no network of theirs.
        """
        models = self.models(role_id) - {one for one, inner in self.wrapped.items() if inner in self.surrogates}
        return [s for s in self.evidence.snapshots if s.model in models and s.stage != "initial"]

    def initial(self, model: int) -> Snapshot | None:
        """Return the weights that a network had before its first training, where they are known."""
        return next((s for s in self.evidence.snapshots if s.model == model and s.stage == "initial"), None)

    def is_as_it_began(self, model: int | None, other: int | None) -> bool:
        """Tell whether a network has the weights that another one had before its first training."""
        begun = None if other is None else self.initial(other)
        mine = [s for s in self.evidence.snapshots if s.model == model]
        return begun is not None and any(has_same_weights(snapshot, begun) for snapshot in mine)

    def verified_networks(self, role_id: str) -> list[VerifiedNetwork]:
        """Return what was verified of a role's networks, in the order of their snapshots."""
        found = (self.verified.networks.get((s.model, s.call)) for s in self.snapshots(role_id))
        return [network for network in found if network is not None]

    def accuracy(self, network: VerifiedNetwork) -> float | None:
        """Return the accuracy of verified outputs on the held-out images, or None where there are no outputs."""
        outputs = network.outputs
        if outputs is None or outputs.ndim != 2 or not np.isfinite(outputs).all():  # noqa: PLR2004 - images × classes
            return None
        if not outputs.shape[1] or len(outputs) != len(self.verified.labels):
            return None
        return float(np.mean(outputs.argmax(axis=1) == self.verified.labels))

    @cached_property
    def code(self) -> Code:
        """What is written in the submission."""
        return Code(lab=self.lab, cells=self.evidence.cells)

    def marks(self, anchor: Anchor) -> Iterator[tuple[Cell, Mark]]:
        """Yield the places in the code that an anchor recognises."""
        return self.code.marks(anchor)

    def unfilled(self, part: Part) -> Place | None:
        """Return where a placeholder still stands in the code of a part, or None."""
        return self.code.unfilled(part)

    def places(self, part: Part) -> list[tuple[Cell, Mark]]:
        """Return the places in the code that belong to a part."""
        return list(self.marks(part.anchor))


def has_convolution(layers: Sequence[object]) -> bool:
    """Tell whether a layer table has a convolution in it."""
    return any("Conv" in str(getattr(layer, "kind", "")) for layer in layers)


def _assign_roles(case: Case) -> dict[str, frozenset[int]]:
    """Give each network a role: by the lab's variable name, and where nothing has that name, by what it is made of.

    Someone who calls both networks `model` has still built two; and an experiment beside the lab's networks, under a
    name of its own, plays no role.
    """
    named = {role.id: _ever_named(case, role.variable) for role in case.lab.roles}
    structure = {s.model: _role_by_structure(case, s) for s in case.evidence.snapshots if s.stage != "initial"}
    roles: dict[str, set[int]] = {role.id: set() for role in case.lab.roles}
    # A network that is only built again for the training step, under the lab's name, does not make others experiments.
    used = {call.model for call in case.evidence.calls if call.name in ("compile", "fit", "evaluate")}
    taken = {role: {n for n in numbers & used if structure.get(n) in (None, role)} for role, numbers in named.items()}
    everyone = {number for numbers in named.values() for number in numbers} | set(structure)
    everyone |= {call.model for call in case.evidence.calls if call.model is not None}
    for number in everyone:
        by_name = [role for role, numbers in named.items() if number in numbers]
        by_structure = structure.get(number)
        if by_structure is not None and not taken[by_structure]:
            roles[by_structure].add(number)
        elif by_name:
            roles[by_name[-1]].add(number)
    for numbers in roles.values():
        numbers.update([copy for copy, original in case.copies.items() if original in numbers])
    return {role: frozenset(numbers) for role, numbers in roles.items()}


def _find_copies(case: Case) -> dict[int, int]:
    """Return, for each network that was loaded, or made of another, one that has the same weights.

    A trained one, if there is any; otherwise the first of them, as it may be trained by hand, or `fit` have failed.
    """
    # By digest: a submission may show hundreds of networks, and what has to be looked at would grow with their square.
    trained = {_fingerprint(s): s.model for s in case.evidence.snapshots if s.stage == "trained" and s.weights}
    others = [(_fingerprint(s), s.model) for s in case.evidence.snapshots if s.stage == "untrained" and s.weights]
    # One that was loaded and then trained further had the weights of the other before that.
    loaded = {call.model for call in case.calls("load_model")}
    begun = [s for s in case.evidence.snapshots if s.stage == "initial" and s.weights and s.model in loaded]
    others += [(weights, s.model) for s in begun if (weights := _fingerprint(s)) in trained]
    first: dict[bytes, int] = {}
    for weights, model in others:
        first[weights] = min(model, first.get(weights, model))
    found = ((model, trained.get(weights, first[weights])) for weights, model in others)
    return case.wrapped | {model: original for model, original in found if model != original}


def _fingerprint(snapshot: Snapshot) -> bytes:
    digest = hashlib.sha256()
    for array in snapshot.weights:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def has_same_weights(one: Snapshot, other: Snapshot) -> bool:
    """Tell whether two snapshots have the same weights, number by number."""
    pairs = zip(one.weights, other.weights, strict=False)
    return len(one.weights) == len(other.weights) and all(np.array_equal(a, b) for a, b in pairs)


def _is_curve(values: object) -> bool:
    return isinstance(values, list) and all(type(value) is float for value in values)


def _ever_named(case: Case, name: str) -> set[int]:
    return {names.models[name] for names in case.evidence.names if name in names.models}


def _role_by_structure(case: Case, snapshot: Snapshot) -> str | None:
    for role in case.lab.roles:
        if has_convolution(case.expected.networks[role.id].layers) == has_convolution(snapshot.layers):
            return role.id
    return None
