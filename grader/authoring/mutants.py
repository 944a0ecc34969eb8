"""Mutants of a reference: the solution with one thing wrong, made by operators for Keras labs.

An operator looks at one node of the syntax tree and yields changes: a new text for that node, and what is wrong with
it. The text around it stays as it is, so cells and lines stay, too. A mutant that is right after all, because the lab
leaves the choice open, carries the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.labs import Lab

OTHER_ACTIVATIONS = {"relu": ("tanh",), "softmax": ("sigmoid", "relu")}
WRONG_LOSSES = (
    '"categorical_crossentropy"',
    '"sparse_categorical_crossentropy"',
    '"mse"',
    '"binary_crossentropy"',
    "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
)
WINDOWED = ("Conv2D", "MaxPool2D", "MaxPooling2D")
OTHER_DIGITS = ("np.argmin", "np.max", "np.argmax(predictions[1])", "np.argmax(predictions)", "test_labels[0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an operator does: the node to replace, the new text, and what that means in words.

    `part` names the part that has to notice, where the place in the code does not tell. `free` is the reason why
    nothing has to be noticed. `trained` says that only real training shows it.
    """

    node: ast.expr | ast.stmt
    text: str
    note: str
    part: str = ""
    free: str = ""
    trained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed solution, as a percent script; `cell` and `line` say where it was changed."""

    operator: str
    note: str
    cell: int
    line: int
    source: str
    part: str
    free: str
    trained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an operator may know: the lab, and the nodes that a node stands in, the innermost first."""

    lab: Lab
    parents: Sequence[ast.AST]

    @property
    def statement(self) -> ast.stmt:
        """The innermost statement around the node."""
        return next(node for node in self.parents if isinstance(node, ast.stmt))

    @property
    def function(self) -> str:
        """The name of the function around the node, or an empty string."""
        return next((node.name for node in self.parents if isinstance(node, ast.FunctionDef)), "")

    @property
    def in_tape_loop(self) -> bool:
        """Whether the node belongs to a hand-written training loop."""
        return any(isinstance(node, ast.For) and "GradientTape" in ast.dump(node) for node in self.parents)

    def other(self, variable: str) -> str:
        """Return the variable of another network, or an empty string where this one is none."""
        variables = [role.variable for role in self.lab.roles]
        return next((name for name in variables if name != variable), "") if variable in variables else ""


Operator = Callable[[Scene, ast.AST], Iterator[Change]]
OPERATORS: dict[str, Operator] = {}


def _operator(function: Operator) -> Operator:
    OPERATORS[function.__name__.strip("_").replace("_", " ")] = function
    return function


def mutants(lab: Lab, cells: Sequence[str]) -> Iterator[Mutant]:
    """Yield every mutant of a solution.

    Args:
        lab: the lab, whose variables the operators know.
        cells: the sources of the code cells, in order.
    """
    for index, source in enumerate(cells, start=1):
        for node, parents in _walk(ast.parse(source), ()):
            for name, operator in OPERATORS.items():
                for change in operator(Scene(lab=lab, parents=parents), node):
                    changed = [*cells[: index - 1], _replaced(source, change.node, change.text), *cells[index:]]
                    yield Mutant(
                        operator=name,
                        note=change.note,
                        cell=index,
                        line=change.node.lineno,
                        source="\n".join(f"# %%\n{cell}\n" for cell in changed),
                        part=change.part,
                        free=change.free,
                        trained=change.trained,
                    )


def _walk(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    for child in ast.iter_child_nodes(node):
        yield child, (node, *parents)
        yield from _walk(child, (node, *parents))


def _replaced(source: str, node: ast.expr | ast.stmt, text: str) -> str:
    """Return the source with the text of a node replaced; columns of the syntax tree count UTF-8 bytes."""
    lines = source.encode().split(b"\n")
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    return b"\n".join([*lines[:first], head + text.encode() + tail, *lines[last + 1 :]]).decode()


def _method(node: ast.AST) -> tuple[str, str]:
    """Return (object, method) of a call of a method of a variable, or two empty strings."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
            return owner, method
        case _:
            return "", ""


def _called(node: ast.AST) -> str:
    """Return the last name of what is called, such as `Dense`, or an empty string."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
        case _:
            return ""


def _keyword(node: ast.AST, name: str) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _without(call: ast.Call, keyword: str) -> str:
    kept = [word for word in call.keywords if word.arg != keyword]
    return ast.unparse(ast.Call(func=call.func, args=call.args, keywords=kept))


def _with(call: ast.Call, **keywords: str) -> str:
    added = [ast.keyword(arg=name, value=ast.parse(text, mode="eval").body) for name, text in keywords.items()]
    return ast.unparse(ast.Call(func=call.func, args=call.args, keywords=[*call.keywords, *added]))


def _activation(node: ast.AST) -> tuple[ast.expr | None, str]:
    value = _keyword(node, "activation")
    match value:
        case ast.Constant(value=str(name)) | ast.Attribute(attr=name):
            return value, name
        case _:
            return None, ""


def _is_output_layer(scene: Scene) -> bool:
    return bool(scene.parents) and isinstance(scene.parents[0], ast.List)


def _hidden_choice(scene: Scene, node: ast.AST) -> str:
    """Return why another activation is in order: that of the hidden layer of the first network is free."""
    role = scene.lab.roles[0]
    is_hidden = scene.function == role.builder and _called(node) == "Dense" and _activation(node)[1] != "softmax"
    return (
        f"the activation of the hidden layer of the {role.title} is the student's choice"
        if is_hidden and role.free_hidden
        else ""
    )


# The networks.


@_operator
def _drop_activation(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _activation(node)[1]:
        yield Change(node=node, text=_without(node, "activation"), note=f"{_called(node)} without its activation")


@_operator
def _change_activation(scene: Scene, node: ast.AST) -> Iterator[Change]:
    value, name = _activation(node)
    for other in OTHER_ACTIVATIONS.get(name, ()):
        if value is not None:
            note = f"{_called(node)} with {other} instead of {name}"
            yield Change(node=value, text=repr(other), note=note, free=_hidden_choice(scene, node))


@_operator
def _change_units(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Call) or _called(node) not in ("Dense", "Conv2D"):
        return
    size = node.args[0] if node.args else _keyword(node, "filters") or _keyword(node, "units")
    if isinstance(size, ast.Constant) and isinstance(size.value, int):
        for other in dict.fromkeys((size.value // 2, size.value + 1, 128)):
            if other != size.value:
                yield Change(node=size, text=str(other), note=f"{_called(node)} of {other} instead of {size.value}")


@_operator
def _change_kernel(scene: Scene, node: ast.AST) -> Iterator[Change]:
    layer = next((parent for parent in scene.parents if isinstance(parent, ast.Call)), None)
    # The size of a figure is a pair of numbers, too.
    if layer is None or _called(layer) not in WINDOWED:
        return
    match node:
        case ast.Tuple(elts=[ast.Constant(value=int(size)), ast.Constant(value=int(again))]) if size == again <= 9:  # noqa: PLR2004
            yield Change(
                node=node, text=f"({size + 2}, {size + 2})", note=f"{size + 2} × {size + 2} instead of {size} × {size}"
            )


@_operator
def _drop_layer(scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _is_output_layer(scene) and _called(scene.parents[1]) == "Sequential":
        siblings = scene.parents[0]
        text = ", ".join(ast.unparse(layer) for layer in getattr(siblings, "elts", ()) if layer is not node)
        free = "Keras takes the shape from the first images" if _called(node) in ("Input", "InputLayer") else ""
        if isinstance(siblings, ast.List):
            note = f"without {_called(node)} in line {node.lineno}"
            yield Change(node=siblings, text=f"[{text}]", note=note, free=free)


@_operator
def _average_pooling(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _called(node) in WINDOWED[1:]:
        text = ast.unparse(node).replace(_called(node), "AveragePooling2D")
        yield Change(node=node, text=text, note="average pooling instead of max pooling")


@_operator
def _softmax_twice(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _activation(node)[1] == "softmax":
        yield Change(node=node, text=f"{ast.unparse(node)}, tf.keras.layers.Softmax()", note="softmax twice")


# Compile, fit and evaluate.


@_operator
def _swap_network(scene: Scene, node: ast.AST) -> Iterator[Change]:
    owner, method = _method(node)
    other = scene.other(owner)
    if isinstance(node, ast.Call) and other and method in ("compile", "fit", "evaluate", "predict"):
        shows = _shown_by(scene) if method == "predict" else ""
        free = "" if method != "predict" or shows else "nothing is done with what is predicted here"
        text = ast.unparse(node).replace(f"{owner}.", f"{other}.", 1)
        yield Change(node=node, text=text, note=f"{method} of `{other}` instead of `{owner}`", part=shows, free=free)


@_operator
def _wrong_loss(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    loss = _keyword(node, "loss") if _method(node)[1] == "compile" else None
    for other in WRONG_LOSSES if loss is not None else ():
        if ast.dump(ast.parse(other, mode="eval").body) == ast.dump(loss):  # type: ignore[arg-type] # not None here
            continue
        yield Change(node=loss, text=other, note=f"loss {other}")  # type: ignore[arg-type] # not None here


@_operator
def _missing_loss(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] == "compile":
        yield Change(node=node, text=_without(node, "loss"), note="compile without a loss")


@_operator
def _missing_metrics(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] == "compile":
        yield Change(node=node, text=_without(node, "metrics"), note="compile without metrics")


@_operator
def _wrong_metric(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    metrics = _keyword(node, "metrics")
    if metrics is not None:
        yield Change(node=metrics, text='["mae"]', note="another metric than the accuracy")


@_operator
def _wild_learning_rate(scene: Scene, node: ast.AST) -> Iterator[Change]:
    rate = _keyword(node, "learning_rate")
    if rate is not None and _method(getattr(scene.statement, "value", node))[1] == "compile":
        for other in ("0.0", "1000.0"):
            yield Change(node=rate, text=other, note=f"learning rate {other}", trained=True)


@_operator
def _call_missing(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Expr(value=call) if _method(call)[1] in ("compile", "fit", "apply_gradients"):
            yield Change(node=node, text="pass", note=f"{_method(call)[1]} is never called")
        case ast.Assign(value=call) if _method(call)[1] == "evaluate":
            targets = ast.unparse(node.targets[0])
            yield Change(node=node, text=f"{targets} = 0.05, 0.985", note="the results of evaluate are typed in")


def _fed(node: ast.AST) -> list[ast.Name]:
    """Return the images, and the labels behind them, that a call is given as names."""
    return [each for each in node.args[:2] if isinstance(each, ast.Name)] if isinstance(node, ast.Call) else []


def _renamed(node: ast.Call, names: dict[str, str]) -> str:
    """Return a call with other things in the place of some names that it is given."""
    given = [names.get(a.id, a.id) if isinstance(a, ast.Name) else ast.unparse(a) for a in node.args]
    args = [ast.parse(text, mode="eval").body for text in given]
    return ast.unparse(ast.Call(func=node.func, args=args, keywords=node.keywords))


@_operator
def _other_split(scene: Scene, node: ast.AST) -> Iterator[Change]:
    method = _method(node)[1]
    if isinstance(node, ast.Call) and method in ("fit", "evaluate", "predict"):
        split, other = ("train", "test") if method == "fit" else ("test", "train")
        names = {name.id: name.id.replace(split, other) for name in _fed(node) if split in name.id}
        if names:
            part = _shown_by(scene) if method == "predict" else ""
            yield Change(node=node, text=_renamed(node, names), note=f"{method} with the {other} images", part=part)


def _shown_by(scene: Scene) -> str:
    """Return the part in which it shows what a statement keeps of predictions, or an empty string."""
    lab, statement = scene.lab, scene.statement
    if not isinstance(statement, ast.Assign) or ast.unparse(statement.targets[0]) != lab.predictions:
        return ""
    return next((part.id for part in lab.parts if {lab.prediction, *lab.answers} & {*part.anchor.assigns}), "")


@_operator
def _other_labels(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if _method(node)[1] in ("fit", "evaluate"):
        for label in _fed(node)[1:]:
            yield Change(node=label, text=f"{label.id}[::-1]", note="labels in another order than the images")
            split, other = ("train", "test") if "train" in label.id else ("test", "train")
            yield Change(node=label, text=label.id.replace(split, other), note="labels of the other split")


@_operator
def _images_and_labels_exchanged(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] in ("fit", "evaluate") and len(node.args) > 1:
        exchanged = ast.Call(func=node.func, args=[node.args[1], node.args[0], *node.args[2:]], keywords=node.keywords)
        yield Change(node=node, text=ast.unparse(exchanged), note="labels where the images belong")


@_operator
def _few_images(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] == "fit" and _fed(node):
        names = {name.id: f"{name.id}[:200]" for name in _fed(node)}
        yield Change(node=node, text=_renamed(node, names), note="trained on 200 images")


@_operator
def _results_in_the_wrong_order(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=[first, second])], value=call) if _method(call)[1] == "evaluate":
            text = f"{ast.unparse(second)}, {ast.unparse(first)} = {ast.unparse(call)}"
            yield Change(node=node, text=text, note="loss and accuracy exchanged")


# The images.


@_operator
def _images_not_scaled(scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=number), left=left) if number == 255:  # noqa: PLR2004
            free = _why_not_graded(scene)
            yield Change(node=node, text=ast.unparse(left), note="pixels not divided", free=free)
            yield Change(node=node, text=f"({ast.unparse(left)} / 25.5)", note="pixels divided by 25.5", free=free)


@_operator
def _axis_missing(scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _called(node) == "expand_dims":
        free = _why_not_graded(scene)
        yield Change(node=node, text=ast.unparse(node.args[0]), note="no channel axis", free=free)


def _why_not_graded(scene: Scene) -> str:
    """Return why nobody has to notice what becomes of the images, or an empty string where a part asks for them."""
    parts = scene.lab.parts
    is_graded = any(part.id == "data_prep" or scene.function in part.anchor.defines for part in parts)
    return "" if is_graded else "the lab hands out this cell and does not grade it"


# The prediction.


@_operator
def _wrong_digit(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and ast.unparse(node) == "np.argmax(predictions[0])":
        for other in OTHER_DIGITS:
            text = other if "[" in other or "(" in other else f"{other}(predictions[0])"
            yield Change(node=node, text=text, note=f"the digit is {text}")
        yield Change(
            node=node, text="np.argmax(predictions, axis=0)[0]", note="the position is looked for along axis 0"
        )
        yield Change(node=node, text="predictions[0]", note="the digit is the whole row")
        yield Change(node=node, text="7", note="the digit is typed in")


# The training step by hand.


@_operator
def _gradient_of_the_wrong_thing(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] == "gradient":
        yield Change(node=node.args[0], text="logits", note="the gradient of the outputs")
        yield Change(node=node.args[0], text=f"-({ast.unparse(node.args[0])})", note="the gradient of minus the loss")
        yield Change(node=node.args[0], text="tf.reduce_sum(images)", note="the gradient of something else")


@_operator
def _gradient_with_respect_to_others(scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _method(node)[1] == "gradient":
        owner = ast.unparse(node.args[1]).split(".", 1)[0]
        if other := scene.other(owner):
            yield Change(node=node.args[1], text=f"{other}.trainable_variables", note="variables of another network")
        yield Change(node=node.args[1], text="[images]", note="the gradient with respect to the images")


@_operator
def _tape_loss(scene: Scene, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and scene.in_tape_loop and "crossentropy" in _called(node):
        yield Change(node=node, text=_with(node, from_logits="True"), note="from_logits on probabilities")
        exchanged = ast.Call(func=node.func, args=node.args[::-1], keywords=node.keywords)
        yield Change(node=node, text=ast.unparse(exchanged), note="labels and outputs exchanged in the loss")
        yield Change(node=node, text="tf.reduce_mean(logits)", note="the loss is the mean of the outputs")
        yield Change(
            node=node, text="tf.reduce_mean((tf.one_hot(labels, 10) - logits) ** 2)", note="squared errors as loss"
        )
        yield Change(node=node.args[0], text=f"{ast.unparse(node.args[0])}[::-1]", note="labels in another order")


@_operator
def _tape_runs_another_network(scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Call(func=ast.Name(id=name)) if scene.in_tape_loop and scene.other(name):
            yield Change(node=node.func, text=scene.other(name), note="another network runs inside the tape")


@_operator
def _tape_on_test_images(scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Subscript(value=ast.Name(id="train_images") as images) if scene.in_tape_loop:
            yield Change(node=images, text="test_images", note="images of the test set with labels of the training set")


@_operator
def _uphill(_scene: Scene, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Call(func=ast.Name(id="zip"), args=[ast.Name(id=grads), *_]):
            text = ast.unparse(node).replace(grads, f"[-g for g in {grads}]", 1)
            yield Change(node=node, text=text, note="the gradients are applied with the wrong sign")
