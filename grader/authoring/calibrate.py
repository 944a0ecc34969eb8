"""Run the reference through the same line with many seeds, and derive what is expected of a submission.

Layers, shapes and parameters are exact. A bound on accuracy is a one-sided normal tolerance bound: with confidence
`CONFIDENCE`, a share of at least 1 − `FALSE_FAILURE` of right submissions lies above it (G. J. Hahn and W. Q. Meeker,
*Statistical Intervals*, 1991, section 4.6: the factor from the noncentral t distribution).
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import datasets, pipeline
from grader import submission as intake
from grader.authoring import sheet, verify_lab
from grader.errors import AuthorError
from grader.judge.case import Case
from grader.labs import EXPECTED_FORMAT, Expectations, ExpectedNetwork, Lab
from grader.model import Effort, LayerRow
from grader.observation import HELD_OUT
from grader.terms import Terms

FALSE_FAILURE = 1e-4
CONFIDENCE = 0.95

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one run of the reference showed: networks by role, and their accuracy on held-out images."""

    networks: Mapping[str, ExpectedNetwork]
    accuracy: Mapping[str, float]


def tolerance_bound(values: Sequence[float], *, false_failure: float = FALSE_FAILURE) -> float:
    """Return the lower tolerance bound of accuracies in [0, 1].

    Raises:
        AuthorError: there are fewer than three values.
    """
    from scipy import stats  # noqa: PLC0415 - only authors need it

    count = len(values)
    if count < 3:  # noqa: PLR2004 - a spread needs some values
        raise AuthorError("a bound needs at least three runs", slug="too-few-runs")
    spread = max(statistics.stdev(values), 1.0 / math.sqrt(HELD_OUT) / 10)
    shift = stats.norm.ppf(1 - false_failure) * math.sqrt(count)
    factor = float(stats.nct.ppf(CONFIDENCE, count - 1, shift)) / math.sqrt(count)
    return max(statistics.fmean(values) - factor * spread, 0.0)


def observe(lab: Lab, *, data: str, effort: Effort, seed: int) -> Observation:
    """Run the reference once.

    Raises:
        AuthorError: the reference does not build and train all the networks of the lab.
    """
    with tempfile.TemporaryDirectory(prefix="epochmark-calibrate-") as folder:
        terms = Terms(lab=lab, effort=effort, data=data, seed=seed)
        request = pipeline.Request(file=lab.solution_file, terms=terms, out=Path(folder))
        source = datasets.resolve(data)
        run = pipeline.observe(request, intake.take(lab.solution_file), source, pipeline.silent)
        case = Case(
            lab=lab,
            evidence=run.evidence,
            verified=run.verified,
            expected=_nothing_expected(lab),
            effort=effort,
            trials=run.trials,
        )
        return Observation(
            networks={role.id: _network(case, role.id) for role in lab.roles},
            accuracy={role.id: _accuracy(case, role.id) for role in lab.roles},
        )


def _nothing_expected(lab: Lab) -> Expectations:
    nothing = ExpectedNetwork(layers=(), parameters=0)
    return Expectations(networks={role.id: nothing for role in lab.roles}, accuracy={})


def _network(case: Case, role_id: str) -> ExpectedNetwork:
    found = case.verified_networks(role_id)
    if not found or not found[0].rebuilt:
        raise AuthorError(
            f"the reference of {case.lab.id} shows no network {role_id!r} that can be rebuilt",
            slug="reference-network",
        )
    return ExpectedNetwork(layers=found[0].layers, parameters=found[0].parameters)


def _accuracy(case: Case, role_id: str) -> float:
    trained = {(s.model, s.call) for s in case.snapshots(role_id) if s.stage == "trained"}
    values = [case.accuracy(n) for n in case.verified_networks(role_id) if (n.model, n.call) in trained]
    known = [value for value in values if value is not None]
    if not known:
        raise AuthorError(f"the reference of {case.lab.id} does not train {role_id!r}", slug="reference-training")
    return known[-1]


def reference_hash(lab: Lab) -> str:
    """Return the SHA-256 of what the expectations depend on: the solution's code and the training budgets.

    The answers to its questions are no part of that: who adds a question does not have to calibrate again.
    """
    lines = sheet.without_answers(lab.solution_file.read_text(encoding="utf-8")).splitlines()
    code = [line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    budgets = {effort.value: dict(plan.budget) for effort, plan in lab.plans.items()}
    return hashlib.sha256(json.dumps([code, budgets], sort_keys=True).encode()).hexdigest()


def calibrate(lab: Lab, *, runs: Mapping[tuple[str, Effort], int], report: Report, check: bool = True) -> Path:
    """Run the reference and write `expected.json`; return its path. Settings that are not run keep their figures.

    Args:
        lab: the lab.
        runs: how many seeds for each (data, effort).
        report: receives a line after each run.
        check: whether to refuse bounds with which a stored wrong variant would get full marks.

    Raises:
        AuthorError: the reference is not in order, two runs built different networks, or a bound separates too little.
    """
    path = lab.folder / "expected.json"
    before = path.read_bytes() if path.exists() else None
    names = {data: datasets.resolve(data).name for data, _ in runs}
    fields = _previous(path) | {"format": EXPECTED_FORMAT, "reference_sha256": reference_hash(lab)}
    for (data, effort), count in runs.items():
        seen: list[Mapping[str, float]] = []
        for seed in range(1, count + 1):
            observation = observe(lab, data=data, effort=effort, seed=seed)
            networks = {role: _network_json(network) for role, network in observation.networks.items()}
            if seen and fields["networks"] != networks:
                raise AuthorError(
                    f"{lab.id}: two runs of the reference built different networks", slug="reference-unstable"
                )
            fields["networks"] = networks
            seen.append(observation.accuracy)
            report(f"{names[data]} {effort.value} seed {seed}: {_shown(observation.accuracy)}")
        bounds = fields.setdefault("accuracy", {}).setdefault(names[data], {})
        bounds[effort.value] = {role.id: _bound([run[role.id] for run in seen]) for role in lab.roles}
        # After each setting, so that hours of runs are not lost with the one that fails.
        _save(path, fields)
    if not runs:
        _save(path, fields)
    if check:
        _refuse_blunt_bounds(lab, before, report)
    return path


def _save(path: Path, fields: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(fields, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _refuse_blunt_bounds(lab: Lab, before: bytes | None, report: Report) -> None:
    """Put the earlier expectations back where the new ones let a stored wrong variant through."""
    rows = verify_lab.verify(lab, progress=report, only=("variant",))
    survivors = [row.name for row in rows if row.fate is verify_lab.Fate.SURVIVED]
    if survivors:
        path = lab.folder / "expected.json"
        path.unlink() if before is None else path.write_bytes(before)
        raise AuthorError(
            f"with these bounds, and no other check, {', '.join(survivors)} would get full marks", slug="blunt-bound"
        )


def _previous(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(fields) if isinstance(fields, dict) and fields.get("format") == EXPECTED_FORMAT else {}


def _shown(accuracy: Mapping[str, float]) -> str:
    return ", ".join(f"{role} {value:.4f}" for role, value in accuracy.items())


def _bound(values: Sequence[float]) -> dict[str, Any]:
    rounded = [round(value, 4) for value in values]
    return {
        "at_least": round(math.floor(tolerance_bound(rounded) * 1e4) / 1e4, 4),
        "false_failure": FALSE_FAILURE,
        "confidence": CONFIDENCE,
        "runs": rounded,
    }


def _network_json(network: ExpectedNetwork) -> dict[str, Any]:
    return {"layers": [_layer_json(layer) for layer in network.layers], "parameters": network.parameters}


def _layer_json(layer: LayerRow) -> dict[str, Any]:
    return {
        "kind": layer.kind,
        "output_shape": list(layer.output_shape),
        "parameters": layer.parameters,
        "activation": layer.activation,
        "settings": [list(pair) for pair in layer.settings],
    }
