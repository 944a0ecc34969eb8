"""Questions about a network itself: its outputs, its layers, its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from grader.evidence import Snapshot
from grader.judge.case import Case, has_convolution
from grader.judge.reading import advice_for, nothing_recorded, place_of, place_of_made, require_filled
from grader.judge.verdict import Place, fail, no_evidence
from grader.language import gettext as _
from grader.language import pgettext, whole
from grader.model import LayerRow
from grader.wire import Array

CLASSES = 10
SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from a sum of one; float32 softmax stays within 1e-6."""

_TRANSPARENT = frozenset({"Dropout", "SpatialDropout2D", "GaussianNoise", "Rescaling"})
_ACTIVATIONS = frozenset({"Activation", "ReLU", "Softmax", "ELU", "LeakyReLU"})

_ALIASES = {
    "Conv2D": {"Conv2D", "Convolution2D"},
    "MaxPooling2D": {"MaxPooling2D", "MaxPool2D"},
    "AveragePooling2D": {"AveragePooling2D", "AvgPool2D"},
}
"""What layers can be called in code, where they have several names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """One network of a role: as it was first seen, and what was verified of it at that time and later."""

    layers: tuple[LayerRow, ...]
    outputs: Array | None
    rebuilt: bool
    problem: str


@dataclass(frozen=True, slots=True)
class _Mistake:
    """What is wrong with a network; `layer` is the position of the layer at fault in its table, if it is one."""

    defect: str
    details: Mapping[str, object] = field(default_factory=dict)
    layer: int | None = None


def _require_one_right(case: Case, role_id: str, part_id: str, mistake_in: Callable[[_Built], _Mistake | None]) -> None:
    """End the check where no network of a role is in order; a second one is an experiment, or a first try put right."""
    first, snapshots = None, case.snapshots(role_id)
    if not snapshots:
        require_filled(case, part_id)
    for snapshot in {s.model: s for s in reversed(snapshots)}.values():
        network = _built(case, snapshot)
        mistake = mistake_in(network)
        if mistake is None:
            return
        # Seen from the last network to the first: the first one's mistake is told.
        first = network, mistake
    if first is None:
        role = case.role(role_id)
        _require_return(case, role.builder)
        _complain_of_run(case, part_id)
        what = _("No {role} was built: `{variable}` is no network that can run.")
        nothing_recorded(case, part_id, what.format(role=role.called, variable=role.variable))
    network, mistake = first
    fail(mistake.defect, _place_of(case, part_id, network, mistake.layer), **mistake.details)


def _place_of(case: Case, part_id: str, network: _Built, position: int | None) -> Place:
    """Return where a layer of a network is written, as far as that can be told; otherwise where the network is."""
    if position is None or not network.rebuilt:
        return place_of(case, part_id)
    kind = network.layers[position].kind
    alike = [number for number, layer in enumerate(network.layers) if layer.kind == kind]
    return place_of_made(case, part_id, _ALIASES.get(kind, {kind}), alike.index(position), len(alike))


def _require_return(case: Case, name: str) -> None:
    """End the check where a function that builds a network gives nothing back."""
    for cell in case.evidence.cells:
        for mark in cell.marks:
            if mark.defines == name and "returns_nothing" in mark.flags:
                fail("function-nothing", (cell.index, mark.line), name=name)


def _complain_of_run(case: Case, part_id: str) -> None:
    """End the check where a network was built, and Keras complains of it when it runs for the first time."""
    for cell, mark in case.places(case.lab.part(part_id)):
        for failure in cell.failures:
            error = f"{failure.type}: {failure.message}"
            if failure.kind == "raised" and failure.first > mark.end_line and _ABOUT_LAYERS.search(error):
                advice = advice_for(failure.type, failure.message)
                no_evidence("cell-raised", (cell.index, failure.line), error=error, advice=advice)


_ABOUT_LAYERS = re.compile("when calling|zero or negative|[Nn]egative dimension|when building layer")


def _built(case: Case, snapshot: Snapshot) -> _Built:
    verified = case.verified.networks.get((snapshot.model, snapshot.call))
    later = [n for n in case.verified.networks.values() if n.model == snapshot.model and n.outputs is not None]
    return _Built(
        layers=verified.layers if verified else snapshot.layers,
        outputs=later[-1].outputs if later else None,
        rebuilt=verified is not None and verified.rebuilt,
        problem=_(verified.problem) if verified is not None else _("there are too many networks"),
    )


def require_ten_outputs(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network ends in ten outputs, and is of the right kind at all."""
    wants_convolution = has_convolution(case.expected.networks[role_id].layers)

    def mistake_in(network: _Built) -> _Mistake | None:
        if wants_convolution and not has_convolution(network.layers):
            return _Mistake("no-convolution")
        width = network.layers[-1].output_shape if network.layers else ()
        if not network.rebuilt:
            claimed = () if width == (CLASSES,) else width  # Good enough to tell what is wrong, never to pass.
            width = claimed if network.outputs is None else network.outputs.shape[1:]
        found = " × ".join(map(str, width)) or pgettext("number of outputs", "no")
        if width == (CLASSES,):
            return None
        return _Mistake("number-of-outputs", {"found": found}, _last_layer(network.layers))

    _require_one_right(case, role_id, part_id, mistake_in)


def require_probabilities(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the outputs are probabilities of the ten digits, for images that the network has never seen."""
    _require_one_right(case, role_id, part_id, _mistake_in_outputs)


def _mistake_in_outputs(network: _Built) -> _Mistake | None:
    outputs = network.outputs
    if outputs is None:
        is_softmax = network.rebuilt and last_activation(network.layers) == "softmax"
        return None if is_softmax else _Mistake("no-outputs")
    usable = np.isfinite(outputs).all(axis=1)
    if not usable.any() and last_activation(normalised(network.layers)) == "softmax":
        return None  # Training blew up. The network itself is right, and another part says what is not.
    # How many outputs there are is another question.
    if are_distributions(outputs[usable]):
        return None
    if _add_up_over_images(outputs[usable]):
        return _Mistake("softmax-over-images", layer=_last_layer(network.layers))
    total = float(outputs[usable][0].sum()) if usable.any() else float("nan")
    return _Mistake("no-probabilities", {"total": total}, _last_layer(network.layers))


def require_logits(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network ends in ten numbers as they come, without an activation."""

    def mistake_in(network: _Built) -> _Mistake | None:
        activation, last = last_activation(normalised(network.layers)), _last_layer(network.layers)
        if network.rebuilt and activation != "linear":
            return _Mistake("no-logits", {"found": activation}, last)
        is_softmax = network.outputs is not None and are_distributions(network.outputs)
        return _Mistake("no-logits", {"found": "softmax"}, last) if is_softmax else None

    _require_one_right(case, role_id, part_id, mistake_in)


def require_outputs(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the outputs are what the lab asks for: probabilities or logits."""
    ask = require_logits if case.role(role_id).logits else require_probabilities
    ask(case, role_id, part_id)


def require_dropout(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network has the dropout layers of the lab's: as many, in the same places, of the same rates."""
    wanted = _dropouts(case.expected.networks[role_id].layers)

    def mistake_in(network: _Built) -> _Mistake | None:
        if not network.rebuilt:
            return _Mistake("not-rebuilt", {"problem": network.problem})
        found = _dropouts(network.layers)
        if len(found) != len(wanted):
            return _Mistake("dropout-count", {"found": len(found), "wanted": len(wanted)})
        for mine, theirs in zip(found, wanted, strict=True):
            if mine.after != theirs.after:
                return _Mistake("dropout-place", layer=mine.position)
            if abs(mine.rate - theirs.rate) > RATE_TOLERANCE:
                return _Mistake("dropout-rate", {"found": mine.rate, "wanted": theirs.rate}, mine.position)
        return None

    _require_one_right(case, role_id, part_id, mistake_in)


RATE_TOLERANCE = 1e-6


class _Dropout(NamedTuple):
    """A dropout layer: its position in the table, after how many layers with weights it comes, and its rate."""

    position: int
    after: int
    rate: float


def _dropouts(layers: Sequence[LayerRow]) -> list[_Dropout]:
    found, weighted = list[_Dropout](), 0
    for position, layer in enumerate(layers):
        weighted += layer.parameters > 0
        if layer.kind == "Dropout":
            found.append(_Dropout(position, weighted, float(dict(layer.settings).get("rate", "0"))))
    return found


def require_softmax_of(case: Case, role_id: str, part_id: str, variable: str) -> None:
    """Ask whether a variable holds a network that turns the logits of the trained one into probabilities."""
    require_filled(case, part_id)
    numbers = {names.models[variable] for names in case.evidence.names if variable in names.models}
    if not numbers:
        nothing_recorded(case, part_id, _("`{variable}` is no network that can run.").format(variable=variable))
    place = place_of(case, part_id)
    found = [n for n in case.verified.networks.values() if n.model in numbers and n.outputs is not None]
    # How many outputs there are is a question about the network inside.
    outputs = [network.outputs for network in found if network.outputs is not None]
    if not any(map(are_distributions, outputs)):
        is_over_images = any(map(_add_up_over_images, outputs))
        fail("softmax-over-images" if is_over_images else "no-wrapped-softmax", place, name=variable)
    if not any(case.copies.get(number) in case.models(role_id) for number in numbers):
        _complain_of_new_weights(case, role_id, variable, numbers, place)
        fail("wraps-other-network", place, name=variable, wanted=case.role(role_id).variable)


def _complain_of_new_weights(case: Case, role_id: str, variable: str, numbers: Collection[int], place: Place) -> None:
    """End the check where layers with weights of their own stand behind all those of the trained network."""
    trained = [_weighted(snapshot) for snapshot in case.snapshots(role_id) if snapshot.model not in numbers]
    for snapshot in case.evidence.snapshots:
        mine = _weighted(snapshot) if snapshot.model in numbers else []
        if any(inner and mine[: len(inner)] == inner and len(mine) > len(inner) for inner in trained):
            fail("new-weights-behind", place, name=variable)


def _weighted(snapshot: Snapshot) -> list[tuple[str, tuple[int, ...], int]]:
    """Return the layers of a network that have weights, by kind, shape and number."""
    return [(layer.kind, layer.output_shape, layer.parameters) for layer in snapshot.layers if layer.parameters]


def are_distributions(outputs: Array) -> bool:
    """Tell whether rows (n, …, outputs) are distributions, over however many outputs."""
    if outputs.ndim < 2 or not outputs.size:  # noqa: PLR2004 - images × outputs
        return False
    return bool(np.abs(outputs.sum(axis=-1) - 1).max() <= SUM_TOLERANCE and outputs.min() >= -SUM_TOLERANCE)


def _add_up_over_images(outputs: Array) -> bool:
    """Tell whether rows (n, classes) are made so that each class adds up to one over the images of a batch."""
    if outputs.ndim != 2 or not outputs.size or outputs.min() < 0:  # noqa: PLR2004 - images × classes
        return False
    sums = outputs.sum(axis=0, dtype=np.float64)
    return bool(round(sums[0]) >= 1 and np.abs(sums - round(sums[0])).max() <= SUM_TOLERANCE)


def last_activation(layers: Sequence[LayerRow]) -> str:
    """Return the activation of the last layer of a table."""
    return layers[-1].activation if layers else "linear"


def require_architecture(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network has exactly the layers, shapes and parameters of the lab's."""
    free_hidden = case.role(role_id).free_hidden
    wanted = normalised(case.expected.networks[role_id].layers)

    def mistake_in(network: _Built) -> _Mistake | None:
        if not network.rebuilt:
            return _Mistake("not-rebuilt", {"problem": network.problem})
        layers = _drawn(network.layers)
        if layers and layers[0][1].kind == "Flatten" and wanted[0].kind != "Flatten":
            # Whether the images come as rows is a question about the images.
            del layers[0]
        for number, ((position, mine), theirs) in enumerate(zip(layers, wanted, strict=False), start=1):
            what = _difference(mine, theirs, free=free_hidden and number < len(wanted))
            if what:
                return _Mistake("other-layer", {"what": what.format(number=number, **_facts(mine, theirs))}, position)
        if len(layers) != len(wanted):
            return _Mistake("other-depth", {"found": len(layers), "wanted": len(wanted)})
        return None

    _require_one_right(case, role_id, part_id, mistake_in)


def normalised(layers: Sequence[LayerRow]) -> list[LayerRow]:
    """Return the layers as one would draw them.

    An activation that is a layer of its own belongs to the layer before it; reshaping the input, and layers that do
    nothing when the network is used, are left out.
    """
    return [row for _position, row in _drawn(layers)]


def _last_layer(layers: Sequence[LayerRow]) -> int | None:
    """Return the position of the layer that outputs come from, as one would draw the network, or None without any."""
    drawn = _drawn(layers)
    return drawn[-1][0] if drawn else None


def _drawn(layers: Sequence[LayerRow]) -> list[tuple[int, LayerRow]]:
    rows: list[tuple[int, LayerRow]] = []
    for position, layer in enumerate(layers):
        if layer.kind in _ACTIVATIONS and rows and rows[-1][1].activation == "linear":
            before, row = rows[-1]
            rows[-1] = before, replace(row, activation=layer.activation)
        elif layer.kind == "Reshape" and len(layer.output_shape) == 1:
            rows.append((position, LayerRow(kind="Flatten", output_shape=layer.output_shape, parameters=0)))
        elif layer.kind not in _TRANSPARENT and layer.kind != "Reshape":
            rows.append((position, layer))
    return rows


def _difference(mine: LayerRow, theirs: LayerRow, *, free: bool) -> str:
    """Return the sentence that says in what a layer differs, with its blanks, or an empty string."""
    if mine.kind != theirs.kind:
        return _("Layer {number} of your network ({kind}) stands where the lab has {other_kind}.")
    if mine.output_shape != theirs.output_shape:
        return _("Layer {number} of your network ({kind}) gives the shape {shape} where the lab's gives {other_shape}.")
    if mine.parameters != theirs.parameters:
        return _(
            "Layer {number} of your network ({kind}) has {parameters} parameters where the lab's has "
            "{other_parameters}."
        )
    if mine.activation == theirs.activation or (free and mine.activation != "linear"):
        return ""
    if mine.activation == "linear":
        return _("Layer {number} of your network ({kind}) has no activation.")
    return _(
        "Layer {number} of your network ({kind}) has the activation {activation}, which is not the one that the lab "
        "asks for."
    )


def _facts(mine: LayerRow, theirs: LayerRow) -> dict[str, object]:
    """Return what fills the blanks of such a sentence."""
    return {
        "kind": mine.kind,
        "other_kind": theirs.kind,
        "shape": mine.output_shape,
        "other_shape": theirs.output_shape,
        "parameters": whole(mine.parameters),
        "other_parameters": whole(theirs.parameters),
        "activation": mine.activation,
    }
