"""What `grade doctor` has a worker try: each attempt goes for a victim that the doctor looks after.

Runs as a worker of its own, once without any layer, where every attempt should succeed, and once with those of the
tier, where none should. What counts is what the victims saw; what the attempt got is sent back for want of a victim.
"""

from __future__ import annotations

import ctypes
import functools
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader import wire
from grader.sandbox import enter

Targets = Mapping[str, Any]
"""Where the victims are: paths, ports and process numbers by name."""

_HELD_S = 20.0
"""Seconds that a process started here stays, to be seen; it is killed with this one long before."""

_SET_PARENT_DEATH_SIGNAL = 1
_USER_SIGNAL = 10


def read_file(targets: Targets) -> str:
    """Read a file that everybody may read, but that is not the worker's business."""
    return Path(targets["secret_file"]).read_text(encoding="utf-8")


def see_file(targets: Targets) -> str:
    """Find out whether such a file exists, and how large it is."""
    return str(os.stat(targets["secret_file"]).st_size)  # noqa: PTH116 - the call itself is what is tried


def change_file(targets: Targets) -> str:
    """Change a file of somebody else's in every way there is."""
    victim = targets["victim_file"]
    for change in (
        lambda: Path(victim).write_text("changed", encoding="utf-8"),
        lambda: Path(victim).chmod(0o777),
        lambda: os.utime(victim, (0, 0)),
        lambda: os.truncate(victim, 0),
    ):
        _quietly(change)
    return ""


def leave_file(targets: Targets) -> str:
    """Leave a file in a folder that everybody may write to."""
    Path(targets["open_folder"], "left").write_text("left", encoding="utf-8")
    return ""


def send_packets(targets: Targets) -> str:
    """Send to whoever listens on this machine."""
    for kind, port in ((socket.SOCK_STREAM, targets["tcp_port"]), (socket.SOCK_DGRAM, targets["udp_port"])):
        _quietly(functools.partial(_send, kind, port))
    return ""


def start_process(_targets: Targets) -> str:
    """Become two."""
    if os.fork() == 0:
        time.sleep(_HELD_S)
        os._exit(0)
    return ""


def signal_process(targets: Targets) -> str:
    """Signal another process."""
    ctypes.CDLL(None).kill(targets["victim_process"], _USER_SIGNAL)
    return ""


def read_process(targets: Targets) -> str:
    """Read what another process was started with."""
    return Path(f"/proc/{targets['victim_process']}/environ").read_bytes().decode("utf-8", "replace")


def outlive_parent(_targets: Targets) -> str:
    """Take back that this process dies with its parent."""
    return "outlives" if ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, 0, 0, 0, 0) == 0 else ""


def hide_memory(_targets: Targets) -> str:
    """Keep data in memory that is no process's."""
    os.close(os.memfd_create("hoard"))
    return "hidden"


ATTEMPTS: Mapping[str, Callable[[Targets], str]] = {
    "read_file": read_file,
    "see_file": see_file,
    "change_file": change_file,
    "leave_file": leave_file,
    "send_packets": send_packets,
    "start_process": start_process,
    "signal_process": signal_process,
    "read_process": read_process,
    "outlive_parent": outlive_parent,
    "hide_memory": hide_memory,
}


def work(_targets: Targets) -> str:
    """Do what honest submissions do: train, save, load, draw, with TensorFlow."""
    import keras  # noqa: PLC0415 - takes seconds
    import numpy as np  # noqa: PLC0415

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = np.zeros((64, 4), np.float32), np.zeros(64, np.int64)
    model.fit(images, labels, epochs=1, verbose=0)
    model.save("model.keras")
    again = keras.models.load_model("model.keras")
    return "works" if np.allclose(again(images[:2]), model(images[:2])) else "differs"


def _send(kind: int, port: int) -> None:
    with socket.socket(socket.AF_INET, kind) as link:
        link.settimeout(1)
        link.connect(("127.0.0.1", port))
        link.send(b"packet")


def _quietly(change: Callable[[], object]) -> None:
    try:
        change()
    except OSError:
        return


def main() -> None:
    """Try what is asked for, answer, and wait to be ended: the doctor looks at this process in the meantime."""
    requests, answers = enter.begin()
    order = wire.read(requests)
    targets = order.fields["targets"]
    for name in order.fields["attempts"]:
        try:
            got = work(targets) if name == "work" else ATTEMPTS[name](targets)
        except (OSError, ImportError, AttributeError) as error:
            got = f"{type(error).__name__}: {error}"
        for part in wire.encode(wire.Frame(kind="attempted", fields={"name": name, "got": got[:2000]})):
            answers.write(part)
        answers.flush()
    requests.read(1)


if __name__ == "__main__":
    main()
