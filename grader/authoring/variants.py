"""Submissions of which it is known what they deserve: those stored with a lab, and edits of a right one.

A stored submission says in its head what it deserves: `# loses: fc_build`, `# not_attempted: prediction`,
`# passes: …`; which defects are named, `# finds: other-network`; and `# effort: quick` where only training shows it.
Entries of `variants.toml` say the same by their keys. What they edit is the lab's solution, or the file that `base`
names on top: the solution as students would hand it in, say.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import tempfile
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.definition import Keys, line_of
from grader.errors import AuthorError
from grader.judge.defects import DEFECTS
from grader.labs import Lab
from grader.text import nearest

_HEADER = re.compile(r"^[\s\"]*# (?P<key>loses|not_attempted|passes|effort|finds): (?P<value>[^\"\\\n]*)", re.MULTILINE)


def header_of(path: Path) -> dict[str, frozenset[str]]:
    """Return what the header of a submission promises: parts by `loses`, `not_attempted`, `passes`."""
    text = path.read_bytes().decode("utf-8", "replace")
    return {m["key"]: frozenset(re.findall(r"[A-Za-z0-9_-]+", m["value"])) for m in _HEADER.finditer(text)}


BLOCKED = "blocked"
"""What stands for a defect where a check waits for another part."""

_MOST_LISTED = 20
_KINDS = ("wrong", "right")
_PROMISES = ("loses", "not_attempted", "passes")
_KEYS = ("name", "defect", "edits", *_PROMISES, "finds", "effort")


def variants(lab: Lab) -> list[Path]:
    """Return the known-wrong solutions of a lab: files, and those that `variants.toml` makes of a right one.

    Raises:
        AuthorError: something in `variants.toml` is wrong, or a promise names a part that the lab does not have.
    """
    stored = sorted({*(lab.folder / "variants").glob("*.py")} - {_base(lab, _fields(lab))})
    for path in stored:
        for key, names in header_of(path).items():
            told = _unknown(key, names, lab)
            if told:
                raise AuthorError(f"{path}: {told}", slug="variant-part")
    return [*stored, *_edited(lab, "wrong")]


def alternatives(lab: Lab) -> list[Path]:
    """Return right solutions that are written in another way, as `variants.toml` makes them of one.

    Raises:
        AuthorError: something in `variants.toml` is wrong.
    """
    return _edited(lab, "right")


def require_sound(lab: Lab) -> None:
    """Require that all variants and alternatives can be made, without grading anything.

    Raises:
        AuthorError: they cannot.
    """
    variants(lab)
    alternatives(lab)


@functools.cache
def _edits_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="epochmark-variants-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _edited(lab: Lab, kind: str) -> list[Path]:
    fields = _sound(lab, _fields(lab))
    right = _base(lab, fields).read_text(encoding="utf-8")
    paths = []
    for entry in fields.get(kind, ()):
        head = {key: ", ".join(entry[key]) for key in (*_PROMISES, "finds") if key in entry}
        lines = [f"# defect: {entry['defect']}", *(f"# {key}: {value}" for key, value in head.items())]
        lines += [f"# effort: {entry['effort']}"] if "effort" in entry else []
        path = _edits_folder() / lab.id / kind / f"{entry['name']}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, "", _changed(right, entry["edits"])]), encoding="utf-8")
        paths.append(path)
    return paths


def _changed(code: str, edits: list[list[str]]) -> str:
    """Return code with edits made in their order, each wherever its text occurs."""
    for old, new in edits:
        code = code.replace(old, new)
    return code


def _fields(lab: Lab) -> dict[str, Any]:
    """Return what `variants.toml` says; nothing where there is none.

    Raises:
        AuthorError: it is no TOML.
    """
    file = lab.folder / "variants.toml"
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AuthorError(f"{file}: {error}", slug="variants-unreadable") from error


def _base(lab: Lab, fields: Mapping[str, Any]) -> Path:
    """Return the right solution that is edited."""
    return lab.folder / str(fields.get("base", lab.solution_file.name))


def _sound(lab: Lab, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what `variants.toml` says.

    Raises:
        AuthorError: it breaks a rule; all broken rules are named, one a line.
    """
    file, found = lab.folder / "variants.toml", set(_problems(fields, lab))
    if found:
        text = file.read_text(encoding="utf-8")
        told = sorted((line_of(text, keys), words) for keys, words in found)
        raise AuthorError("\n".join(f"{file}:{line}: {words}" for line, words in told), slug="variants-invalid")
    return fields


def _problems(fields: Mapping[str, Any], lab: Lab) -> Iterator[tuple[Keys, str]]:
    base = _base(lab, fields)
    if base.is_file():
        yield from _problems_of_entries({key: value for key, value in fields.items() if key != "base"}, lab, base)
    else:
        yield ("base",), f"`base` names {fields['base']!r}, and there is no such file beside it"


def _problems_of_entries(fields: Mapping[str, Any], lab: Lab, base: Path) -> Iterator[tuple[Keys, str]]:
    right = base.read_text(encoding="utf-8")
    seen: set[str] = set()
    for kind, entries in fields.items():
        if kind not in _KINDS or not isinstance(entries, list):
            yield (kind,), f"unknown `{kind}`; there are `[[wrong]]` and `[[right]]`"
            continue
        for place, entry in enumerate(entries):
            keys: Keys = (kind, place)
            for key in entry.keys() - set(_KEYS):
                yield (*keys, key), f"unknown key `{key}`{_nearest(key, _KEYS)}"
            for key in ("name", "defect"):
                if not isinstance(entry.get(key), str):
                    yield keys, f"`{key}` is missing in [[{kind}]], or is no text in quotes"
            name = str(entry.get("name"))
            if name in seen or not re.fullmatch(r"[\w-]+", name):
                yield (*keys, "name"), f"{name!r} cannot be a name: each is one of its own, of letters, digits, _ and -"
            seen.add(name)
            if kind == "wrong" and not entry.keys() & set(_PROMISES):
                yield (
                    keys,
                    f"{name!r} does not say what it loses: loses = ['{lab.parts[0].id}'], for example",
                )
            yield from _problems_of_promises(keys, entry, lab)
            yield from _problems_of_edits(keys, entry, right, base.name)


def _problems_of_promises(keys: Keys, entry: Mapping[str, Any], lab: Lab) -> Iterator[tuple[Keys, str]]:
    for key in (*_PROMISES, "finds"):
        names = entry.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            yield (*keys, key), f"`{key}` has to be a list of texts in quotes"
        elif told := _unknown(key, names, lab):
            yield (*keys, key), told


def _problems_of_edits(keys: Keys, entry: Mapping[str, Any], right: str, base: str) -> Iterator[tuple[Keys, str]]:
    edits, code = entry.get("edits"), right
    if not isinstance(edits, list) or not edits or not all(_is_edit(edit) for edit in edits):
        yield keys, f'`edits` of {entry.get("name")!r} has to be a list of pairs of texts: [["old", "new"]]'
        return
    for number, (old, new) in enumerate(edits, start=1):
        if old not in code:
            nth = f"edit {number} of {entry.get('name')!r}" if len(edits) > 1 else f"the edit of {entry.get('name')!r}"
            yield (*keys, "edits"), f"{nth} finds nothing to change: {old!r} is not in {base}"
        code = code.replace(old, new)


def _is_edit(edit: object) -> bool:
    return isinstance(edit, list) and len(edit) == 2 and all(isinstance(t, str) for t in edit) and bool(edit[0])  # noqa: PLR2004 - old, new


def _unknown(key: str, names: Collection[str], lab: Lab) -> str:
    """Say which of the names that a promise has is no part of the lab, or no defect; empty where all are known."""
    known = {"finds": [*DEFECTS, BLOCKED]}.get(key, [part.id for part in lab.parts])
    what = "no defect that is known" if key == "finds" else "no part of the lab"
    wrong = sorted(set(names) - set(known)) if key in (*_PROMISES, "finds") else []
    return f"`{key}` names {wrong[0]!r}, which is {what}{_nearest(wrong[0], known)}" if wrong else ""


def _nearest(word: str, known: Collection[str]) -> str:
    others = f"there are {', '.join(known)}" if len(known) <= _MOST_LISTED else "see docs/defects.md"
    return nearest(word, known, cutoff=0.6, otherwise=f"; {others}")
