"""What students read is translated, all of it, and no verdict depends on the language."""

from __future__ import annotations

import ast
import io
import json
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from gettext import GNUTranslations, NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import messages
import pytest
from click.testing import CliRunner
from rich.console import Console

from grader import cli, labs, language, pipeline
from grader.authoring.bench import Bench
from grader.cli import one
from grader.definition import SCHEMA
from grader.errors import UsageError
from grader.judge import shortened
from grader.judge.case import Case
from grader.judge.grading import grade
from grader.judge.plugin import judge
from grader.model import Effort, Grade
from grader.observation import Run
from grader.report import html, jsonreport, junit, record, terminal
from grader.terms import Terms

ROOT = Path(__file__).parent.parent
LAB = labs.find(labs.FLAGSHIP)

# Catalogues


@pytest.mark.parametrize("code", messages.languages())
def test_every_message_has_a_translation(code: str) -> None:
    missing = messages.missing(code)
    told = "\n".join(f"  {message!r}" for message in missing)
    assert not missing, f"`make messages`, then translate in grader/locale/{code}/LC_MESSAGES/grader.po:\n{told}"


@pytest.mark.parametrize("code", messages.languages())
def test_translations_have_the_blanks_and_the_markup_of_the_original(code: str) -> None:
    for message in messages.load(code):
        originals = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        translations = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        for place, translation in enumerate(translations if message.id else ()):
            original = originals[min(place, len(originals) - 1)]
            assert blanks(translation) == blanks(original), (original, translation)
            assert sorted(re.findall("<[^>]*>", translation)) == sorted(re.findall("<[^>]*>", original))
            assert set(re.findall("`[^`]*`", translation)) == set(re.findall("`[^`]*`", original)), translation


def blanks(text: str) -> set[tuple[str | None, str | None]]:
    """Return the names that are filled in, and how, in the way of `format` and in that of templates."""
    if "%(" in text:
        return {(name, "%") for name in re.findall(r"%\((\w+)\)s", text)}
    return {(name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", messages.languages())
def test_what_is_read_is_what_translators_wrote(code: str) -> None:
    path = language.FOLDER / code / "LC_MESSAGES" / "grader.mo"
    written = GNUTranslations(io.BytesIO(messages.compiled(messages.load(code))))
    with path.open("rb") as file:
        # Any two versions of Babel agree in this, if not in every byte.
        assert vars(GNUTranslations(file))["_catalog"] == vars(written)["_catalog"], "run `make messages`"


def test_the_languages_are_the_same_everywhere() -> None:
    assert language.names() == ("en", *messages.languages()) == ("en", "de", "es")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert schema["properties"]["language"]["enum"] == list(language.names())


def test_nothing_that_is_installed_needs_babel() -> None:
    imports = re.compile(r"^\s*(?:from|import) babel\b", re.MULTILINE)
    found = [path for path in (ROOT / "grader").rglob("*.py") if imports.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_what_hidden_checks_are_called_is_in_no_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "checks.py"
    path.write_text('@pytest.mark.hidden\ndef test_a():\n    """Secret."""\n\ndef test_b():\n    """Known."""\n')
    assert [message for _, (message, _) in messages._of_checks(path)] == ["Known."]


# Which language


@pytest.mark.parametrize("name", ["de", "DE", "de_AT", "de-CH", " de "])
def test_a_language_is_found_by_its_names(name: str) -> None:
    assert language.find(name) == "de"


def test_an_unknown_language_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(UsageError, match="there are: en, de, es"):
        language.find("tlh")


def test_the_command_says_which_languages_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["run", "--lang", "tlh", "no-such-file.ipynb"]) == 2
    assert "there is no language 'tlh'; there are: en, de, es" in capsys.readouterr().err
    assert "en, de, es" in CliRunner().invoke(cli.cli, ["run", "--help"]).output


@pytest.mark.parametrize(
    ("option", "of_lab", "spoken"), [("", "en", "en"), ("", "de", "de"), ("es", "de", "es"), ("en", "de", "en")]
)
def test_what_is_asked_for_wins_over_the_lab(option: str, of_lab: str, spoken: str) -> None:
    lab = replace(LAB, language=of_lab)
    terms = Terms(lab=lab, effort=Effort.QUICK, data="auto", seed=1)
    request = pipeline.Request(file=Path("x"), terms=terms, out=Path("x"), language=option)
    assert request.spoken == spoken


@pytest.mark.parametrize("arguments", [["run", "FILE", "--lang", "de_DE"], ["demo", "--lang", "de"]])
def test_the_command_hands_the_language_on(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    asked: list[pipeline.Request] = []

    def take(request: pipeline.Request, *_: object) -> int:
        asked.append(request)
        return 0

    monkeypatch.setattr(one, "_grade", take)
    sample = str(LAB.folder / "sample.ipynb")
    assert cli.run([sample if each == "FILE" else each for each in arguments]) == 0
    assert [request.language for request in asked] == ["de"]


def test_a_lab_says_its_language(tmp_path: Path) -> None:
    text = (LAB.folder / "lab.toml").read_text(encoding="utf-8")
    (tmp_path / "lab.toml").write_text(text.replace("format = 1", 'format = 1\nlanguage = "es"'), encoding="utf-8")
    assert labs.read(tmp_path).language == "es"
    assert LAB.language == "en"


def test_a_language_lasts_as_long_as_it_is_used() -> None:
    said = []
    for code in ("de", "es", "en"):
        with language.use(code):
            said.append(language.gettext("Passed"))
    assert said == ["Bestanden", "Superada", "Passed"]
    assert language.current() == "en"
    assert language.gettext("") == language.pgettext("a context", "") == ""


def test_a_language_that_is_not_there_is_english() -> None:
    for code in ("tlh", "../../de", ""):
        with language.use(code):
            assert language.current() == "en"


def test_plurals_contexts_and_thousands() -> None:
    with language.use("de"):
        forms = [language.ngettext("{number} day", "{number} days", number) for number in (0, 1, 2)]
        assert forms == ["{number} Tage", "{number} Tag", "{number} Tage"]
        assert language.pgettext(language.AFTER_ARTICLE, "fully connected network") == "vollverbundene Netz"
        assert language.pgettext(language.AFTER_ARTICLE, "of an unknown lab") == "of an unknown lab"
        assert language.whole(60_000) == "60\u202f000"
    assert language.whole(60_000) == "60,000"


def test_what_a_worker_shortened_is_told_in_the_language_of_the_student() -> None:
    sentence = "training: 2 epochs of 1280 images instead of 5 of 60000"
    assert shortened.told(sentence) == sentence
    with language.use("es"):
        assert shortened.told(sentence) == (
            "entrenamiento: épocas 2 en lugar de 5, imágenes por época 1280 en lugar de 60000"
        )
        assert shortened.told("training: {0.__class__} <b>") == "training: {0.__class__} <b>"


def test_every_sentence_of_a_worker_is_known() -> None:
    """Take the sentences out of the code of the workers, with a number in each blank."""
    found = []
    for path in sorted((ROOT / "grader" / "collect").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("capped.add"):
                parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else [node.args[0]]
                found.append("".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in parts))
    assert len(found) > 5
    with language.use("de"):
        assert [sentence for sentence in found if shortened.told(sentence) == sentence] == []


# One submission, judged in several languages


class Judged(NamedTuple):
    case: Case
    run: Run
    request: pipeline.Request

    def grade(self, code: str) -> Grade:
        case, request = replace(self.case, language=code), replace(self.request, language=code)
        return grade(case, judge(case), self.run.identity, pipeline.facts_of(request, self.run), 1.5)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    with Bench(LAB, tmp_path_factory.mktemp("bench")) as bench:
        _, case, run, request = next(bench.gather_many([LAB.folder / "sample.ipynb"]))
    return Judged(case, run, request)


def test_no_verdict_depends_on_the_language(judged: Judged) -> None:
    def settled(code: str) -> list[object]:
        result = judged.grade(code)
        checks = [check for part in result.parts for check in part.checks]
        return [result.earned, *((c.spec.id, c.outcome, c.earned, c.feedback.defect, c.feedback.line) for c in checks)]

    assert settled("en") == settled("de") == settled("es")


def test_ids_and_keys_are_never_translated(judged: Judged) -> None:
    documents = [json.loads(jsonreport.render(judged.grade(code))) for code in ("en", "de", "es")]
    shapes = [shape(document) for document in documents]
    assert shapes[0] == shapes[1] == shapes[2]
    assert len({document["parts"][0]["title"] for document in documents}) == 3


def shape(value: object) -> object:
    """Return what scripts rely on in a report: all but the texts."""
    texts = {"language", "title", "rationale", "hint", "deeper", "caps", "notes", "findings"}
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in texts}
    return [shape(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("de", ["von <span", "Das Faltungsnetz evaluieren", "das Faltungsnetz ist `cnn_model`", "Das vollverbundene"]),
        (
            "es",
            ["de <span", "Evaluar la red convolucional", "la red convolucional es `cnn_model`", "La red totalmente"],
        ),
        ("en", ["of <span", "Evaluate the convolutional network", "the convolutional network is `cnn_model`"]),
    ],
)
def test_all_reports_are_in_one_language(judged: Judged, code: str, words: list[str]) -> None:
    result = record.read(record.render(judged.grade(code)))  # As after the marks of a person.
    page = re.sub("</?code>", "`", html.render(result))
    assert f'<html lang="{code}">' in page
    assert [word for word in words if word not in page] == []
    assert words[1] in screen(result)
    assert words[2] in junit.render(result)


def screen(result: Grade) -> str:
    console = Console(file=io.StringIO(), width=1_000, highlight=False)
    console.print(terminal.summary(result, report=Path("report.html")))
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


# Nothing is left in English


class Pseudo(NullTranslations):
    """A language in which everything is what it was, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧" if context else ""


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> str:
    read, names = language._catalogue, language.names()
    monkeypatch.setattr(language, "names", lambda: (*names, "pseudo"))
    monkeypatch.setattr(language, "_catalogue", lambda code: Pseudo() if code == "pseudo" else read(code))
    return "pseudo"


def outside(texts: list[str]) -> list[str]:
    """Return what is not in brackets; they may stand in one another, and end in a later text than they began in."""
    depth, found = 0, []
    for text in texts:
        left = []
        for sign in text:
            depth += sign == "⟦"
            left.append(" " if depth else sign)
            depth -= sign == "⟧"
        found.append("".join(left))
    assert depth == 0
    return found


class Texts(HTMLParser):
    """Collects what readers of a page see or hear: texts and attributes, apart from code and from names in it."""

    _SILENT = ("style", "pre", "code")

    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br"):
            self._open.append(tag)
        self.attributes += [value for name, value in attrs if name in ("aria-label", "alt", "title") and value]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not set(self._open) & set(self._SILENT):
            self.texts.append(data)

    @property
    def found(self) -> list[str]:
        return [*self.attributes, *self.texts]


NOT_TRANSLATED = re.compile(
    r"\b(?:sample(?:\.ipynb)?|report\.html|SHA|[0-9a-f]{64}|Flatten|Dense|Conv2D|MaxPooling2D|relu|softmax|linear"
    r"|kernel_size|pool_size|(?:python|tensorflow|keras|numpy|jax|torch|grader|epochmark|matplotlib) [\w.+-]+)\b"
)
"""Names of files, of layers and their settings, and versions; what is code is code in every language."""


def english(texts: list[str]) -> list[str]:
    left = (NOT_TRANSLATED.sub("", text) for text in outside(texts))
    return [text.strip() for text in left if re.search("[A-Za-z]{2}", text)]


def test_the_page_has_nothing_that_is_not_translated(judged: Judged, pseudo: str) -> None:
    texts = Texts()
    texts.feed(html.render(judged.grade(pseudo)))
    assert len(texts.found) > 200
    assert english(texts.found) == []


def test_the_terminal_has_nothing_that_is_not_translated(judged: Judged, pseudo: str) -> None:
    assert english([screen(judged.grade(pseudo))]) == []


def test_junit_has_nothing_that_is_not_translated(judged: Judged, pseudo: str) -> None:
    told = re.findall(r'message="([^"]*)"', junit.render(judged.grade(pseudo)))
    assert told
    assert english(told) == []


def test_the_finder_finds(judged: Judged, pseudo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_isolation", lambda _tier: "Your code ran somewhere")
    texts = Texts()
    texts.feed(html.render(judged.grade(pseudo)))
    assert english(texts.found) == ["Your code ran somewhere"]


# Nothing is written that could not be translated

FOR_STAFF = {"attention.py", "classview.py", "overview.py", "asking.py", "specs.py"}
"""The overview of a class, plain pytest, and what authors are told of their checks, which are in English."""
STUDENT_FACING = [
    *(path for name in ("judge", "report") for path in sorted((ROOT / "grader" / name).glob("*.py"))),
    *(ROOT / "grader" / name for name in ("text.py", "points.py")),
]
TAKEN = {"_", "N_", "gettext", "ngettext", "pgettext", "Defect"}
"""Calls whose texts are collected for translation."""
UNREAD = re.compile(r"Error$|^(?:re\.)?compile$|^getattr$|^hasattr$|\.(?:get|removeprefix|startswith|append|encode)$")
"""Calls whose texts students do not read: errors of authors and machines, patterns, names."""
NOT_READ = {
    "answers.py": {"stimmt nicht"},  # what students may answer, in any language
    "figures.py": {
        "zero one two three four five six seven eight nine",  # what titles may say, in any language
        "null eins zwei drei vier fünf sechs sieben acht neun",
        "cero uno dos tres cuatro cinco seis siete ocho nueve",
    },
    "diagram.py": {"middle wrong", "middle name", "middle soft", "end soft"},  # styles
    "pictures.py": {"end digit"},  # likewise
    "junit.py": {"grade tests", '<?xml version="1.0" encoding="utf-8"?>\n'},  # what the format says
    "reading.py": {
        "ModelCheckpoint without .weights.h5",  # names of Keras, as they are written
        r"name '(\w+)' is not defined",  # looked for in what Python says
    },
    "text.py": {"; did you mean {}?"},  # of commands for staff
    "compiling.py": {"could not interpret"},  # looked for in what Keras says
}
AUTHORS = {"MARKS"}
"""Constants for people who write labs."""
WORDS = re.compile(r"[A-Za-z]{2,}[,:;.]? [A-Za-z{]{2,}")


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield texts of several words, with their lines, that are in no call of gettext and for no one but students."""
    yield from _sentences(ast.parse(path.read_text(encoding="utf-8")), quiet=False)


def _sentences(node: ast.AST, *, quiet: bool) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        quiet = quiet or name in TAKEN or bool(UNREAD.search(name))
    if isinstance(node, ast.Assign):
        quiet = quiet or ast.unparse(node.targets[0]) in AUTHORS
    quiet = quiet or isinstance(node, ast.Raise)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # A docstring, or the description of a constant.
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        if not quiet and WORDS.search(text):
            yield node.lineno, text
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and not quiet and WORDS.search(node.value):
        yield node.lineno, node.value
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child, quiet=quiet)


@pytest.mark.parametrize(
    "path",
    [path for path in STUDENT_FACING if path.name not in FOR_STAFF],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_sentences_for_students_go_through_gettext(path: Path) -> None:
    found = [f"line {line}: {text!r}" for line, text in sentences(path) if text not in NOT_READ.get(path.name, ())]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'fail("not-recorded", place, what="No figure was drawn.")',
        'nothing_recorded(case, part, f"There is no function {name}.")',
        'Feedback(rationale="As it should be.")',
    ],
)
def test_a_sentence_without_gettext_is_found(code: str, tmp_path: Path) -> None:
    path = tmp_path / "check.py"
    path.write_text(f'"""A module about checks."""\n{code}\n_("Said in all languages.")\n', encoding="utf-8")
    assert [line for line, _ in sentences(path)] == [2]
