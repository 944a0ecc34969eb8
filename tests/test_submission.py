"""Intake: what is taken, what is refused, and that nothing of an archive ever reaches a disk."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader import archives, submission
from grader.errors import StudentError

CODE = b"a = 1\n"


def archive(folder: Path, members: dict[str, bytes], name: str = "work.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member, content in members.items():
            target.writestr(member, content)
    return path


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"lab.py": CODE}, "lab.py"),
        ({"alice/lab.ipynb": b"{}", "alice/helper.py": CODE}, "lab.ipynb"),
        ({"work/my notebook.ipynb": b"{}", "work/notes.txt": b"x", "work/utils.py": CODE}, "my notebook.ipynb"),
        ({"__MACOSX/._lab.py": b"x", "Müller.py": CODE, ".ipynb_checkpoints/Müller.ipynb": b"{}"}, "Müller.py"),
    ],
)
def test_the_lab_file_of_an_archive_is_taken(tmp_path: Path, members: dict[str, bytes], wanted: str) -> None:
    taken = submission.take(archive(tmp_path, members))
    assert taken.file == wanted
    assert taken.data == next(content for name, content in members.items() if name.endswith(wanted))
    assert taken.suffix in archives.SUFFIXES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../../outside.py",
        "/absolute.py",
        "a\\..\\..\\b.py",
        "C:lab.py",
        "lab\u202eyp.py",
        "lab\x1b[2J.py",
        "a/../../b.py",
        "lab.py\n",
    ],
)
def test_a_name_that_leads_elsewhere_or_hides_something_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudentError, match="name that leads") as caught:
        submission.take(archive(tmp_path, {"lab.py": CODE, name: CODE}))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("pair", [("lab.py", "LAB.py"), ("lab.py", "\uff4cab.py"), ("a/x.py", "A/x.py")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_collide_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    with pytest.raises(StudentError, match="twice"):
        submission.take(archive(tmp_path, dict.fromkeys(pair, CODE)))


def test_links_and_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as target:
        entry = zipfile.ZipInfo("lab.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(entry, "/etc/passwd")
    with pytest.raises(StudentError, match="link"):
        submission.take(path)
    whole = bytearray(archive(tmp_path, {"lab.py": CODE}).read_bytes())
    place = whole.index(b"PK\x01\x02")
    whole[place + 8 : place + 10] = struct.pack("<H", 1)
    (tmp_path / "secret.zip").write_bytes(whole)
    with pytest.raises(StudentError, match="encrypted"):
        submission.take(tmp_path / "secret.zip")


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = archive(tmp_path, {"lab.py": b" " * 300_000_000})
    assert path.stat().st_size < 1_000_000
    started = time.monotonic()
    with pytest.raises(StudentError, match="too large"):
        submission.take(path)
    assert time.monotonic() - started < 2


def test_a_bomb_beside_the_lab_file_is_not_touched(tmp_path: Path) -> None:
    path = archive(tmp_path, {"lab.py": CODE, "data.bin": b"\0" * 300_000_000})
    started = time.monotonic()
    assert submission.take(path).data == CODE
    assert time.monotonic() - started < 0.5


def test_an_archive_of_very_many_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="too many"):
        submission.take(archive(tmp_path, {f"{n}.txt": b"" for n in range(archives.MEMBERS_LIMIT + 1)}))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"text", os.urandom(2000)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.zip").write_bytes(content)
    with pytest.raises(StudentError):
        submission.take(tmp_path / "broken.zip")


def test_an_archive_with_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, {"lab.py": CODE})
    with zipfile.ZipFile(path, "a") as members:
        members.writestr(zipfile.ZipInfo(""), CODE)
    with pytest.raises(StudentError, match="leads elsewhere"):
        submission.take(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_refused_however_it_is_packed(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", packing) as target:
        target.writestr("lab.py", CODE * 50)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"\xff" * 12 + whole[52:])
    with pytest.raises(StudentError, match=r"damaged\.zip: not a \.zip archive that can be read"):
        submission.take(path)


def test_every_cut_of_an_archive_is_refused_or_read(tmp_path: Path) -> None:
    whole = archive(tmp_path, {"lab.py": CODE * 50}).read_bytes()
    for size in range(len(whole)):
        for changed in (whole[:size], whole[:size] + b"\xff" + whole[size + 1 :]):
            (tmp_path / "cut.zip").write_bytes(changed)
            try:
                submission.take(tmp_path / "cut.zip")
            except StudentError:
                continue


def test_a_folder_is_taken_by_its_lab_file(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_bytes(CODE)
    assert submission.take(tmp_path).file == "lab.py"


@pytest.mark.parametrize("text", ["alice", "bob_2", "a.b-c", "X" * 64])
def test_a_plain_id_stays(text: str) -> None:
    assert submission.safe_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "../bob",
        "CON",
        "nul.txt",
        "-rf",
        "a\u202eb",
        "a" * 65,
        "alice\n",
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "Müller 1",
        "\ud800",
    ],
)
def test_any_other_id_becomes_a_plain_one_of_its_own(text: str) -> None:
    changed = submission.safe_id(text)
    assert submission.safe_id(changed) == changed
    assert changed != text
    assert changed != submission.safe_id(text + "x")
    assert changed.isascii()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_not_taken_for_one(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("lab.py", CODE)
        target.writestr("lab.py", b"b = 2\n")
    (tmp_path / "double.zip").write_bytes(buffer.getvalue())
    with pytest.raises(StudentError, match="twice"):
        submission.take(tmp_path / "double.zip")


def notebook(*cells: Mapping[str, object], **rest: object) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **rest}).encode()


def content(data: bytes, suffix: str = ".ipynb") -> str:
    return submission.Submission(id="x", file=f"x{suffix}", data=data).content


CELL: dict[str, object] = {
    "cell_type": "code",
    "source": ["x = 1\n", "y = 2"],
    "metadata": {},
    "outputs": [],
    "execution_count": None,
}


def test_a_notebook_that_was_run_again_is_the_same_work() -> None:
    again = {**CELL, "outputs": [{"text": "1"}], "execution_count": 7, "metadata": {"tags": ["x"]}, "id": "a1"}
    assert content(notebook(CELL)) == content(notebook(again, metadata={"kernelspec": {"name": "python3"}}))
    assert content(b"x = 1\r\n", ".py") == content(b"x = 1\n", ".py")


@pytest.mark.parametrize(
    "other",
    [
        notebook({**CELL, "source": ["x = 1\n", "y = 3"]}),
        notebook({**CELL, "cell_type": "markdown"}),
        notebook(CELL, CELL),
        notebook(CELL, worksheets=[{"cells": []}]),
        json.dumps({"worksheets": [{"cells": [CELL]}]}).encode(),
        b"[" * 300_000,
        b"not JSON",
        # The worker reads this as Latin-1, and so as other code, although a lenient parser finds the same in it.
        notebook({**CELL, "source": "x = '\U0001f600'"}).replace(b"\\ud83d\\ude00", b"\xed\xa0\xbd\xed\xb8\x80"),
        b'{"cells": 3}',
    ],
)
def test_other_work_is_other_work(other: bytes) -> None:
    assert content(other) != content(notebook(CELL))
    assert content(other) == content(other)


def test_the_same_text_in_other_bytes_is_other_work() -> None:
    emoji = notebook({**CELL, "source": "x = '\U0001f600'"})
    assert b"\\ud83d\\ude00" in emoji
    lenient = emoji.replace(b"\\ud83d\\ude00", b"\xed\xa0\xbd\xed\xb8\x80")
    assert content(emoji) != content(lenient)
    assert content("x = 'ä'\r\n".encode("utf-16"), ".py") != content("x = 'ä'\n".encode("utf-16"), ".py")
