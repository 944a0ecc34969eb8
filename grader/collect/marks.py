"""What is written in a cell, without running it: statements, definitions, tape loops, and placeholders."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from grader.collect.cells import Statement

MARKS_LIMIT = 3_000
"""Marks kept of one cell; a hand-written lab has some thirty in all."""

NAME_LIMIT = 60
"""Letters kept of the name of a class."""

TOKEN_RESTARTS = 50
"""How often reading goes on behind text that has no tokens; each time costs the length of the rest."""


def find(statements: Sequence[Statement], *, placeholder: str) -> dict[str, Any]:
    """Return what is written in one cell: "marks", as JSON fields, and lines by what stands there.

    These are `{"placeholders": [line, …], "gaps": [line, …], "broken": [line, …], "made": [[line, class], …]}`: gaps
    are the lines where names get None and, in this cell, nothing else; broken are those at which a statement cannot be
    read as Python; made is what is called by the name of a class.
    """
    marks: list[dict[str, Any]] = []
    places: list[int] = []
    pattern = re.compile(rf"\b{re.escape(placeholder)}\b")
    for statement in statements:
        if statement.tree is None:
            marks.extend(_marks_in_text(statement))
            places.extend(_places_in_text(statement, pattern))
        else:
            marks.extend(_marks_in_tree(statement.tree))
            places.extend(_places_in_tree(statement.tree, pattern))
            places.extend(_ellipses(statement.tree))
    trees = [statement.tree for statement in statements if statement.tree is not None]
    broken = [statement.broken_line for statement in statements if statement.tree is None]
    return {
        "marks": marks[:MARKS_LIMIT],
        "placeholders": sorted(set(places))[:MARKS_LIMIT],
        "gaps": sorted(set(_gaps(trees)))[:MARKS_LIMIT],
        "broken": broken[:MARKS_LIMIT],
        "made": sorted(pair for tree in trees for pair in _made(tree))[:MARKS_LIMIT],
    }


def _marks_in_tree(tree: ast.stmt) -> Iterator[dict[str, Any]]:
    if _has_tape(tree):
        yield _mark("tape", tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield _mark("define", node, defines=node.name, flags=_lacks(node))
        elif isinstance(node, ast.stmt) and not hasattr(node, "body"):
            yield _mark(
                "statement",
                node,
                assigns=_assigned(node),
                calls=_called(node),
                flags=_flags(node),
                targets=_targets(node),
            )


def _mark(kind: str, node: ast.stmt, **details: object) -> dict[str, Any]:
    return {"kind": kind, "line": node.lineno, "end_line": node.end_lineno or node.lineno, **details}


def _has_tape(tree: ast.AST) -> bool:
    """Tell whether a statement speaks of the tape, called or not, or gives it a name of its own."""
    return any(_TAPE in (getattr(n, "attr", ""), getattr(n, "id", "")) or _renames_tape(n) for n in ast.walk(tree))


_TAPE = "GradientTape"


def _renames_tape(node: ast.AST) -> bool:
    return isinstance(node, ast.alias) and node.name == _TAPE and node.asname is not None


def _assigned(node: ast.AST) -> list[str]:
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return sorted(set(names))[:20]


def _called(node: ast.AST) -> list[str]:
    return sorted({name for n in ast.walk(node) if isinstance(n, ast.Call) if (name := dotted(n.func))})[:40]


def _made(tree: ast.stmt) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func).rpartition(".")[2])[:1].isupper():
            yield node.lineno, name[:NAME_LIMIT]


def _targets(node: ast.AST) -> list[str]:
    """Return the names that what `evaluate` returns is unpacked into, in their order."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Call(func=ast.Attribute(attr="evaluate"))):
            return [name.id for name in names if isinstance(name, ast.Name)][:10]
        case _:
            return []


def _flags(node: ast.AST) -> list[str]:
    """Return the names of keyword arguments that are switched on by a literal True."""
    keywords = [keyword for n in ast.walk(node) if isinstance(n, ast.Call) for keyword in n.keywords]
    on = [k.arg for k in keywords if k.arg and isinstance(k.value, ast.Constant) and k.value.value is True]
    return sorted(set(on))[:20]


def _lacks(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Return what a function has forgotten: to give anything back."""
    is_function = isinstance(node, ast.FunctionDef)
    gives = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(node))
    return ["returns_nothing"] if is_function and not gives else []


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression, `.c` for an attribute of another one, and an empty string for the rest."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
        case _:
            return ""


def _places_in_tree(tree: ast.stmt, pattern: re.Pattern[str]) -> Iterator[int]:
    """Yield the lines of placeholders: as a name, or inside a string that is used for something.

    A bare string is a remark: people who finished leave those standing.
    """
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        word = _word(node) if id(node) not in remarks else ""
        if pattern.search(word):
            yield getattr(node, "lineno", tree.lineno)


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(text)):
            return text
        case _:
            return ""


def _ellipses(tree: ast.stmt) -> Iterator[int]:
    """Yield the lines where `...` stands for what is still to come: in no index, and not as the body of a stub."""
    others = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    indices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    others |= {id(node) for index in indices for node in ast.walk(index)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value is Ellipsis and id(node) not in others:
            yield node.lineno


def _gaps(trees: Sequence[ast.stmt]) -> Iterator[int]:
    """Yield the lines where names get None for want of an answer; names that get another value as well are in use."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    given = Counter(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    for node in nodes:
        if isinstance(node, ast.Assign) and _is_nothing(node.value):
            names = _assigned(node)
            if names and all(given[name] == 1 for name in names):
                yield node.lineno


def _is_nothing(node: ast.expr) -> bool:
    values = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(value, ast.Constant) and value.value is None for value in values)


_TEXT_CALL = re.compile(r"\b([A-Za-z_][\w.]*)\s*\(")
_TEXT_ASSIGN = re.compile(r"^\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=(?!=)")
_TEXT_DEFINE = re.compile(r"^\s*(?:def|class)\s+([A-Za-z_]\w*)")


def _marks_in_text(statement: Statement) -> Iterator[dict[str, Any]]:
    """Guess the marks of code that does not parse from its words."""
    lines = statement.source.split("\n")
    first, final = statement.line, statement.line + len(lines) - 1
    for number, line in enumerate(lines, start=first):
        code = line.split("#", 1)[0]
        if define := _TEXT_DEFINE.match(code):
            yield {"kind": "define", "line": number, "end_line": final, "defines": define[1]}
        assigned = _TEXT_ASSIGN.match(code)
        names = [name.strip() for name in assigned[1].split(",")] if assigned else []
        calls = _TEXT_CALL.findall(code)
        if names or calls:
            mark = {"kind": "statement", "line": number, "end_line": number}
            yield {**mark, "assigns": names[:20], "calls": calls[:40]}
        if "GradientTape" in code:
            yield {"kind": "tape", "line": first, "end_line": final}


def _places_in_text(statement: Statement, pattern: re.Pattern[str]) -> Iterator[int]:
    """Yield the lines of placeholders in code that does not parse, told from remarks by what stands around them."""
    tokens = _tokens(statement.source)
    open_brackets, before = "", ""
    for position, token in enumerate(tokens):
        first = statement.line + token.start[0] - 1
        is_missing = before == "=" and not open_brackets
        if token.type == tokenize.COMMENT:
            is_told = bool(pattern.search(token.string)) and (before == "=" or _is_only_body(tokens, position))
            if is_told or is_missing:
                yield first
            continue
        if token.type == tokenize.NEWLINE and is_missing:
            yield first
        # In a list of layers a string of its own stands for a layer; in a call that was not closed it is a remark.
        is_alone = before in _STARTS or (open_brackets.endswith("(") and _starts_line(tokens, position))
        is_used = not is_alone
        if pattern.search(token.string) and (token.type != tokenize.STRING or is_used):
            yield first
        if token.type == tokenize.OP and token.string in "([{":
            open_brackets += token.string
        elif token.type == tokenize.OP and token.string in ")]}":
            open_brackets = open_brackets[:-1]
        if token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            before = token.string


_STARTS = frozenset({"", "\n"})
"""What stands before a string that is a remark: nothing, or the end of the statement before."""


def _starts_line(tokens: Sequence[tokenize.TokenInfo], position: int) -> bool:
    return position == 0 or tokens[position - 1].start[0] < tokens[position].start[0]


def _is_only_body(tokens: Sequence[tokenize.TokenInfo], position: int) -> bool:
    """Tell whether a comment is all that stands where a block should be: after a colon, with nothing indented below."""
    skipped = (tokenize.COMMENT, tokenize.NL)
    before = [token for token in tokens[:position] if token.type not in skipped]
    after = next((token for token in tokens[position:] if token.type not in skipped), None)
    opens = [token.string for token in before[-2:]] == [":", "\n"]
    return opens and (after is None or after.type != tokenize.INDENT)


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    """Return the tokens up to where the text is no longer Python at all, then those of each line after that."""
    found: list[tokenize.TokenInfo] = []
    lines, start = source.split("\n"), 0
    for _ in range(TOKEN_RESTARTS):
        rest = "\n".join(lines[start:]) + "\n"
        reached = 0
        try:
            for token in tokenize.generate_tokens(io.StringIO(rest).readline):
                if token.type == tokenize.ENDMARKER:
                    return found
                reached = token.end[0]
                found.append(token._replace(start=(token.start[0] + start, token.start[1])))
        except (tokenize.TokenError, SyntaxError):
            start += max(reached, 1)
        if start >= len(lines):
            break
    return found
