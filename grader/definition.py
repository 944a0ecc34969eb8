"""`lab.toml` as text: read, held against its JSON schema, and every mistake named by line, key and nearest valid key.

The schema, `lab.schema.json`, is for editors, too. Validation takes a tenth of a second, nearly all of it imports; so a
text that passed is remembered by its digest in the user's cache folder, and is not validated again.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from grader.errors import AuthorError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

FORMAT = 1
"""Version of `lab.toml`. History: 1, the first one."""

SCHEMA = Path(__file__).parent / "lab.schema.json"

Keys = tuple[str | int, ...]
"""Where something stands in a definition: names of tables and keys, and places in lists counted from 0."""

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table",
    "string": "a text in quotes",
}
_MOST_SHOWN = 60
"""Characters of a wrong value in a message."""


def load(path: Path) -> dict[str, Any]:
    """Return the fields of a `lab.toml` that keeps to the schema.

    Raises:
        AuthorError: the file cannot be read, is not TOML, has another format, or breaks a rule; all broken rules are
            named, one a line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        fields = tomllib.loads(text)
    except OSError as error:
        raise AuthorError(f"{path}: {error.strerror}", slug="lab-unreadable") from error
    except UnicodeDecodeError as error:
        raise AuthorError(f"{path}: this is not UTF-8 text ({error.reason})", slug="lab-syntax") from error
    except tomllib.TOMLDecodeError as error:
        raise AuthorError(f"{path}:{_line_of_syntax(text)}: {_plain(error)}", slug="lab-syntax") from error
    if fields.get("format", FORMAT) != FORMAT:
        raise AuthorError(
            f"{path}:{line_of(text, ('format',))}: format {fields['format']!r}; this version reads {FORMAT}",
            slug="lab-format",
        )
    _require_valid(path, text, fields)
    return fields


def _require_valid(path: Path, text: str, fields: Mapping[str, Any]) -> None:
    stamp = _stamps() / hashlib.sha256(_rules() + text.encode()).hexdigest()
    if stamp.exists():
        return
    found = sorted({(line_of(text, keys), message) for keys, message in problems(fields)})
    if found:
        raise AuthorError("\n".join(f"{path}:{line}: {message}" for line, message in found), slug="lab-invalid")
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        return  # Without a cache folder it is validated each time.


@functools.cache
def _rules() -> bytes:
    """Return a digest of all that a text is held against: the schema, and what this module adds."""
    return hashlib.sha256(SCHEMA.read_bytes() + Path(__file__).read_bytes()).digest()


def _stamps() -> Path:
    named = os.environ.get("GRADER_CACHE")
    return (Path(named) if named else platformdirs.user_cache_path("epochmark")) / "valid-labs"


def problems(fields: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with a definition: where, and in words."""
    import json  # noqa: PLC0415 - nobody waits for these who only grades

    from jsonschema import Draft7Validator  # noqa: PLC0415

    validator = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    errors = list(validator.iter_errors(_plain_json(fields)))
    yield from (problem for error in errors for problem in _told(error))
    if not errors:
        yield from _contradictions(fields)


def _told(error: ValidationError) -> Iterator[tuple[Keys, str]]:
    keys: Keys = tuple(error.absolute_path)
    known = list(error.schema.get("properties", ())) if isinstance(error.schema, Mapping) else []
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        for name in error.instance:
            if name not in known:
                yield (*keys, name), f"unknown key `{name}` {_inside(keys)}; {_advice(name, known)}"
    elif error.validator == "required" and isinstance(error.instance, Mapping):
        name = next(name for name in error.validator_value if error.message.startswith(repr(name)))
        # A key that is only misspelled is told once.
        if not any(_nearest(other, known) == name for other in error.instance if other not in known):
            yield keys, f"the key `{name}` is missing {_inside(keys)}"
    else:
        yield keys, f"{_named(keys)} is {_shown(error.instance)}; it has to be {_wanted(error)}"


def _nearest(name: str, known: Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def _advice(name: str, known: Sequence[str]) -> str:
    near = _nearest(name, known)
    return f"did you mean `{near}`?" if near else f"there are {', '.join(f'`{key}`' for key in sorted(known))}"


def _wanted(error: ValidationError) -> str:
    limit, schema = error.validator_value, error.schema
    plain = {
        "minimum": f"{limit} or more",
        "maximum": f"{limit} or less",
        "exclusiveMinimum": f"more than {limit}",
        "minItems": "a list that is not empty",
        "minLength": "a text that is not empty",
    }
    if error.validator == "enum":
        return " or ".join(f'"{value}"' for value in limit)
    if error.validator in plain:
        return plain[error.validator]
    if error.validator == "type" and (not isinstance(schema, Mapping) or "pattern" not in schema):
        return _TYPES.get(str(limit), str(limit))
    return str(schema["description"]) if isinstance(schema, Mapping) else "something else"


def _shown(value: object) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _named(keys: Keys) -> str:
    """Name a value: the key, its place in a list if it has one, and its table."""
    names = [place for place, key in enumerate(keys) if isinstance(key, str)]
    last = names[-1] if names else 0
    if last + 1 < len(keys):
        return f"item {int(keys[last + 1]) + 1} of `{keys[last]}` {_inside(keys[:last])}"
    return f"`{keys[-1]}` {_inside(keys[:-1])}"


def _inside(keys: Keys) -> str:
    dotted = ".".join(str(key) for key in keys if isinstance(key, str))
    if not dotted:
        return "at the top"
    return f"in [[{dotted}]]" if isinstance(keys[-1], int) else f"in [{dotted}]"


def _plain_json(value: Any) -> Any:  # noqa: ANN401 - what TOML has
    """Return the same with dates and times as texts, since JSON has none."""
    if isinstance(value, dict):
        return {key: _plain_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain_json(each) for each in value]
    return value.isoformat() if isinstance(value, dt.datetime | dt.date | dt.time) else value


def _contradictions(fields: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield what a schema cannot say."""
    seen: set[str] = set()
    asked = {question["part"] for question in fields.get("questions", ())}
    for place, part in enumerate(fields["parts"]):
        if part["id"] in seen:
            yield ("parts", place, "id"), f"there are two parts with the id {part['id']!r}"
        seen.add(part["id"])
        if "anchor" not in part:
            if part["id"] not in asked:
                yield ("parts", place), "`anchor` is missing in [[parts]]: it says which code belongs to the part"
        elif not any(part["anchor"].get(key) for key in ("assigns", "calls", "defines", "tape")):
            keys: Keys = ("parts", place, "anchor")
            yield keys, "`anchor` in [[parts]] recognises nothing: it needs `assigns`, `calls`, `defines` or `tape`"
    yield from _contradictions_of_functions(fields.get("functions", {}))
    yield from _contradictions_of_late(fields.get("late", {"steps": ()}))


def _contradictions_of_functions(functions: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    for name, function in functions.items():
        for place, argument in enumerate(function.get("arguments", ())):
            low, high = argument["low"], argument["high"]
            keys: Keys = ("functions", name, "arguments", place)
            if low > high:
                yield keys, f"argument {place + 1} of `{name}` has a `low` of {low}, above its `high` of {high}"
            elif argument["kind"] == "integers" and not (float(low).is_integer() and float(high).is_integer()):
                yield (
                    keys,
                    f"argument {place + 1} of `{name}` is to be of integers, and `low` or `high` is no whole number",
                )


def _contradictions_of_late(late: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    has_rate, has_steps = {"percent", "per"} & late.keys(), "steps" in late
    if has_rate and has_steps:
        yield ("late",), "[late] has `steps` as well as `percent` and `per`; one of them says what is lost"
    elif not has_steps and len(has_rate) < 2:  # noqa: PLR2004 - both of them
        yield ("late",), "[late] does not say what is lost: it needs `percent` and `per`, or `steps`"
    if isinstance(late.get("deadline"), str):
        try:
            dt.datetime.fromisoformat(late["deadline"])
        except ValueError as error:
            yield ("late", "deadline"), f"`deadline` in [late] is {late['deadline']!r}: {error}"


def line_of(text: str, keys: Keys) -> int:
    """Return the line, from 1, on which a key, a table or an item of a list begins; 1 for the whole.

    The TOML parser says where statements end: there, and nowhere else, the lines so far are a document of their own.
    An item of a list within one statement has the line on which that statement begins.
    """
    lines, start = text.splitlines(keepends=True), 0
    for end in range(1, len(lines) + 1):
        try:
            so_far = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        if _has(so_far, keys):
            return start + 1
        start = end
    return 1


def _has(fields: Any, keys: Keys) -> bool:  # noqa: ANN401 - what TOML has
    for key in keys:
        is_there = key < len(fields) if isinstance(key, int) else isinstance(fields, dict) and key in fields
        if not is_there:
            return False
        fields = fields[key]
    return bool(keys)


def _line_of_syntax(text: str) -> int:
    """Return the line on which the first statement begins that is no TOML."""
    lines, good = text.splitlines(keepends=True), 0
    for end in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        good = end
    return min(good + 1, max(len(lines), 1))


def _plain(error: tomllib.TOMLDecodeError) -> str:
    """Return the parser's words without its own account of the place."""
    return f"this is not TOML: {str(error).split(' (at ', 1)[0]}"
