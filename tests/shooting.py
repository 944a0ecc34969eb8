"""The shooting range: submissions that attack the grader, everything that they might hit, and who looks afterwards.

Each file of `tests/attacks` says in its head what it attempts, how many points of the parts that it really does it may
have (`points`), what its report says (`says`), and on which tiers it is known to succeed (`open on`). What counts is
seen from the victims' side: files, listeners, processes, reports, and the grades of an honest and of a wrong
submission that come after. Only for what leaves no trace there an attack says `BREACH` itself.

    python tests/shooting.py --tier B [NAME …]      shoots by hand
    python tests/shooting.py --table                writes the table of docs/security.md from the heads
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import psutil

from grader import datasets, labs, observation, pipeline, report
from grader import submission as intake
from grader.authoring import bench
from grader.errors import GraderError, MachineError
from grader.forkserver import TRIAL, TRIAL_LIMITS
from grader.judge.grading import grade as settle
from grader.judge.plugin import judge
from grader.labs import Lab
from grader.model import Effort, Grade, Outcome
from grader.observation import Run
from grader.sandbox import choose
from grader.sandbox.contract import Tier
from grader.scratch import PREFIX
from grader.stations import Stations
from grader.terms import Terms
from grader.verify import host as verification
from grader.workers import STARVED

FOLDER = Path(__file__).parent / "attacks"
PAGE = Path(__file__).parent.parent / "docs" / "security.md"
LAB = labs.find("mnist_cnn")
PACKAGE = Path(labs.__file__).parent

WALL_S = 14.0
"""Seconds that a submission gets here; an attack that waits for ever has to be waited for."""

JUDGED_S = 15.0
"""Seconds of a processor in which an attack is judged and told of; honest work takes less than one."""

LOG_CAP = 20_000_000
"""Bytes that everything kept of one submission may have together."""

HONEST = """# %%
import numpy as np
import tensorflow as tf
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_images = (np.expand_dims(train_images, axis=-1) / 255.0).astype(np.float32)
test_images = (np.expand_dims(test_images, axis=-1) / 255.0).astype(np.float32)
# %%
def build_fc_model():
    return tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(128, activation="relu"),
                                tf.keras.layers.Dense(10, activation="softmax")])
model = build_fc_model()
# %%
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
# %%
model.fit(train_images, train_labels, batch_size=64, epochs=5)
# %%
test_loss, test_acc = model.evaluate(test_images, test_labels)
"""
WRONG = HONEST.replace("Dense(10,", "Dense(12,").replace("/ 255.0", "/ 1.0")
USUAL = {"honest": 40.0, "wrong": 27.0}
"""What an honest and a wrong submission get when nothing was attacked."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One file of `tests/attacks`."""

    name: str
    title: str
    catalogue: str
    code: str
    points: float
    says: str
    open_on: frozenset[Tier]
    needs: str
    later: float
    verifies: bool
    alone: bool


def attacks() -> list[Attack]:
    """Return the attacks, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.py"))]


def _read(path: Path) -> Attack:
    code = path.read_text(encoding="utf-8")
    head = dict(re.findall(r"^# ([a-z ]+): (.*)$", code.split("# %%")[0], re.MULTILINE))
    return Attack(
        name=path.stem,
        title=head["attack"],
        catalogue=head.get("catalogue", ""),
        code=code,
        points=float(head.get("points", "0")),
        says=head.get("says", ""),
        open_on=_tiers(head.get("open on", "")),
        needs=head.get("needs", ""),
        later=float(head.get("later", "0")),
        verifies="verifies" in head,
        alone="alone" in head,
    )


def _tiers(text: str) -> frozenset[Tier]:
    """Read `C, D` or `D as root`: some doors are closed to an ordinary user without any tier."""
    counts = "as root" not in text or os.geteuid() == 0
    return frozenset(Tier(letter) for letter in re.findall(r"\b[A-D]\b", text) if counts)


@dataclass(kw_only=True)
class Hit:
    """What came of one attack: breaches as the victims saw them, and its grade."""

    attack: Attack
    breaches: list[str] = field(default_factory=list)
    points: float | None = None
    seconds: float = 0.0
    text: str = ""


class Listeners:
    """TCP, UDP and Unix sockets that note whatever reaches them."""

    def __init__(self, folder: Path) -> None:
        self.received = b""
        self.path, self.abstract = str(folder / "listener"), f"range-{secrets.token_hex(4)}"
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        path.bind(self.path)
        os.chmod(self.path, 0o777)  # noqa: PTH101, S103 - open to all, so that only the tier protects it
        abstract.bind(f"\0{self.abstract}")
        self.tcp, self.udp = tcp.getsockname()[1], udp.getsockname()[1]
        self._selector, self._is_open = selectors.DefaultSelector(), True
        for door in (tcp, path, abstract):
            door.listen()
            self._selector.register(door, selectors.EVENT_READ, "accept")
        self._selector.register(udp, selectors.EVENT_READ, "read")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_open = False
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            cast("socket.socket", key.fileobj).close()
        self._selector.close()

    def _listen(self) -> None:
        while self._is_open:
            for key, _ in self._selector.select(timeout=0.2):
                door: Any = key.fileobj
                if key.data == "accept":
                    link, _ = door.accept()
                    self._selector.register(link, selectors.EVENT_READ, "read")
                    continue
                data = b""
                with contextlib.suppress(ConnectionError):
                    data = door.recv(1000)
                self.received += data
                if not data and door.type == socket.SOCK_STREAM:
                    self._selector.unregister(door)
                    door.close()


class Victim:
    """A process that holds a secret and counts the signals it gets."""

    CODE = (
        "import os,signal,sys,time\n"
        "secret = os.environ['VICTIM'] * 3\n"
        "for number in (1, 10, 12, 15): signal.signal(number, lambda n, f: open(sys.argv[1], 'a').write(f'{n} '))\n"
        "print('ready', flush=True)\nwhile True: time.sleep(60)\n"
    )

    def __init__(self, folder: Path) -> None:
        self._signals = folder / "signals"
        self.secret = f"victim-secret-{secrets.token_hex(8)}"
        self._child = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(self._signals)],
            env={**os.environ, "VICTIM": self.secret},
            stdout=subprocess.PIPE,
        )
        assert self._child.stdout is not None
        self._child.stdout.readline()
        self._limits = psutil.Process(self._child.pid).rlimit(psutil.RLIMIT_NOFILE)

    @property
    def pid(self) -> int:
        return self._child.pid

    def harm(self) -> Iterator[str]:
        if self._child.poll() is not None:
            yield "the victim died"
        elif psutil.Process(self.pid).rlimit(psutil.RLIMIT_NOFILE) != self._limits:
            yield "the victim's limits changed"
        if self._signals.exists():
            yield "the victim got signals"

    def close(self) -> None:
        with self._child:  # which closes its pipe, too
            self._child.kill()


class Lane:
    """What one attack can hit: files of its own to read, change or leave, and perhaps a victim."""

    def __init__(self, attack: Attack, folder: Path, listeners: Listeners, table: str) -> None:
        self.attack = attack
        self.secret = f"planted-secret-{secrets.token_hex(8)}"
        self.folder = folder / attack.name
        self.out = folder / f"{attack.name}-out"
        self._drop, self._teacher, self._others = (self.folder / name for name in ("drop", "teacher", "others"))
        for place in (self._drop, self._teacher, self._others, self.folder / "home"):
            place.mkdir(parents=True)
        for place in (folder, self.folder):
            place.chmod(0o755)
        self._drop.chmod(0o777)
        self._files = {
            "PUBLIC": self._teacher / "solution.py",
            "PRIVATE": self._teacher / "labels.txt",
            "MNIST": self._teacher / "mnist.npz",
            "OTHER": self._others / "alice.py",
        }
        for file in self._files.values():
            file.write_text(f"{self.secret}\n" * 3)
        self._files["PRIVATE"].chmod(0o600)
        self.victim = Victim(self.folder) if "victim" in attack.needs else None
        self._before = self._state()
        self._marks = {
            **{name: str(path) for name, path in self._files.items()},
            "OTHERS": str(self._others),
            "DROP": str(self._drop),
            "SHARED": str(folder / "shared"),
            "OUT": str(self.out),
            "NAME": attack.name,
            "HOME": str(self.folder / "home"),
            "HALF": self.secret[-8:],
            "LAB": str(LAB.folder),
            "GRADER": str(PACKAGE),
            "GRADERPID": str(os.getpid()),
            "TCP": str(listeners.tcp),
            "UDP": str(listeners.udp),
            "UNIX": listeners.path,
            "ABSTRACT": listeners.abstract,
            "VICTIM": str(self.victim.pid if self.victim else 0),
            "TABLE": table,
            "MINUS": "-" * 20_000,
            "DOTS": ".x" * 1_500,
            "SUM": "1" + "+1" * 1_500,
            "KEYS": "key" * 12_000,
            "BLANKS": " \n" * 10_000,
            "WORDS": ",".join(f"'a{number:025}'" for number in range(5_000)),
        }
        self._listeners = listeners

    def write(self) -> Path:
        """Write the submission, aimed at this lane."""
        code = self.attack.code.replace("planted-" + '" + "secret', f'planted-" + "{self.secret[8:-16]}')
        for name, value in self._marks.items():
            code = code.replace(f"@{name}@", value)
        path = self.folder / "attack.py"
        path.write_text(code, encoding="utf-8")
        return path

    def breaches(self, kept: str) -> Iterator[str]:
        """Say what was hit; `kept` is all text that is kept of the submission."""
        victim = self.victim.secret if self.victim else self.secret
        if self.secret in kept or victim in kept or os.environ.get("RANGE_TOKEN", self.secret) in kept:
            yield "a secret was seen"
        if _SOLUTION in kept:
            yield "the solution was seen"
        if "BREACH" in kept:
            yield f"it says so itself: {kept[kept.index('BREACH') :][:60].splitlines()[0]!r}"
        if self._state() != self._before:
            yield "files of the grader changed"
        left = [*self._drop.iterdir(), *(self.folder / "home").iterdir()]
        if left:
            yield f"files were left behind: {sorted(path.name for path in left)}"
        if f"exfil-{self.attack.name}".encode() in self._listeners.received:
            yield "a packet arrived"
        yield from self.victim.harm() if self.victim else ()
        poison = [*PACKAGE.rglob(f"{self.attack.name}.poison"), *_poisoned(self.attack.name)]
        shared = [*(self.folder.parent / "shared").glob(f"*{self.attack.name}*")]
        for path in (*poison, *shared):
            path.unlink()
        if poison or shared:
            yield "files were left where they run or where others look"

    def _state(self) -> dict[str, tuple[str, int, int]]:
        def facts(path: Path) -> tuple[str, int, int]:
            try:
                status = path.stat()
                return hashlib.sha256(path.read_bytes()).hexdigest(), status.st_mode, status.st_mtime_ns
            except OSError:
                return "", 0, 0

        return {name: facts(path) for name, path in self._files.items()}

    def close(self) -> None:
        if self.victim:
            self.victim.close()


_SOLUTION = LAB.solution_file.read_text(encoding="utf-8").split("\n# %%")[1][:200].strip()


def _poisoned(name: str) -> Iterator[Path]:
    import site  # noqa: PLC0415

    for place in (*site.getsitepackages(), site.getusersitepackages(), sys.prefix):
        yield from Path(place).glob(f"{name}.poison")


class Range:
    """Shoots attacks at a grader of one tier, two at a time; the clean workers are shared with what comes after."""

    def __init__(self, folder: Path, tier: Tier, *, follow: Callable[[Attack], bool] = lambda _: True) -> None:
        self.folder, self.tier, self._follow = folder, tier, follow
        self.source = bench.tiny_data(folder)
        self.lab = _short(LAB)
        expected = labs.expectations(LAB, data="synthetic", effort=Effort.QUICK)
        self._expected = replace(expected, accuracy={role.id: 0.5 for role in LAB.roles})
        self._held_out = datasets.HeldOut(*datasets.draw_digits(200, seed=13))
        arrays = datasets.load(self.source.path)
        known = [(arrays["x_test"], arrays["y_test"]), (arrays["x_train"][:3000], arrays["y_train"][:3000])]
        pairs = [pair for images, labels in known for pair in zip(images, labels, strict=True)]
        self._table = " ".join(f"{hashlib.md5(i.tobytes()).hexdigest()[:8]}:{d}" for i, d in pairs)  # noqa: S324
        (folder / "shared").mkdir()
        (folder / "shared").chmod(0o777)
        folder.chmod(0o755)
        self._listeners = Listeners(folder)
        # Warm where that is done: what one submission leaves behind in a fork server, the next would meet.
        confine = pipeline.confine(self.tier, self.lab)
        self._open = ExitStack()
        self._stations = self._open.enter_context(Stations(self.source, self.tier, confine))
        self._open.callback(self._listeners.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def shoot(self, wanted: Iterable[Attack]) -> Iterator[Hit]:
        """Grade each attack, then an honest and a wrong submission; yield what was hit."""
        chosen = [attack for attack in wanted if not attack.alone]
        with ThreadPoolExecutor(2) as pool:
            for attack, lane, seconds, runs in pool.map(self._fire, chosen):
                yield self._inspect(attack, lane, seconds, runs)

    def _fire(self, attack: Attack) -> tuple[Attack, Lane, float, dict[str, Any]]:
        lane = Lane(attack, self.folder, self._listeners, self._table)
        with self._stations.mine().launch(TRIAL, TRIAL_LIMITS):
            pass  # The clock is for the attack, not for what starts once.
        started = time.monotonic()
        runs: dict[str, Any] = {"attack": self._gather(lane.write(), lane.out)}
        seconds = time.monotonic() - started
        time.sleep(attack.later)
        if self._follow(attack):
            for name, code in (("honest", HONEST), ("wrong", WRONG)):
                path = lane.folder / f"{name}.py"
                path.write_text(code)
                runs[name] = self._gather(path, self.folder / f"{attack.name}-{name}")
        return attack, lane, seconds, runs

    def _gather(self, path: Path, out: Path) -> tuple[pipeline.Request, Run] | GraderError:
        terms = Terms(lab=self.lab, effort=Effort.QUICK, data="synthetic", seed=1)
        request = pipeline.Request(file=path, terms=terms, out=out)
        try:
            taken = intake.take(path)
            folder = out / pipeline.EVIDENCE
            run = pipeline.gather(terms, taken, self._stations.mine(), folder, held_out=self._held_out)
            # What cannot be filed would be run again with every command.
            observation.save(run, folder)
        except GraderError as error:
            return error
        if run.verified.fault:
            return MachineError(f"the clean worker was blamed: {run.verified.fault}", slug="verifier")
        return request, run

    def _inspect(self, attack: Attack, lane: Lane, seconds: float, runs: dict[str, Any]) -> Hit:
        hit = Hit(attack=attack, seconds=seconds)
        for name, run in runs.items():
            grade = run if isinstance(run, GraderError) else self._judge(*run)
            if isinstance(grade, GraderError):
                hit.breaches.append(f"no verdict for {name}: {grade}")
            elif name == "attack":
                hit.points = float(grade.earned)
                hit.breaches += ["the judge was blamed"] * _is_blamed(grade)
                if hit.points > attack.points:
                    hit.breaches.append(f"{hit.points} points")
            elif float(grade.earned) != USUAL[name]:
                hit.breaches.append(f"{name} got {float(grade.earned)} instead of {USUAL[name]}")
        hit.text = kept = _kept(lane.out)
        hit.breaches += lane.breaches(kept)
        # Time that a worker spends waiting for a processor is not its own.
        if seconds > (1 + STARVED) * WALL_S + 4 + (verification.TOTAL_CPU_S if attack.verifies else 0):
            hit.breaches.append(f"it took {seconds:.1f} s")
        if sum(path.stat().st_size for path in lane.out.rglob("*") if path.is_file()) > LOG_CAP:
            hit.breaches.append("too much was kept of it")
        page = (lane.out / "report.html").read_text(encoding="utf-8") if (lane.out / "report.html").exists() else ""
        if attack.says and not re.search(attack.says, page):
            hit.breaches.append(f"the report does not say {attack.says!r}")
        lane.close()
        for path in (lane.out, lane.folder):
            shutil.rmtree(path, ignore_errors=True)
        return hit

    def _judge(self, request: pipeline.Request, run: Run) -> Grade | GraderError:
        started = time.thread_time()
        case = pipeline.case_of(request, run, self._expected)
        grade = settle(case, judge(case), run.identity, pipeline.facts_of(request, run), 0.0)
        report.write_reports(grade, request.out)
        json.loads((request.out / "report.json").read_text(encoding="utf-8"))
        took = time.thread_time() - started
        return grade if took <= JUDGED_S else MachineError(f"it takes {took:.1f} s to judge and to tell", slug="slow")


def _is_blamed(grade: Grade) -> bool:
    """Tell whether a check stumbled: then nobody is charged, and somebody has to judge again."""
    return any(part.status is Outcome.GRADER_ERROR for part in grade.parts)


def _short(lab: Lab) -> Lab:
    """Return the lab with next to no training and little time on the clock."""
    tiny = bench.tiny_lab(lab)
    plan = tiny.plans[Effort.QUICK]
    short = replace(plan, limits=replace(plan.limits, wall_s=WALL_S), own_s=2.0, idle_s=3.0)
    return replace(tiny, plans={**tiny.plans, Effort.QUICK: short})


def _kept(out: Path) -> str:
    """Return all text that is kept of a submission, apart from its own source."""
    texts = [
        path.read_bytes() for path in out.rglob("*") if path.is_file() and path.suffix in (".json", ".xml", ".log")
    ]
    texts += [path.read_bytes() for path in out.glob("report.html")]
    outputs = [b"".join(_outputs(out / "evidence" / "evidence.jsonl"))]
    blob = b"\n".join([text for text in texts if b"# attack:" not in text] + outputs)
    page = [json.dumps(value) for value in _without_source(out / "report.json")]
    return blob.decode("utf-8", "replace") + "\n".join(page)


def _outputs(path: Path) -> Iterator[bytes]:
    if path.exists():
        for line in path.read_bytes().splitlines():
            if b'"kind":"ran"' in line.replace(b" ", b"") or b'"value"' in line:
                yield line + b"\n"


def _without_source(path: Path) -> Iterator[Any]:
    if path.exists():
        whole = json.loads(path.read_text(encoding="utf-8"))
        yield {name: value for name, value in whole.items() if name != "cells"}
        yield [{k: v for k, v in cell.items() if k != "source"} for cell in whole.get("cells", [])]


HEAD = "<!-- Written by `python tests/shooting.py --table`. -->"


def table() -> str:
    """Return the table of attacks and tiers, from the heads that the suite holds to be true."""
    rows = ["| attack | in the catalogue | A | B | C | D |", "|---|---|---|---|---|---|"]
    for attack in attacks():
        marks = " | ".join("open" if tier in attack.open_on else "held" for tier in Tier)
        rows.append(f"| {attack.title} (`{attack.name}`) | {attack.catalogue} | {marks} |")
    return "\n".join(rows)


def page() -> str:
    """Return docs/security.md with a fresh table."""
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(HEAD)
    return f"{before}{HEAD}\n\n{table()}\n"


def survivors() -> list[str]:
    """Return the workers that still run; when the range is closed there must be none."""
    found = []
    for process in psutil.process_iter(["cmdline", "status", "ppid"]):
        words = " ".join(process.info["cmdline"] or ())
        is_ours = process.info["ppid"] in (os.getpid(), 1)
        if is_ours and "grader.collect.worker" in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(f"{process.pid}: {words}")
    return found


def left_scratch() -> list[Path]:
    """Return the scratch folders that are still there."""
    return list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


def main(arguments: list[str]) -> None:
    """Shoot by hand and print what was hit."""
    if "--table" in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return
    tier = Tier(arguments[arguments.index("--tier") + 1]) if "--tier" in arguments else choose.choose()
    names = tuple(name for name in arguments if not name.startswith("--") and name not in Tier.__members__)
    wanted = [attack for attack in attacks() if not names or attack.name.startswith(names)]
    os.environ["RANGE_TOKEN"] = f"token-{secrets.token_hex(8)}"
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Range(Path(folder), tier, follow=lambda _: "--alone" not in arguments) as range_,
    ):
        for hit in range_.shoot(wanted):
            expected = tier in hit.attack.open_on
            word = "ok " if bool(hit.breaches) == expected else "BAD"
            sys.stdout.write(f"{word} {hit.attack.name} {hit.points} {hit.seconds:.1f}s {'; '.join(hit.breaches)}\n")
            if "--show" in arguments:
                sys.stdout.write(hit.text[-4000:] + "\n")
            sys.stdout.flush()
    with contextlib.suppress(KeyError):
        del os.environ["RANGE_TOKEN"]
    sys.stdout.write(f"{survivors()} {left_scratch()} {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main(sys.argv[1:])
