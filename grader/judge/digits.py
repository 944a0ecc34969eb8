"""Judgements shared by labs that classify digits: each function is one question to the evidence.

A function returns when the answer is right and raises a `Verdict` otherwise. Consequences of an earlier mistake are not
charged again: each part answers for what was written there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from grader.evidence import Call, Cell, DataFacts, Mark, Snapshot, TapeStep
from grader.judge.case import Case, Place, has_convolution
from grader.judge.verdict import fail, no_evidence, not_attempted, timed_out
from grader.model import LayerRow
from grader.verification import VerifiedNetwork, VerifiedStep

CLASSES = 10
SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from a sum of one; float32 softmax stays within 1e-6."""

SOME_ROWS = 10_000
"""Training images that a `fit` has to be given: a split for validation is in order, a handful of images is not."""


# What is there at all?


def require_written(case: Case, part_id: str) -> list[tuple[Cell, Mark]]:
    """Return the places of a part in the code; ends the check where it is blank."""
    part = case.lab.part(part_id)
    blank = case.unfilled(part)
    if blank is not None:
        not_attempted(
            f"There is still {_article(case.lab.placeholder)} {case.lab.placeholder} here, so this part is not done yet.",
            "Replace it with code of your own. The text above the cell says what is needed.",
            place=blank,
        )
    places = case.places(part)
    if not places:
        not_attempted(
            f"Nothing in your file belongs to “{part.title}”.",
            "Was a cell deleted? Take it from the lab's own file again and fill it in.",
        )
    return places


def _article(word: str) -> str:
    return "an" if word[:1].upper() in "AEFHILMNORSX" else "a"


def nothing_recorded(case: Case, part_id: str, what: str) -> None:
    """End a check for which nothing was recorded: blank, out of time, stopped by an error, or simply not there."""
    places = require_written(case, part_id)
    for cell, mark in places:
        place = (cell.index, mark.line)
        if cell.state in ("timed_out", "memory_limit", "output_flood", "crashed"):
            timed_out(*_stopped(cell), place=place)
        if cell.state == "skipped" and case.evidence.ending != "done":
            timed_out(
                "Your program was ended before it came to this cell.",
                "Look at the cell that took too long or printed too much; this one may be in order.",
                place=place,
            )
    for cell, mark in places:
        failure = cell.failure
        if failure is not None:
            at = (failure.cell if failure.cell is not None else cell.index, failure.line)
            no_evidence(
                f"This cell stopped with {failure.type}: {failure.message}",
                _advice_for(failure.type, failure.message),
                place=at,
            )
        if cell.state == "ok":
            no_evidence(what, "Is this line reached when all cells run from top to bottom?", place=(cell.index, mark.line))
    no_evidence(what)


def _stopped(cell: Cell) -> tuple[str, str]:
    return {
        "timed_out": (
            "This cell ran out of time and was stopped.",
            "Is there a loop in it that never ends? The grader shortens training by itself, so long training is no problem.",
        ),
        "memory_limit": ("This cell used more memory than is allowed.", "Does it make a very large array, or grow a list for ever?"),
        "output_flood": ("This cell printed far too much and was stopped.", "Is there a print inside a loop that never ends?"),
    }.get(cell.state, ("Python itself crashed in this cell.", "Try to run the cell alone: which line ends the program?"))


def _advice_for(kind: str, message: str) -> str:
    if kind == "NameError":
        return "A name is used before it has been given a value. Is it spelt the same everywhere, and does the cell that sets it run?"
    if kind == "SyntaxError":
        return "Python cannot read this line. Look for a missing bracket, comma or quotation mark, there or one line above."
    if kind == "ModuleNotFoundError":
        return "This package is not part of the lab; the lab can be done without it."
    if "shape" in message or "ndim" in message or "incompatible" in message:
        return "The shape of the data does not fit the network. Print the shape of what you pass."
    return "Read the last line of the message: it names what Python could not do."


# The data


def require_prepared(case: Case, what: str) -> None:
    """Ask whether the images were scaled (`what` = "scale") or given a channel axis ("channel")."""
    require_written(case, "data_prep")
    for split in ("train", "test"):
        facts = list(_data_of(case, split))
        if not facts:
            nothing_recorded(case, "data_prep", f"No {split}ing images with the lab's digits were found." if split == "train" else "No test images were found.")
        problems = [_problem_with(fact, what) for fact in facts]
        if all(problem is not None for problem in problems):
            name = "training" if split == "train" else "test"
            rationale, hint = problems[0] or ("", "")
            fail(f"The {name} images {rationale}.", hint, defect=f"data-{what}", place=_place_of(case, "data_prep"))


def _data_of(case: Case, split: str) -> Iterable[DataFacts]:
    """Yield what the named images were at last, then what the networks were given."""
    wanted = next((n for n in case.lab.watched if n.startswith(split)), "")
    named = [value.data for value in case.evidence.values if value.name == wanted]
    yield from named[-1:]
    for call in case.evidence.calls:
        if call.data is not None and call.data.split == split and call.name in ("fit", "evaluate", "predict"):
            yield call.data


def _problem_with(data: DataFacts, what: str) -> tuple[str, str] | None:
    if what == "channel":
        if data.shape in ((28, 28, 1), (28, 28), (784,)) and (data.shape == (28, 28, 1)):
            return None
        return (
            f"have the shape (…, {', '.join(map(str, data.shape))}); expected is (…, 28, 28, 1)",
            "np.expand_dims, reshape and [..., np.newaxis] can all add an axis at the end.",
        )
    if not data.dtype.startswith("float"):
        return f"are of type {data.dtype}; expected are floating-point numbers from 0 to 1", "Divide by the largest pixel value, as a float."
    if data.low >= -1e-3 and 0.9 <= data.high <= 1.001:  # noqa: PLR2004 - the range that the lab asks for, with rounding
        return None
    return (
        f"have values from {data.low:.3g} to {data.high:.3g}; expected are values from 0 to 1",
        "The largest pixel value is 255. Divide by it, once.",
    )


def images_are_prepared(case: Case) -> bool:
    """Tell whether what the networks were given was prepared as the lab says; needed to excuse consequences."""
    fed = [call.data for call in case.calls("fit") if call.data is not None]
    return all(_problem_with(data, "scale") is None for data in fed)


def _place_of(case: Case, part_id: str) -> Place:
    places = case.places(case.lab.part(part_id))
    return (places[-1][0].index, places[-1][1].line) if places else (None, None)


# The networks


def snapshot_of(case: Case, role_id: str, part_id: str) -> Snapshot:
    """Return the first snapshot of a role; ends the check where there is none."""
    found = case.snapshots(role_id)
    if not found:
        role = case.role(role_id)
        nothing_recorded(case, part_id, f"No {role.title} was built: `{role.variable}` is no network that can be run.")
    return found[0]


def _network(case: Case, role_id: str, part_id: str) -> tuple[Snapshot, VerifiedNetwork | None]:
    blank = case.unfilled(case.lab.part(part_id))
    if blank is not None:
        require_written(case, part_id)
    snapshot = snapshot_of(case, role_id, part_id)
    return snapshot, case.verified.networks.get((snapshot.model, snapshot.call))


def require_ten_outputs(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network ends in ten outputs, and is of the right kind at all."""
    snapshot, verified = _network(case, role_id, part_id)
    layers = verified.layers if verified else snapshot.layers
    expected = case.expected.networks[role_id].layers
    place = _place_of(case, part_id)
    if has_convolution(expected) and not has_convolution(layers):
        fail(
            "This network has no convolution in it.",
            "A convolutional network begins with Conv2D layers; the fully connected one is another part of the lab.",
            defect="no-convolution",
            place=place,
        )
    width = layers[-1].output_shape if layers else ()
    if width != (CLASSES,):
        shown = width[0] if len(width) == 1 else width
        fail(
            f"The network ends in {shown} outputs; the lab has ten digits, so ten are expected.",
            "The number of units of the last layer is the number of classes.",
            defect="wrong-number-of-outputs",
            place=place,
        )


def require_probabilities(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the outputs of the network are probabilities of the ten digits, for images it has never seen."""
    snapshot, verified = _network(case, role_id, part_id)
    outputs = next((n.outputs for n in reversed(case.verified_networks(role_id)) if n.outputs is not None), None)
    place = _place_of(case, part_id)
    if outputs is None and _last_activation(verified.layers if verified else snapshot.layers) == "softmax":
        return
    if outputs is None:
        fail("The outputs of this network could not be computed.", "Does the network take a batch of images?", place=place)
    finite = np.where(np.isfinite(outputs), outputs, np.nan)
    sums = finite.sum(axis=1)
    diverged = np.isnan(sums)
    if diverged.all() and _last_activation(snapshot.layers) == "softmax":
        return  # Training blew up; the network itself is right, and another part says so.
    right = (np.abs(sums - 1) <= SUM_TOLERANCE) & (np.nanmin(finite, axis=1) >= -SUM_TOLERANCE)
    if outputs.shape[1] != CLASSES or not bool(right[~diverged].all()):
        example = float(sums[~diverged][0]) if (~diverged).any() else float("nan")
        fail(
            f"The outputs are no probabilities of ten digits: for the first image they add up to {example:.2f} instead of 1.",
            "Which activation turns ten numbers into ten probabilities that add up to one? It belongs in the last layer.",
            defect="outputs-are-no-probabilities",
            place=place,
        )


def _last_activation(layers: Sequence[LayerRow]) -> str:
    return layers[-1].activation if layers else "linear"


_IGNORED = frozenset({"Dropout", "SpatialDropout2D", "GaussianNoise", "Rescaling"})
_ACTIVATION_LAYERS = frozenset({"Activation", "ReLU", "Softmax", "ELU", "LeakyReLU"})
_MEANT = {"MaxPool2D": "MaxPooling2D"}


def require_architecture(case: Case, role_id: str, part_id: str, *, free_hidden: bool = False) -> None:
    """Ask whether the network has exactly the layers, shapes and parameters of the lab's.

    Args:
        case: the case.
        role_id: which network.
        part_id: the part that asks.
        free_hidden: whether any activation but the linear one will do in hidden dense layers.
    """
    snapshot, verified = _network(case, role_id, part_id)
    layers = normalised(verified.layers if verified else snapshot.layers)
    expected = normalised(case.expected.networks[role_id].layers)
    place = _place_of(case, part_id)
    for number, (mine, theirs) in enumerate(zip(layers, expected, strict=False), start=1):
        problem = _difference(mine, theirs, free=free_hidden and number < len(expected))
        if problem:
            fail(f"Layer {number} of your network ({mine.kind}) {problem}.", _compare_hint(), defect="other-architecture", place=place)
    if len(layers) != len(expected):
        fail(
            f"Your network has {len(layers)} layers; the lab asks for {len(expected)}.",
            _compare_hint(),
            defect="other-architecture",
            place=place,
        )
    parameters = verified.parameters if verified else snapshot.parameters
    wanted = case.expected.networks[role_id].parameters
    if parameters != wanted:
        fail(f"Your network has {parameters:,} parameters; the lab's has {wanted:,}.", _compare_hint(), defect="other-architecture", place=place)


def _compare_hint() -> str:
    return "Compare your layers with the lab's text, one by one. The table of layers in the report shows the first difference."


def normalised(layers: Sequence[LayerRow]) -> list[LayerRow]:
    """Return the layers as one would draw them: an activation that is a layer of its own belongs to the one before."""
    rows: list[LayerRow] = []
    for layer in layers:
        if layer.kind in _ACTIVATION_LAYERS and rows and rows[-1].activation == "linear":
            before = rows[-1]
            rows[-1] = LayerRow(
                kind=before.kind,
                output_shape=before.output_shape,
                parameters=before.parameters,
                activation=layer.activation,
                settings=before.settings,
            )
        elif layer.kind == "Reshape" and len(layer.output_shape) == 1:
            rows.append(LayerRow(kind="Flatten", output_shape=layer.output_shape, parameters=0))
        elif layer.kind not in _IGNORED and not (layer.kind == "Reshape" and layer.output_shape == (28, 28, 1)):
            rows.append(layer)
    return rows


def _difference(mine: LayerRow, theirs: LayerRow, *, free: bool) -> str:
    """Say in what a layer differs, or return an empty string."""
    if mine.kind != theirs.kind:
        return f"stands where the lab has {theirs.kind}"
    if mine.output_shape != theirs.output_shape:
        return f"gives the shape {_shape(mine)} where the lab's gives {_shape(theirs)}"
    if mine.parameters != theirs.parameters:
        return f"has {mine.parameters:,} parameters where the lab's has {theirs.parameters:,}"
    if mine.activation == theirs.activation or (free and mine.activation != "linear"):
        return ""
    return "has no activation" if mine.activation == "linear" else f"has the activation {mine.activation}, which is not the lab's"


def _shape(layer: LayerRow) -> str:
    return "(" + ", ".join(map(str, layer.output_shape)) + ")"


# Compile


CROSS_ENTROPY = -(2 * float(np.log(0.55)) + float(np.log(0.05))) / 3
"""Mean cross-entropy (nats) of the three rows on which the worker tries a loss: two right at 0.55, one wrong at 0.05."""

CROSS_ENTROPY_TOLERANCE = 0.02


def _compile_call(case: Case, role_id: str, part_id: str) -> Call:
    blank = case.unfilled(case.lab.part(part_id))
    if blank is not None:
        require_written(case, part_id)
    calls = case.calls("compile", case.models(role_id))
    if not calls:
        role = case.role(role_id)
        nothing_recorded(case, part_id, f"The {role.title} is never compiled: `compile` was not called on `{role.variable}`.")
    return calls[-1]


def require_loss(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the loss is the cross-entropy for the labels that the network is trained with."""
    call = _compile_call(case, role_id, part_id)
    place = (call.cell, call.line)
    if call.error:
        fail(f"`compile` stopped: {call.error}", "Check the names of the arguments and their spelling.", place=place)
    settings = call.settings
    name = str(settings.get("loss") or "")
    for labels in ("integer", "one_hot"):
        value = settings.get(f"loss_{labels}")
        if labels in _label_kinds(case, role_id) and isinstance(value, float):
            if abs(value - CROSS_ENTROPY) <= CROSS_ENTROPY_TOLERANCE:
                return
    fail(*_loss_problem(name, settings), defect="wrong-loss", place=place)


def _label_kinds(case: Case, role_id: str) -> set[str]:
    """Return the kinds of labels that the network was trained with, integers where it never was."""
    kinds = {call.data.labels for call in case.calls("fit", case.models(role_id)) if call.data}
    known = kinds & {"integer", "one_hot"}
    return known or {"integer"}


def _loss_problem(name: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    error = str(settings.get("loss_error") or "")
    if "could not interpret" in error.lower():
        return f"Keras knows no loss called {name!r}.", "Which loss of Keras takes whole numbers as labels? Check the spelling."
    if not name:
        return "No loss is given, so there is nothing to learn from.", "Pass loss=… to compile."
    return (
        f"The loss {name!r} is not the cross-entropy between these labels and the network's probabilities.",
        "The labels are whole numbers and the outputs are probabilities: which loss of Keras fits both, with its default settings?",
    )


def require_accuracy_metric(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the accuracy is reported."""
    call = _compile_call(case, role_id, part_id)
    metrics = [str(metric) for metric in call.settings.get("metrics", ())]
    wrong = {"Accuracy", "BinaryAccuracy", "binary_accuracy"}
    if not any(("acc" in metric.lower()) and metric not in wrong for metric in metrics):
        fail(
            "The accuracy is not among the metrics, so `evaluate` returns only the loss.",
            'Pass metrics=["accuracy"] to compile.',
            defect="no-accuracy-metric",
            place=(call.cell, call.line),
        )


def require_learning(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether training with this optimizer got anywhere; not asked where another mistake explains that it did not."""
    call = _compile_call(case, role_id, part_id)
    fits = [fit for fit in case.calls("fit", case.models(role_id)) if fit.finished]
    trained = [n for s, n in _trained(case, role_id) if s.stage == "trained"]
    if not fits or not trained or _has_other_mistakes(case, role_id):
        return
    accuracies = [accuracy for network in trained if (accuracy := case.accuracy(network)) is not None]
    if not accuracies and all(network.outputs is None for network in trained):
        return
    best, wanted = max(accuracies, default=0.0), case.expected.accuracy[role_id]
    if best >= wanted or _still_learning(fits):
        return
    fail(
        f"After training, the {case.role(role_id).title} reads only {best:.0%} of new images correctly.",
        "A learning rate that is far too large or far too small keeps a network from learning. Try the one that the lab names, or Keras' default.",
        defect="does-not-learn",
        place=(call.cell, call.line),
    )


def _trained(case: Case, role_id: str) -> list[tuple[Snapshot, VerifiedNetwork]]:
    pairs = [(s, case.verified.networks.get((s.model, s.call))) for s in case.snapshots(role_id)]
    return [(snapshot, network) for snapshot, network in pairs if network is not None]


def _has_other_mistakes(case: Case, role_id: str) -> bool:
    """Tell whether something else than the optimizer explains poor results: data, labels, outputs, or loss."""
    fits = case.calls("fit", case.models(role_id))
    if not images_are_prepared(case) or any(not _fit_is_right(fit) for fit in fits):
        return True
    questions = ((require_ten_outputs, "build"), (require_probabilities, "build"), (require_loss, "compile"))
    for question, part in questions:
        try:
            question(case, role_id, f"{role_id}_{part}")
        except Exception:  # noqa: BLE001 - any verdict but passed explains it
            return True
    return False


LEARNING = 0.03
"""A loss that falls by this share within a capped training is still on its way: slow optimizers are allowed."""


def _still_learning(fits: Sequence[Call]) -> bool:
    losses = [fit.result.get("history", {}).get("loss") for fit in fits]
    curves = [curve for curve in losses if isinstance(curve, list) and len(curve) > 1]
    return any(
        isinstance(curve[0], float) and isinstance(curve[-1], float) and curve[-1] < (1 - LEARNING) * curve[0]
        for curve in curves
    )


# Fit


def _fit_is_right(fit: Call) -> bool:
    data = fit.data
    return data is not None and data.split in ("train", "other") and data.labels in ("integer", "one_hot", "unknown")


def require_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network is trained on the training images with their own labels."""
    models, role = case.models(role_id), case.role(role_id)
    blank = case.unfilled(case.lab.part(part_id))
    calls = case.calls("fit", models)
    if blank is not None or not calls:
        require_written(case, part_id)
        _complain_of_other_network(case, role_id, part_id, "fit")
        nothing_recorded(case, part_id, f"The {role.title} is never trained: `fit` was not called on `{role.variable}`.")
    problems = [_fit_problem(call) for call in calls]
    if any(problem is None for problem in problems):
        return
    rationale, hint, defect = problems[-1] or ("", "", "")
    fail(rationale, hint, defect=defect, place=(calls[-1].cell, calls[-1].line))


def _fit_problem(call: Call) -> tuple[str, str, str] | None:
    data = call.data
    if data is None:
        return f"`fit` was not given any images. {call.error}".strip(), "fit needs the images first and their labels second.", "fit-without-data"
    if data.split == "test":
        return (
            "The network is trained on the test images.",
            "The test images are for the end: what a network has seen in training says nothing about new images. Train on train_images and train_labels.",
            "trains-on-test-data",
        )
    if data.split == "mixed":
        return "The network is trained on training and test images together.", "Keep the test images for the evaluation.", "trains-on-test-data"
    if data.labels in ("mismatch", "absent"):
        return (
            "The labels do not belong to the images that are trained on.",
            "Pass the images and the labels of the same set, in the same order.",
            "labels-do-not-match",
        )
    if data.rows < SOME_ROWS and data.split == "train":
        return f"The network is trained on {data.rows:,} images only.", "Use all the training images; the grader shortens the training by itself.", "few-images"
    if call.error.startswith("TypeError") and "argument" in call.error:
        return f"`fit` stopped: {call.error}", "Check the names of the arguments.", "fit-arguments"
    return None


# Evaluate


def require_evaluate(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the right network is evaluated on the test images with their own labels."""
    models, role = case.models(role_id), case.role(role_id)
    blank = case.unfilled(case.lab.part(part_id))
    calls = case.calls("evaluate", models)
    if blank is not None or not calls:
        require_written(case, part_id)
        _complain_of_other_network(case, role_id, part_id, "evaluate")
        nothing_recorded(case, part_id, f"The {role.title} is never evaluated: `evaluate` was not called on `{role.variable}`.")
    problems = [_evaluate_problem(call) for call in calls]
    if all(problem is not None for problem in problems):
        rationale, hint, defect = problems[-1] or ("", "", "")
        fail(rationale, hint, defect=defect, place=(calls[-1].cell, calls[-1].line))


def _evaluate_problem(call: Call) -> tuple[str, str, str] | None:
    data = call.data
    if data is None:
        return f"`evaluate` was not given any images. {call.error}".strip(), "evaluate needs the images first and their labels second.", "evaluate-without-data"
    if data.split in ("train", "mixed"):
        return (
            "The network is evaluated on images that it was trained with.",
            "Only new images show how well it generalises: use test_images and test_labels.",
            "evaluates-on-training-data",
        )
    if data.labels in ("mismatch", "absent"):
        return "The labels do not belong to the images that are evaluated.", "Pass the test images and the test labels.", "labels-do-not-match"
    return None


def require_evaluate_after_fit(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the evaluation comes after the training; asked only where there is both."""
    require_evaluate(case, role_id, part_id)
    models, role = case.models(role_id), case.role(role_id)
    right = [call for call in case.calls("evaluate", models) if _evaluate_problem(call) is None]
    fits = case.calls("fit", models)
    if not fits:
        return
    before = [call for call in right if not any(fit.number < call.number and fit.model == call.model for fit in fits)]
    if len(before) == len(right) and any(fit.model == call.model for fit in fits for call in right):
        fail(
            f"The {role.title} is evaluated before it is trained.",
            "Evaluate it after `fit`, so that the result says what it has learnt.",
            defect="evaluates-before-training",
            place=(right[-1].cell, right[-1].line),
        )


def _complain_of_other_network(case: Case, role_id: str, part_id: str, method: str) -> None:
    """Name the commonest slip: the call in this part's place goes to another network."""
    role = case.role(role_id)
    spots = {(cell.index, line) for cell, mark in case.places(case.lab.part(part_id)) for line in range(mark.line, mark.end_line + 1)}
    for call in case.calls(method):
        other = case.role_of(call.model)
        if (call.cell, call.line) in spots and other is not None and other.id != role_id:
            mine = case.name_of(call.model) or other.variable
            doing = {"fit": "trains", "evaluate": "evaluates"}[method]
            fail(
                f"This line {doing} `{mine}`, the {other.title}; the {role.title} is `{_variable(case, role_id)}`.",
                f"Call `{method}` on the {role.title}.",
                defect=f"{method}-of-other-network",
                place=(call.cell, call.line),
            )


def _variable(case: Case, role_id: str) -> str:
    names = [case.name_of(model) for model in sorted(case.models(role_id))]
    return next((name for name in names if name), case.role(role_id).variable)


# The prediction


def require_predictions_of(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the predictions are those of the right network for the test images."""
    require_written(case, part_id)
    calls = case.calls("predict")
    mine = [call for call in calls if call.model in case.models(role_id)]
    role = case.role(role_id)
    if any(call.data is None or call.data.split in ("test", "other") for call in mine):
        return
    if mine:
        fail("The predictions are made for training images.", "Predict the test images.", defect="predicts-training-data", place=(mine[-1].cell, mine[-1].line))
    if calls:
        fail(
            f"The predictions come from `{case.name_of(calls[-1].model) or 'another network'}`; the {role.title} is `{_variable(case, role_id)}`.",
            f"Call `predict` on the {role.title}.",
            defect="predicts-with-other-network",
            place=(calls[-1].cell, calls[-1].line),
        )
    probe = next((probe for probe in case.evidence.probes if probe.name == case.lab.prediction), None)
    if probe is not None and any(answer is not None for answer in probe.answers) and case.models(role_id):
        return  # Predicted by calling the network itself: what the expression does is judged by the other check.
    no_evidence("No predictions were made.", "Does the cell that calls `predict` run?", place=_place_of(case, part_id))


def require_argmax(case: Case, part_id: str) -> None:
    """Ask whether the expression finds the likeliest digit of the first image, on predictions the grader chose."""
    require_written(case, part_id)
    name = case.lab.prediction
    probe = next((probe for probe in case.evidence.probes if probe.name == name), None)
    if probe is None:
        nothing_recorded(case, part_id, f"No value is given to `{name}`.")
        return
    place = (probe.cell, probe.line)
    if probe.error:
        no_evidence(f"The expression stopped with {probe.error}", "Index 0 is the first image; its row has ten values.", place=place)
    wanted = [int(trial[0].argmax()) for trial in case.trials]
    if len(probe.answers) == len(wanted) and all(a == w for a, w in zip(probe.answers, wanted, strict=True)):
        return
    fail(*_argmax_problem(probe.answers, probe.kind, case), place=place)


def _argmax_problem(answers: Sequence[object], kind: str, case: Case) -> tuple[str, str]:
    if kind.startswith("array"):
        return (
            f"`{case.lab.prediction}` is an {kind} values; expected is one digit.",
            "A prediction is a row of ten probabilities. At which position is the largest of them?",
        )
    whole = [int(trial.argmax()) % (len(trial) * CLASSES) for trial in case.trials]
    if list(answers) == [float(value) for value in whole] or any(isinstance(a, float) and a >= CLASSES for a in answers):
        return (
            "The largest value is looked for in the predictions of all images at once.",
            "Take the predictions of the first image only, then find the position of the largest one.",
        )
    if any(isinstance(a, float) and a != int(a) for a in answers):
        return (
            f"`{case.lab.prediction}` is a probability, not a digit.",
            "You found the largest value; asked is its position, which is the digit.",
        )
    return (
        f"On predictions that the grader chose, `{case.lab.prediction}` is not the likeliest digit of the first image.",
        "Find the position of the largest of the ten values in the first row, from `predictions` itself.",
    )


# The hand-written step

COSINE_AT_LEAST = 0.99
STOCHASTIC_COSINE = 0.6
"""Dropout and batch normalisation make the student's own pass differ from the evaluation pass it is compared with."""

SCALE_TOLERANCE = 0.15
"""Allowed mismatch between the scale of the loss and that of the gradient: a mean, a sum and a vector are all in order,
but the gradient must be that of the same loss. Softmax outputs taken for logits shrink it about tenfold."""


def tape_steps(case: Case, part_id: str) -> list[tuple[TapeStep, VerifiedStep | None]]:
    """Return the recorded steps of the hand-written loop with what was verified of them."""
    require_written(case, part_id)
    steps = [(step, case.verified.steps.get(step.number)) for step in case.evidence.tape]
    if not steps:
        nothing_recorded(case, part_id, "No gradient was computed with the tape.")
    return steps


def require_tape_batches(case: Case, part_id: str) -> None:
    """Ask whether the loop runs a network on batches of training images inside the tape."""
    steps = tape_steps(case, part_id)
    step = steps[0][0]
    place = (step.cell, step.line)
    if step.model is None:
        fail(
            "The gradient is not taken with respect to the variables of a network.",
            "Pass the trainable_variables of the network that ran inside the tape.",
            defect="gradient-of-other-variables",
            place=place,
        )
    if step.split == "test":
        fail("The loop trains on the test images.", "Use the training images; the test images are for the evaluation.", defect="trains-on-test-data", place=place)


def require_gradient(case: Case, part_id: str) -> None:
    """Ask whether the gradient is that of the cross-entropy, for all trainable variables."""
    steps = tape_steps(case, part_id)
    first = steps[0][0]
    place = (first.cell, first.line)
    if first.missing >= first.variables > 0:
        fail(
            "The gradient of the loss with respect to the network's variables is None: the loss does not depend on them.",
            "The network must run inside the `with tf.GradientTape()` block, and the loss must be made from its outputs.",
            defect="gradient-is-none",
            place=place,
        )
    checked = [(step, verified) for step, verified in steps if verified is not None]
    if not checked:
        if first.model is None or first.split == "test":
            require_tape_batches(case, part_id)
        if _unverifiable_is_plausible(steps):
            return
        fail("The gradient could not be checked against the training images and their labels.", "Take images and labels of the same batch from the training data.", place=place)
    for step, verified in checked:
        problem = _gradient_problem(step, verified)
        if problem:
            fail(problem[0], problem[1], defect=problem[2], place=(step.cell, step.line))


def _unverifiable_is_plausible(steps: Sequence[tuple[TapeStep, VerifiedStep | None]]) -> bool:
    """Judge a network that cannot be rebuilt by what is known: a loss per image, and gradients for its variables."""
    return all(step.spec is None and _is_loss(step) and step.missing == 0 for step, _ in steps)


def _is_loss(step: TapeStep) -> bool:
    return step.target_shape == () or len(step.target_shape) == 1


def _gradient_problem(step: TapeStep, verified: VerifiedStep) -> tuple[str, str, str] | None:
    if not _is_loss(step) and step.target_shape[-1:] == (CLASSES,):
        return (
            "The gradient is taken of the network's outputs, not of the loss.",
            "What should become small is the loss: ask the tape for the gradient of the loss.",
            "gradient-of-outputs",
        )
    lowest = STOCHASTIC_COSINE if verified.stochastic else COSINE_AT_LEAST
    if not verified.cosine >= lowest:
        return (
            f"The gradient does not point where the gradient of the cross-entropy points (the cosine between them is {verified.cosine:.2f}, expected is 1).",
            "Is the loss the sparse categorical cross-entropy between the labels of this batch and the outputs for its images, and is the gradient taken for all trainable variables?",
            "wrong-gradient",
        )
    count = int(np.prod(step.target_shape, dtype=np.int64)) if step.target_shape else 1
    scale = (step.loss or 0.0) * count / max(verified.loss, 1e-9)
    if not verified.stochastic and not abs(verified.norm_ratio / max(scale, 1e-9) - 1) <= SCALE_TOLERANCE:
        return (
            "The loss is not the cross-entropy of the network's probabilities: its gradient is "
            f"{verified.norm_ratio / max(scale, 1e-9):.2g} times as large as it should be.",
            "The network ends in a softmax, so its outputs are probabilities already. What does from_logits mean?",
            "from-logits-on-probabilities",
        )
    return None


def require_update(case: Case, part_id: str) -> None:
    """Ask whether the weights are moved downhill."""
    steps = tape_steps(case, part_id)
    first = steps[0][0]
    place = (first.cell, first.line)
    moved = [_moved(step) for step, _ in steps]
    if not any(moved):
        fail(
            "The gradient is computed, but the weights of the network stay as they are.",
            "The optimizer's apply_gradients takes pairs of gradient and variable.",
            defect="gradient-not-applied",
            place=place,
        )
    checked = [v for step, v in steps if v is not None and v.moved > 0 and not _gradient_problem(step, v)]
    if checked and not all(verified.descent < 0 for verified in checked[:1]):
        fail(
            "The weights are moved uphill: the loss grows with every step.",
            "Hand the gradients to the optimizer as they are; it subtracts them by itself.",
            defect="gradient-ascent",
            place=place,
        )


def _moved(step: TapeStep) -> bool:
    pairs = zip(step.before, step.after, strict=False)
    return any(a.shape == b.shape and bool((a != b).any()) for b, a in pairs)


