"""What was observed of one submission, kept in a folder so that it can be judged again without running anything.

Beside the record of the run (`evidence.jsonl`, `arrays.bin`) stands what the grader drew and what the clean worker
found: `verified.bin`, in frames as they travel (docs/design/wire.md), written last, so that a folder which has it is
whole.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grader import datasets, keys, record, wire
from grader.arguments import Arguments, draw
from grader.claims import layer_row
from grader.collect import host
from grader.datasets import DataSource, HeldOut
from grader.errors import MachineError
from grader.evidence import Evidence
from grader.labs import Lab
from grader.sandbox.contract import Tier
from grader.submission import Identity, Submission
from grader.terms import Terms
from grader.verification import Verified, VerifiedNetwork, VerifiedStep
from grader.wire import Array, Frame

HELD_OUT = 1_000
"""Images on which accuracy is recomputed: its standard error at 0.95 is 0.7 points, which the bounds include."""

TRIALS, TRIAL_ROWS, CLASSES = 3, 64, 10
"""Prediction matrices on which the student's expression is tried."""

AFTERWARDS = ("judge", "report", "exchange", "authoring", "cli", "_share")
"""Folders of what does something with evidence: when that changes, nothing has to be run again. `_share` has the labs
of an installed package; what a lab has collected is in the key by itself."""

FILE = "verified.bin"

FORMAT = 1
"""Version of `verified.bin`. History: 1, the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What the grader drew for one submission, and nobody could foresee: seeds, and the label that stands for each."""

    held_out: int
    arguments: int
    trials: int
    relabelling: tuple[int, ...]

    @classmethod
    def of(cls, submission: Submission, seed: int) -> Draws:
        """Draw for a submission: the same again for the same code on the same machine."""
        return cls(
            held_out=keys.draw("held-out", seed, submission.content),
            arguments=keys.draw("arguments", seed, submission.content),
            trials=seed,
            relabelling=_permutation(keys.draw("labels", seed, submission.content)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A submission that has been collected and verified, but not judged; `seconds` is how long that took."""

    identity: Identity
    evidence: Evidence
    verified: Verified
    draws: Draws
    trials: Array
    source: DataSource
    tier: Tier
    arguments: Arguments = field(default_factory=dict, repr=False)
    test_labels: Array | None = field(default=None, repr=False)
    seconds: float = 0.0


def _permutation(seed: int) -> tuple[int, ...]:
    """Return the label that a submission is given for each true one, which is never that one itself."""
    generator = np.random.default_rng(seed)
    while True:
        labels = generator.permutation(CLASSES)
        if (labels != np.arange(CLASSES)).all():
            return tuple(int(label) for label in labels)


def trials(seed: int) -> Array:
    """Return prediction matrices (trials, rows, classes) float32: each row a distribution with a clear maximum.

    The first row's likeliest class differs from trial to trial, and the largest value of all is in another row.
    """
    generator = np.random.default_rng([seed, 0x7E57])
    drawn = generator.uniform(0.0, 0.04, (TRIALS, TRIAL_ROWS, CLASSES)).astype(np.float32)
    chosen = generator.permutation(CLASSES)[:TRIALS]
    for trial, digit in zip(drawn, chosen, strict=True):
        for row in trial[1:]:
            row[generator.integers(CLASSES)] = generator.uniform(0.7, 0.95)
        trial[0, digit] = 0.6
    distributions: Array = drawn / drawn.sum(axis=2, keepdims=True)
    return distributions


def key(submission: Submission, terms: Terms, source: DataSource, tier: Tier) -> str:
    """Return what evidence is filed under: a digest of all that it depends on.

    That is the code, what the lab has collected, limits and budgets, the data, the seed, the tier, and the software.
    """
    facts = [
        FORMAT,
        submission.content,
        host.orders(terms, submission.suffix),
        asdict(terms.plan.limits),
        [asdict(function) for function in terms.lab.functions],
        [terms.effort.value, source.sha256, terms.seed, tier.value],
        environment(),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def environment() -> tuple[str, ...]:
    """Return the versions of the software that evidence depends on."""
    versions = [importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")]
    return (platform.python_version(), platform.machine(), *versions, _digest_of_collecting())


def _digest_of_collecting() -> str:
    """Return a digest of the code of this package but for the packages that begin only where evidence is there.

    By the order of import, nothing that collects or verifies can depend on those.
    """
    package = Path(__file__).parent
    return digest_of(path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in AFTERWARDS)


def digest_of(paths: Iterable[Path]) -> str:
    """Return a digest of what files say, in hexadecimal, whatever their order."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def save(run: Run, folder: Path) -> None:
    """Write what was drawn and verified beside the record of the run.

    Raises:
        OSError: the folder cannot be written.
    """
    part = folder / f".{FILE}"
    with part.open("wb") as stream:
        for frame in _frames(run):
            for piece in wire.encode(frame):
                stream.write(piece)
    part.replace(folder / FILE)


def _frames(run: Run) -> Iterator[Frame]:
    verified = run.verified
    facts = {"format": FORMAT, "data": run.source.sha256, "tier": run.tier.value, "draws": asdict(run.draws)}
    facts |= {"fault": verified.fault, "seconds": run.seconds}
    yield Frame(kind="facts", fields=facts)
    for network in verified.networks.values():
        fields = {name: getattr(network, name) for name in ("model", "call", "parameters", "rebuilt", "problem")}
        layers = [asdict(layer) for layer in network.layers]
        outputs = {} if network.outputs is None else {"outputs": network.outputs}
        yield Frame(kind="network", fields={**fields, "layers": layers}, arrays=outputs)
    for model, outputs_before in verified.initial.items():
        yield Frame(kind="initial", fields={"model": model}, arrays={"outputs": outputs_before})
    for step in verified.steps.values():
        yield Frame(kind="step", fields=asdict(step))
    for number, loss in verified.losses.items():
        # As an array: it need not be finite, and may be missing.
        yield Frame(
            kind="loss",
            fields={"number": number},
            arrays={} if loss is None else {"loss": np.asarray(loss, np.float64)},
        )
    yield Frame(kind="end")


def recall(folder: Path, identity: Identity, lab: Lab, source: DataSource) -> Run:
    """Return what was observed of a submission whose evidence is in a folder.

    Raises:
        MachineError: `evidence`, there is no whole record in the folder.
    """
    try:
        frames = list(_read(folder / FILE))
        facts = frames[0].fields
        draws = Draws(**{**facts["draws"], "relabelling": tuple(facts["draws"]["relabelling"])})
        verified = _verified(frames, held_out(source, draws, lab), str(facts["fault"]))
        tier, seconds = Tier(facts["tier"]), float(facts["seconds"])
    except (OSError, EOFError, wire.WireError, KeyError, TypeError, ValueError, IndexError) as error:
        raise MachineError(f"no whole evidence in {folder}: {error}", slug="evidence") from error
    if facts["data"] != source.sha256:
        raise MachineError(f"{folder} was graded with other images than {source.description}", slug="other-data")
    return Run(
        identity=identity,
        evidence=record.read(folder),
        verified=verified,
        draws=draws,
        trials=trials(draws.trials),
        source=source,
        tier=tier,
        arguments=draw(lab.functions, draws.arguments),
        test_labels=labels(source, draws)["y_test"],
        seconds=seconds,
    )


def held_out(source: DataSource, draws: Draws, lab: Lab) -> HeldOut:
    """Return the images that the grader keeps for itself while it grades one submission.

    A lab without networks has one, which nobody looks at.
    """
    return datasets.held_out(source, count=HELD_OUT if lab.roles else 1, seed=draws.held_out)


def labels(source: DataSource, draws: Draws) -> dict[str, Array]:
    """Return the labels that a submission is given: `y_train` and `y_test`, uint8."""
    return datasets.relabelled(datasets.load(source.path, only=("y_train", "y_test")), draws.relabelling)


def _read(path: Path) -> Iterator[Frame]:
    with path.open("rb") as stream:
        while (frame := wire.read(stream)).kind != "end":
            if frame.kind == "facts" and frame.fields["format"] != FORMAT:
                raise ValueError(f"format {frame.fields['format']!r}; this version reads {FORMAT}")
            yield frame


def _verified(frames: Sequence[Frame], held: HeldOut, fault: str) -> Verified:
    by_kind: dict[str, list[Frame]] = {}
    for frame in frames:
        by_kind.setdefault(frame.kind, []).append(frame)
    networks = [_network(frame.fields, frame.arrays.get("outputs")) for frame in by_kind.get("network", ())]
    steps = [VerifiedStep(**frame.fields) for frame in by_kind.get("step", ())]
    return Verified(
        networks={(network.model, network.call): network for network in networks},
        initial={frame.fields["model"]: frame.arrays["outputs"] for frame in by_kind.get("initial", ())},
        steps={step.number: step for step in steps},
        losses={
            frame.fields["number"]: float(frame.arrays["loss"]) if "loss" in frame.arrays else None
            for frame in by_kind.get("loss", ())
        },
        labels=held.labels,
        images=held.images,
        fault=fault,
    )


def _network(fields: Mapping[str, Any], outputs: Array | None) -> VerifiedNetwork:
    return VerifiedNetwork(
        **{**fields, "layers": tuple(layer_row(layer) for layer in fields["layers"])}, outputs=outputs
    )
