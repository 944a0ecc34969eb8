"""Split a submission into cells and cells into statements, tolerating whatever does not parse.

Runs in the worker: student text is never parsed by the trusted process (attacks B06, B08).
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

PARSE_ERRORS = (SyntaxError, ValueError, MemoryError, RecursionError)
"""All that `ast.parse` raises for hostile text: NUL bytes are a ValueError, 20,000 minus signs a MemoryError."""

CELL_LIMIT = 2_000
"""Cells that are looked at; the largest notebook of the sample had 60."""

DEPTH_LIMIT = 250
"""Levels of a statement's tree; a sum of a hundred numbers has a hundred. Python itself reads some three thousand, and
walks a third of that."""

BLOCK_LINES = 400
"""How many lines one unparsable block may grow by while its end is searched: the search is quadratic."""

_PERCENT_CELL = re.compile(r"^#\s*(?:%%|In\s*\[[\d\s]*\]:)(?P<rest>.*)$", re.MULTILINE)
"""The marks of percent scripts, and those that notebooks leave when they are exported as scripts."""

_PLACEHOLDER_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
_MAGIC_LINE = re.compile(r"^(?P<indent>\s*)(?:[%!?]|\w+\s*=\s*[%!]|[\w.]+\?{1,2}\s*$)")
_MEASURED_LINE = re.compile(r"^(?P<indent>\s*)%(?:time|prun)\s+(?P<code>[^\s-].*)$")
"""A magic that runs the code behind it."""

_CONTINUES = re.compile(r"^(?:[)\]}]|(?:else|elif|except|finally|case)\b)")


class NotALabFile(Exception):  # noqa: N818 - reported as a message, never as a traceback
    """The file is neither a notebook nor Python text; the message says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One top-level statement of a cell, or a stretch of it that does not parse (`tree` is None)."""

    line: int
    source: str
    tree: ast.stmt | None
    error: str = ""

    @property
    def broken_line(self) -> int:
        """The line of the cell at which reading it as Python ends, for a statement that does not parse."""
        try:
            ast.parse(self.source)
        except SyntaxError as error:
            return self.line + max((error.lineno or 1) - 1, 0)
        except PARSE_ERRORS:
            pass
        return self.line


def split(data: bytes, *, suffix: str) -> list[str]:
    """Return the sources of the code cells of a notebook, a percent script or a plain script.

    Raises:
        NotALabFile: the bytes are not such a file.
    """
    text = _decode(data)
    if suffix == ".ipynb" or (suffix != ".py" and text.lstrip().startswith("{")):
        cells = _notebook_cells(text)
    elif _PERCENT_CELL.search(text):
        cells = list(_percent_cells(text))
    else:
        cells = [text]
    if not any(cell.strip() for cell in cells):
        raise NotALabFile("there is no code in the file")
    return cells[:CELL_LIMIT]


def _decode(data: bytes) -> str:
    if not data.strip():
        raise NotALabFile("the file is empty")
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotALabFile("the file is binary, not a notebook and not Python text")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _notebook_cells(text: str) -> list[str]:
    """Read code cells from any nbformat, valid or not: only `cell_type` and `source` matter here."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotALabFile("the file is not a notebook: it is not valid JSON") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict):
        sheets = notebook.get("worksheets") or [{}]
        cells = sheets[0].get("cells") if isinstance(sheets, list) and isinstance(sheets[0], dict) else None
    if not isinstance(cells, list):
        raise NotALabFile("the file is not a notebook: it has no list of cells")
    return [_cell_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def _cell_source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _percent_cells(text: str) -> Iterator[str]:
    """Yield the code between `# %%` lines; `# %% [markdown]` and `[raw]` cells are no code."""
    marks = list(_PERCENT_CELL.finditer(text))
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(text)]
    kinds = ["", *(mark["rest"] for mark in marks)]
    for start, end, kind in zip(starts, ends, kinds, strict=True):
        if "[markdown]" not in kind and "[md]" not in kind and "[raw]" not in kind:
            source = text[start:end].strip("\n")
            if source.strip():
                yield source


def has_code(source: str) -> bool:
    """Tell whether there is more in a cell than remarks."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in source.split("\n"))


def statements(source: str, *, is_script: bool = False) -> list[Statement]:
    """Return the top-level statements of a cell; what cannot be parsed becomes a statement without a tree.

    A plain script that wraps everything in `main()` is opened up, see `unfolded`.
    """
    tree = _parse(source)
    if tree is None:
        source = without_magics(without_leading_indent(source))
        tree = _parse(source)
    lines = source.split("\n")
    if tree is not None:
        body = unfolded(tree.body) if is_script else tree.body
        return [_statement(one, lines) for node in body for one in _single_imports(node)]
    return list(_recover(lines))


def unfolded(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements with a main guard, and a function that is only there to be called once, opened up.

    A script that wraps the whole lab in `main()` is run as a notebook would run it, so that its names can be looked at.
    """
    opened: list[ast.stmt] = []
    for node in body:
        is_guard = isinstance(node, ast.If) and not node.orelse and "__name__" in ast.dump(node.test)
        opened.extend(node.body if is_guard and isinstance(node, ast.If) else [node])
    for position, node in enumerate(opened):
        call = _main_call(node)
        if call is None:
            continue
        name = ast.unparse(call.func)
        wrapped = [n for n in opened if isinstance(n, ast.FunctionDef) and n.name == name and _can_open(n)]
        given = _given(wrapped[0], call) if len(wrapped) == 1 else None
        if given is not None and _uses(opened, name) == 1:
            rest = [*opened[:position], *given, *unfolded(_body(wrapped[0])), *opened[position + 1 :]]
            return [n for n in rest if n is not wrapped[0]]
    return opened


_MAINS = frozenset({"main", "run", "run_lab", "lab"})
_EXITS = frozenset({"exit", "quit", "sys.exit", "SystemExit"})


def _main_call(node: ast.stmt) -> ast.Call | None:
    """Return the call of a main function that a statement is, also where the program ends with what it returns."""
    match node:
        case ast.Expr(value=ast.Call() as call) | ast.Raise(exc=ast.Call() as call):
            pass
        case _:
            return None
    match call:
        case ast.Call(args=[ast.Call() as inner], keywords=[]) if ast.unparse(call.func) in _EXITS:
            call = inner
    return call if isinstance(call.func, ast.Name) and call.func.id in _MAINS else None


def _can_open(function: ast.FunctionDef) -> bool:
    """Tell whether the statements of a function do the same outside of it, given its arguments."""
    barred = (ast.Return, ast.Yield, ast.YieldFrom, ast.Nonlocal)
    own = [node for statement in _body(function) for node in _walk_own(statement)]
    takes_any = function.args.vararg or function.args.kwarg
    return not takes_any and not function.decorator_list and not any(isinstance(node, barred) for node in own)


def _body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Return the statements of a function, of a `return` at its end what it returns."""
    *body, last = function.body
    if not isinstance(last, ast.Return):
        return function.body
    return [*body, *([ast.copy_location(ast.Expr(last.value), last)] if last.value is not None else [])]


def _given(function: ast.FunctionDef, call: ast.Call) -> list[ast.stmt] | None:
    """Return assignments that do what a call does with its arguments, or None where they do not fit."""
    known, single = function.args, function.args.kwonlyargs
    plain = [argument.arg for argument in (*known.posonlyargs, *known.args)]
    defaults = dict(zip(reversed(plain), reversed(known.defaults), strict=False))
    defaults |= {a.arg: value for a, value in zip(single, known.kw_defaults, strict=True) if value is not None}
    values = dict(zip(plain, call.args, strict=False)) | {k.arg or "": k.value for k in call.keywords}
    names = [*plain, *(argument.arg for argument in single)]
    is_open = len(call.args) > len(plain) or any(isinstance(value, ast.Starred) for value in call.args)
    merged = defaults | values
    if is_open or set(merged) != set(names):
        return None
    made = [_assignment(name, merged[name]) for name in names]
    # `x = x` would say nothing.
    return [one for one in made if ast.unparse(one.targets[0]) != ast.unparse(one.value)]


def _assignment(name: str, value: ast.expr) -> ast.Assign:
    node = ast.copy_location(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value), value)
    return ast.fix_missing_locations(node)


def _walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a statement without entering the functions and classes that it defines."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _walk_own(child)


def _uses(body: list[ast.stmt], name: str) -> int:
    return sum(1 for node in body for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name)


def without_leading_indent(source: str) -> str:
    """Take the indentation of the first line from all lines that have it, as IPython does with a whole cell."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent:
        return source
    return "\n".join(line.removeprefix(indent) for line in source.split("\n"))


def without_magics(source: str) -> str:
    """Comment out lines for IPython and the shell; they are never run, and line numbers stay as they were."""
    first = source.lstrip().split("\n", 1)[0]
    if first.startswith("%%") and not first.startswith(_PLACEHOLDER_CELL_MAGICS):
        return "\n".join("#" + line for line in source.split("\n"))
    lines = source.split("\n")
    indent, continued = "", False
    for number, line in enumerate(lines):
        if measured := _MEASURED_LINE.match(line):
            lines[number] = measured["indent"] + measured["code"]
            continue
        magic = _MAGIC_LINE.match(line)
        if not magic and not continued:
            continue
        indent = magic["indent"] if magic and not continued else indent
        continued = line.rstrip().endswith("\\")
        name = re.match(r"\s*(\w+)\s*=", line) if magic else None
        lines[number] = f"{indent}{name[1]} = []" if name else f"{indent}pass"
    return "\n".join(lines)


def _single_imports(node: ast.stmt) -> list[ast.stmt]:
    """Return an import for each name of one for several, so that what is not to be had leaves the others alone."""
    if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
        return [_import_of(node, name) for name in node.names]
    return [node]


def _import_of(node: ast.Import | ast.ImportFrom, name: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.copy_location(ast.Import(names=[name]), node)
    return ast.copy_location(ast.ImportFrom(module=node.module, names=[name], level=node.level), node)


def _parse(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except PARSE_ERRORS:
        return None
    return tree if _is_shallow(tree) else None


def _is_shallow(tree: ast.AST) -> bool:
    """Tell whether whoever walks a tree by calling itself comes to its end."""
    level, depth = [tree], 0
    while level and depth <= DEPTH_LIMIT:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return not level


def _statement(node: ast.stmt, lines: list[str]) -> Statement:
    return Statement(line=node.lineno, source="\n".join(lines[node.lineno - 1 : node.end_lineno]), tree=node)


def _recover(lines: list[str]) -> Iterator[Statement]:
    """Parse what can be parsed of a broken cell, block by block; a block starts in the first column."""
    starts = [n for n, line in enumerate(lines) if _starts_block(line)] or [0]
    ends = [*starts[1:], len(lines)]
    position = 0
    while position < len(starts):
        found = _longest_needed(lines, starts, ends, position)
        if found is None:
            start, end = starts[position], ends[position]
            text = "\n".join(lines[start:end])
            yield Statement(line=start + 1, source=text, tree=None, error=_syntax_message(text))
            position += 1
            continue
        module, position = found
        for node in module.body:
            yield from (_statement(one, lines) for one in _single_imports(node))


def _longest_needed(
    lines: list[str], starts: list[int], ends: list[int], position: int
) -> tuple[ast.Module, int] | None:
    """Return the parsed block that starts at `position` and the position after it, taking as few blocks as parse."""
    start = starts[position]
    for last in range(position, len(starts)):
        if ends[last] - start > BLOCK_LINES:
            return None
        # Empty lines in front keep the line numbers those of the cell.
        tree = _parse("\n" * start + "\n".join(lines[start : ends[last]]))
        if tree is not None:
            return tree, last + 1
    return None


def _starts_block(line: str) -> bool:
    return bool(line) and not line[0].isspace() and not line.startswith("#") and not _CONTINUES.match(line)


def _syntax_message(text: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return str(error.msg)
    except PARSE_ERRORS:
        return "this cannot be read as Python"
    return "this cannot be read as Python"
