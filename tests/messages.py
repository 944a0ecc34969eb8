"""What students read, collected for translation: `python tests/messages.py` brings the catalogues up to date.

`python tests/messages.py fr` begins a new one.

Taken are the arguments of `_`, `N_`, `ngettext` and `pgettext` in the package and in its templates; the texts of the
table of defects; and of the labs that come with the package their titles, their questions with hints, and the
docstrings of checks, which are their titles. What hidden checks are called is left out: students can read catalogues.
"""

from __future__ import annotations

import ast
import io
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from grader.language import AFTER_ARTICLE, DOMAIN, FOLDER

ROOT = Path(__file__).parent.parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
WIDTH = 120

Found = tuple[str | tuple[str, str], str | None]
"""A message, or singular and plural, and its context."""


def collected() -> Catalog:
    """Return a catalogue of all messages, without translations."""
    catalogue = Catalog(project="epochmark", charset="utf-8", fuzzy=False)
    for path, (message, context) in _all():
        catalogue.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalogue


def _all() -> Iterator[tuple[Path, Found]]:
    for path in sorted((ROOT / "grader").rglob("*.py")):
        yield from ((path, found) for found in _marked(path, "python"))
    for path in sorted((ROOT / "templates").glob("*.j2")):
        yield from ((path, found) for found in _marked(path, "jinja2.ext:babel_extract"))
    yield from _of_defects(ROOT / "grader" / "judge" / "defects.py")
    yield from _of_checks(ROOT / "grader" / "judge" / "checks.py")
    for folder in sorted(path.parent for path in (ROOT / "reference").glob("*/lab.toml")):
        yield from _of_lab(folder / "lab.toml")
        yield from _of_checks(folder / "checks.py")


def _marked(path: Path, method: str) -> Iterator[Found]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
    source = io.BytesIO(path.read_bytes())
    for _line, message, _comments, context in extract(method, source, KEYWORDS, options=options):
        yield (message if isinstance(message, str) else (message[0], message[1])), context


def _of_defects(path: Path) -> Iterator[tuple[Path, Found]]:
    """Yield the texts of the table of defects; those that are nothing but a blank say nothing to translate."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Defect":
            texts = [text.value for text in node.args if isinstance(text, ast.Constant) and isinstance(text.value, str)]
            yield from ((path, (text, None)) for text in texts if any(map(str.isspace, text)))


def _of_checks(path: Path) -> Iterator[tuple[Path, Found]]:
    """Yield the titles of checks: the first lines of their docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            title = (ast.get_docstring(node) or "").split("\n", 1)[0]
            is_hidden = any("mark.hidden" in ast.unparse(decorator) for decorator in node.decorator_list)
            if title and not is_hidden:
                yield path, (title, None)


def _of_lab(path: Path) -> Iterator[tuple[Path, Found]]:
    """Yield what a definition says to students: never an answer, and never the rubric of one."""
    lab = tomllib.loads(path.read_text(encoding="utf-8"))
    titles = [lab["title"], *(part["title"] for part in lab["parts"])]
    questions = [question.get(key, "").strip() for question in lab.get("questions", ()) for key in ("text", "hint")]
    yield from ((path, (text, None)) for text in (*titles, *questions) if text)
    for role in lab["roles"].values():
        yield path, (role["title"], None)
        yield path, (role["title"], AFTER_ARTICLE)


def languages() -> list[str]:
    """Return the languages that have a catalogue for translators."""
    return sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def load(language: str) -> Catalog:
    """Return the catalogue of a language as translators edit it; an empty one where there is none yet."""
    if not _file(language, "po").exists():
        return Catalog(locale=language, project="epochmark", charset="utf-8", fuzzy=False)
    with _file(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def missing(language: str) -> list[str]:
    """Return what has no translation, one message a line, ready to be read in the output of a failing test."""
    known = load(language)
    return [str(message.id) for message in collected() if message.id and not _is_done(known.get(*_key(message)))]


def _key(message: Message) -> tuple[str, str | None]:
    return (message.id if isinstance(message.id, str) else message.id[0]), message.context


def _is_done(message: Message | None) -> bool:
    if message is None or message.fuzzy or not message.string:
        return False
    return all((message.string,) if isinstance(message.string, str) else message.string)


def update(language: str) -> int:
    """Bring the catalogue of a language up to date and compile it; return how many messages wait for a translation.

    Nothing is guessed: a message that has changed has no translation.
    """
    catalogue = load(language)
    catalogue.update(collected(), no_fuzzy_matching=True, update_creation_date=False)
    _file(language, "po").parent.mkdir(parents=True, exist_ok=True)
    with _file(language, "po").open("wb") as file:
        write_po(file, catalogue, width=WIDTH, include_lineno=False, ignore_obsolete=True)
    _file(language, "mo").write_bytes(compiled(load(language)))
    return len(missing(language))


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as it is read when a grade is made."""
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def _file(language: str, suffix: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


if __name__ == "__main__":
    for each in sys.argv[1:] or languages():
        sys.stdout.write(f"{each}: {update(each)} of {len(collected())} messages are not translated yet\n")
