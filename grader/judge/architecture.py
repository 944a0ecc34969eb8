"""Questions about a network itself: its outputs, its layers, its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grader.evidence import Snapshot
from grader.judge.case import Case, has_convolution
from grader.judge.reading import nothing_recorded, place_of, require_filled
from grader.judge.verdict import fail
from grader.model import LayerRow
from grader.verification import VerifiedNetwork
from grader.wire import Array

CLASSES = 10
SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from a sum of one; float32 softmax stays within 1e-6."""

_TRANSPARENT = frozenset({"Dropout", "SpatialDropout2D", "GaussianNoise", "Rescaling"})
_ACTIVATIONS = frozenset({"Activation", "ReLU", "Softmax", "ELU", "LeakyReLU"})


def _network(case: Case, role_id: str, part_id: str) -> tuple[Snapshot, VerifiedNetwork | None]:
    """Return the first snapshot of a role and what was verified of it; ends the check where there is none."""
    require_filled(case, part_id)
    found = case.snapshots(role_id)
    if not found:
        role = case.role(role_id)
        nothing_recorded(case, part_id, f"No {role.title} was built: `{role.variable}` is no network that can run.")
    return found[0], case.verified.networks.get((found[0].model, found[0].call))


def _layers(case: Case, role_id: str, part_id: str) -> tuple[LayerRow, ...]:
    snapshot, verified = _network(case, role_id, part_id)
    return verified.layers if verified else snapshot.layers


def require_ten_outputs(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the network ends in ten outputs, and is of the right kind at all."""
    layers = _layers(case, role_id, part_id)
    place = place_of(case, part_id)
    if has_convolution(case.expected.networks[role_id].layers) and not has_convolution(layers):
        fail("no-convolution", place)
    width = layers[-1].output_shape if layers else ()
    if width != (CLASSES,):
        fail("number-of-outputs", place, found=" × ".join(map(str, width)) or "no")


def require_probabilities(case: Case, role_id: str, part_id: str) -> None:
    """Ask whether the outputs are probabilities of the ten digits, for images that the network has never seen."""
    layers = _layers(case, role_id, part_id)
    networks = case.verified_networks(role_id)
    outputs = next((n.outputs for n in reversed(networks) if n.outputs is not None), None)
    place = place_of(case, part_id)
    if outputs is None:
        if last_activation(layers) == "softmax":
            return
        fail("no-outputs", place)
    usable = np.isfinite(outputs).all(axis=1)
    if not usable.any() and last_activation(normalised(layers)) == "softmax":
        return  # Training blew up. The network itself is right, and another part says what is not.
    if not are_probabilities(outputs[usable]):
        fail("no-probabilities", place, total=float(outputs[usable][0].sum()) if usable.any() else float("nan"))


def are_probabilities(outputs: Array) -> bool:
    """Tell whether rows (n, classes) are distributions over the ten digits."""
    if outputs.shape[1:] != (CLASSES,) or not len(outputs):
        return False
    return bool(np.abs(outputs.sum(axis=1) - 1).max() <= SUM_TOLERANCE and outputs.min() >= -SUM_TOLERANCE)


def last_activation(layers: Sequence[LayerRow]) -> str:
    """Return the activation of the last layer of a table."""
    return layers[-1].activation if layers else "linear"


def require_architecture(case: Case, role_id: str, part_id: str, *, free_hidden: bool = False) -> None:
    """Ask whether the network has exactly the layers, shapes and parameters of the lab's.

    Args:
        case: the case.
        role_id: which network.
        part_id: the part that asks.
        free_hidden: whether any activation but the linear one will do before the last layer.
    """
    snapshot, verified = _network(case, role_id, part_id)
    layers = normalised(verified.layers if verified else snapshot.layers)
    expected = case.expected.networks[role_id]
    wanted = normalised(expected.layers)
    place = place_of(case, part_id)
    for number, (mine, theirs) in enumerate(zip(layers, wanted, strict=False), start=1):
        difference = _difference(mine, theirs, free=free_hidden and number < len(wanted))
        if difference:
            fail("other-layer", place, number=number, kind=mine.kind, difference=difference)
    if len(layers) != len(wanted):
        fail("other-depth", place, found=len(layers), wanted=len(wanted))
    parameters = verified.parameters if verified else snapshot.parameters
    if parameters != expected.parameters:
        fail("other-parameters", place, found=parameters, wanted=expected.parameters)


def normalised(layers: Sequence[LayerRow]) -> list[LayerRow]:
    """Return the layers as one would draw them.

    An activation that is a layer of its own belongs to the layer before it; reshaping the input, and layers that do
    nothing when the network is used, are left out.
    """
    rows: list[LayerRow] = []
    for layer in layers:
        if layer.kind in _ACTIVATIONS and rows and rows[-1].activation == "linear":
            rows[-1] = replace(rows[-1], activation=layer.activation)
        elif layer.kind == "Reshape" and len(layer.output_shape) == 1:
            rows.append(LayerRow(kind="Flatten", output_shape=layer.output_shape, parameters=0))
        elif layer.kind not in _TRANSPARENT and layer.kind != "Reshape":
            rows.append(layer)
    return rows


def _difference(mine: LayerRow, theirs: LayerRow, *, free: bool) -> str:
    """Say in what a layer differs, or return an empty string."""
    if mine.kind != theirs.kind:
        return f"stands where the lab has {theirs.kind}"
    if mine.output_shape != theirs.output_shape:
        return f"gives the shape {mine.output_shape} where the lab's gives {theirs.output_shape}"
    if mine.parameters != theirs.parameters:
        return f"has {mine.parameters:,} parameters where the lab's has {theirs.parameters:,}"
    if mine.activation == theirs.activation or (free and mine.activation != "linear"):
        return ""
    if mine.activation == "linear":
        return "has no activation"
    return f"has the activation {mine.activation}, which is not the one that the lab asks for"
