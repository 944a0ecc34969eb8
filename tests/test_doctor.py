"""The doctor notices when a layer is missing, and says so; what it proves it has seen fail without the layers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader import doctor
from grader.doctor import State
from grader.errors import MachineError
from grader.sandbox import choose
from grader.sandbox.contract import Layer, Tier

OFFERED = [tier for tier in Tier if tier is not Tier.D and not choose.obstacle(tier)]

COVERED = {Tier.A: {Layer.FILES, Layer.PRIVILEGES}}
"""Layers that another one of the tier stands in for: without Landlock, namespaces still hide the files."""


def layers() -> list[object]:
    found: list[object] = []
    for tier in OFFERED:
        for layer in sorted(choose.confinement(tier).layers):
            marks = () if tier is OFFERED[0] else (pytest.mark.slow,)
            found.append(pytest.param(tier, layer, id=f"{tier}-{layer}", marks=marks))
    return found


@pytest.mark.parametrize(("tier", "layer"), layers())
def test_a_missing_layer_is_noticed(tier: Tier, layer: Layer) -> None:
    whole = choose.confinement(tier)
    if layer is Layer.PRIVILEGES and Layer.USER in whole.layers and Layer.NAMESPACES not in whole.layers:
        # An ordinary user who could still get rights is refused the filter, and nothing runs at all.
        with pytest.raises(MachineError, match="could not be confined"):
            list(doctor.promises(doctor.without(whole, layer)))
        return
    findings = list(doctor.promises(doctor.without(whole, layer)))
    broken = [finding.title for finding in findings if finding.state is State.BROKEN]
    assert bool(broken) == (layer not in COVERED.get(tier, set())), findings


@pytest.mark.parametrize("tier", OFFERED)
def test_every_promise_of_a_tier_is_proven(tier: Tier) -> None:
    findings = list(doctor.examine(choose.confinement(tier)))
    assert {finding.state for finding in findings} <= {State.PROVEN, State.NOT_PROMISED, State.NO_CONTROL}, findings
    proven = [finding for finding in findings if finding.state is State.PROVEN]
    assert len(proven) >= 9
    assert "TensorFlow trains, saves and loads" in [finding.title for finding in proven]
    assert ("Workers of a class start at once" in [finding.title for finding in proven]) == tier.is_at_least(Tier.B)


def run(*arguments: str, cwd: Path, tier: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader", *arguments]
    environment = {**os.environ, "GRADER_TIER": tier}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_the_command_says_what_is_not_promised(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, tier="D")
    assert done.returncode == 0, done.stderr
    assert "tier D" in done.stdout
    assert done.stdout.count("not promised") >= 9
    assert "BROKEN" not in done.stdout


@pytest.mark.parametrize("command", [("doctor",), ("run", "lab.py", "--lab", "mnist_cnn")])
def test_a_tier_that_is_required_and_not_to_be_had_ends_with_4(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text("a = 1\n")
    done = run(*command, "--require-tier", "B", cwd=tmp_path, tier="D")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "tier B is required" in done.stderr


def test_an_unknown_tier_is_refused(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, tier="Z")
    assert done.returncode == 4
    assert "'Z' is no tier" in done.stderr


def test_a_folder_where_no_report_can_be_written() -> None:
    findings = [f for f in doctor.examine(choose.confinement(Tier.D), folder=Path("/proc")) if "Reports" in f.title]
    assert [finding.state for finding in findings] == [State.BROKEN]
