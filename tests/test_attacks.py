"""No attack of `tests/attacks` breaches the tiers that promise to hold it; on the others exactly the known ones do.

The default suite shoots a sample at the strongest tier of this machine; `-m slow` shoots everything at all that promise
anything, and half of it where nothing is promised (tier D); `-m "slow or thorough"` everything at all of them.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import shooting
import zoo
from shooting import Attack, Hit

from grader.sandbox import choose
from grader.sandbox.contract import Tier

ATTACKS = shooting.attacks()
SAMPLE = frozenset({"a02_writes_to_every_descriptor", "a14_reads_the_solution", "a23_fork_bomb", "a40_network"})
OFFERED = [tier for tier in Tier if not choose.obstacle(tier)]


def cases() -> Iterator[object]:
    for tier in OFFERED:
        for attack in ATTACKS:
            is_quick = tier is OFFERED[0] and attack.name in SAMPLE
            slow = zoo.marks_of(attack.name) if tier is Tier.D else (pytest.mark.slow, pytest.mark.timeout(2400))
            marks = () if is_quick else slow
            if not attack.alone:
                yield pytest.param(tier, attack, id=f"{tier}-{attack.name}", marks=marks)


class Hits:
    """Shoots what is wanted of a tier together, when the first of it is asked for."""

    def __init__(self, folder: Path, wanted: dict[Tier, list[Attack]]) -> None:
        self._folder, self._wanted = folder, wanted
        self._known: dict[Tier, dict[str, Hit]] = {}

    def get(self, tier: Tier, attack: Attack) -> Hit:
        if tier not in self._known:
            self._known[tier] = self._shoot(tier)
        return self._known[tier][attack.name]

    def _shoot(self, tier: Tier) -> dict[str, Hit]:
        place = self._folder / tier.value
        place.mkdir()
        self._folder.chmod(0o755)
        # Where everything is to hold, everything is followed by an honest and a wrong submission.
        with shooting.Range(place, tier, follow=lambda a: tier is not Tier.D or Tier.D in a.open_on) as range_:
            found = {hit.attack.name: hit for hit in range_.shoot(self._wanted[tier])}
        assert shooting.survivors() == []
        return found


@pytest.fixture(scope="session")
def hits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hits]:
    params = [spec.params for item in request.session.items if (spec := getattr(item, "callspec", None)) is not None]
    asked = [(p["tier"], p["attack"]) for p in params if {"tier", "attack"} <= p.keys()]
    wanted = {tier: [attack for t, attack in asked if t is tier] for tier in Tier}
    os.environ["RANGE_TOKEN"] = f"token-{secrets.token_hex(8)}"
    yield Hits(tmp_path_factory.mktemp("range"), wanted)
    del os.environ["RANGE_TOKEN"]


@pytest.mark.parametrize(("tier", "attack"), list(cases()))
@pytest.mark.timeout(600)
def test_an_attack_breaches_exactly_the_tiers_that_do_not_promise_to_hold_it(
    tier: Tier, attack: Attack, hits: Hits
) -> None:
    hit = hits.get(tier, attack)
    if tier in attack.open_on:
        assert hit.breaches, "it is said to succeed here, so it proves nothing on the other tiers"
    else:
        assert hit.breaches == []


@pytest.mark.parametrize("tier", [tier for tier in OFFERED if tier is not Tier.D])
@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.alone], ids=lambda attack: attack.name)
@pytest.mark.slow
def test_an_attack_on_the_command_itself(tier: Tier, attack: Attack, tmp_path: Path) -> None:
    """These would end the tests, too: they meet a grader of their own."""
    (tmp_path / "attack.py").write_text(attack.code)
    command = [sys.executable, "-m", "grader", "attack.py", "--data", "synthetic", "--lab", "mnist_cnn"]
    environment = {**os.environ, "GRADER_TIER": tier.value}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "grade-report" / "report.json").read_text())
    assert report["score"]["points"] == 0
    assert report["run"]["tier"] == tier.value


def test_the_table_of_attacks_is_fresh() -> None:
    assert shooting.PAGE.read_text(encoding="utf-8") == shooting.page(), "run `python tests/shooting.py --table`"


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 60
    assert all(attack.title and attack.code for attack in ATTACKS)


@pytest.mark.parametrize("tier", [pytest.param(t, marks=() if t is OFFERED[0] else pytest.mark.slow) for t in OFFERED])
def test_honest_work_runs_under_every_tier(tier: Tier, tmp_path: Path) -> None:
    file = Path(__file__).parent / "submissions" / "work" / "everyday_tools.py"
    command = [sys.executable, "-m", "grader", str(file), "--data", "synthetic", "--lab", "mnist_cnn"]
    environment = {**os.environ, "GRADER_TIER": tier.value}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "grade-report" / "report.json").read_text())
    assert report["score"]["points"] == 40
    records = [
        json.loads(line) for line in (tmp_path / "grade-report/evidence/evidence.jsonl").read_text().splitlines()
    ]
    ran = [record["fields"] for record in records if record["kind"] == "ran"]
    assert [failure for cell in ran for failure in cell["failures"]] == []
    assert {cell["state"] for cell in ran} == {"ok"}
