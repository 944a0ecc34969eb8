"""What accuracies say, in a sentence each: on new images, beside the training images, and of two networks."""

from __future__ import annotations

import math

from grader import points
from grader.language import gettext as _
from grader.model import Grade, ModelView
from grader.text import count

_SMALL_GAP = 0.01
_LARGE_GAP = 0.05
"""Gaps between accuracies on training and held-out images: the flagship's networks reach 0.003 to 0.008."""

_CHANCE = 2.0
"""Standard errors within which two accuracies are called about the same."""


def sentences(model: ModelView) -> tuple[str, ...]:
    """Return what there is to say of one network that was built."""
    return tuple(filter(None, (_held_out(model), _gap(model)))) if model.layers else ()


def comparison(grade: Grade) -> str:
    """Return how the convolutional network does beside the other one, or nothing where there are no two to compare."""
    measured = [model for model in grade.models if points.accuracy(model.test_accuracy) is not None]
    convolutional = [model for model in measured if _is_convolutional(model)]
    others = [model for model in measured if not _is_convolutional(model)]
    if not convolutional or not others:
        return ""
    one, other = convolutional[-1], others[0]
    return f"{_told(one, other)} {_meaning(one, other, is_quick=grade.run.effort == 'quick')}"


def _told(one: ModelView, other: ModelView) -> str:
    said = _(
        "On the same held-out images, the {one} gets {accuracy} right with {parameters} parameters, "
        "the {other} {other_accuracy} with {other_parameters}."
    )
    return said.format(
        one=one.called or one.title,
        other=other.called or other.title,
        accuracy=percent(points.accuracy(one.test_accuracy) or 0.0),
        other_accuracy=percent(points.accuracy(other.test_accuracy) or 0.0),
        parameters=count(one.parameters),
        other_parameters=count(other.parameters),
    )


def _meaning(one: ModelView, other: ModelView, *, is_quick: bool) -> str:
    difference = (one.test_accuracy or 0.0) - (other.test_accuracy or 0.0)
    if abs(difference) <= _by_chance(one, other):
        return _("With so few images that is about the same: the difference may be chance.")
    if difference > 0:
        return _("Convolutions pay: they look at neighbouring pixels together, wherever in the image they are.")
    if is_quick:
        return _("That says little yet: training was kept short here, and a convolutional network needs more of it.")
    return _("As a rule it is the other way round: has the convolutional network been trained long enough?")


def _by_chance(one: ModelView, other: ModelView) -> float:
    """Return by how much two accuracies may differ where nothing but the choice of the images is behind it."""
    images = min(sum(map(sum, one.confusion)), sum(map(sum, other.confusion)))
    if not images:
        return 0.0
    variances = (share * (1 - share) for share in (one.test_accuracy or 0.0, other.test_accuracy or 0.0))
    return _CHANCE * math.sqrt(max(sum(variances), 0.0) / images)


def _is_convolutional(model: ModelView) -> bool:
    return any("Conv" in layer.kind for layer in model.layers)


def _held_out(model: ModelView) -> str:
    accuracy = points.accuracy(model.test_accuracy)
    if accuracy is None:
        return _("Its accuracy on held-out images could not be measured.")
    told = [_("It gets {accuracy} of the held-out images right: images that it never saw in training.")]
    expected = points.accuracy(model.expected_accuracy)
    if expected is not None:
        enough = _(
            "With the training that was run here, {expected} or more is enough; less will do while the loss falls."
        )
        told.append(enough)
    if not model.rebuilt:
        told.append(_("We could not build this network again from its layers, so this figure is not confirmed."))
    return " ".join(told).format(accuracy=percent(accuracy), expected=percent(expected or 0.0))


def _gap(model: ModelView) -> str:
    train, test = points.accuracy(model.train_accuracy), points.accuracy(model.test_accuracy)
    if train is None or test is None:
        return ""
    gap = round(train - test, 4)
    start = _("On the training images it gets {accuracy} right.").format(accuracy=percent(train))
    size = _("{number} percentage points").format(number=f"{abs(gap) * 100:.2f}")
    if gap <= 0:
        told = _("It does no worse on new images ({size} better): no sign of learning by heart.")
    elif gap <= _SMALL_GAP:
        told = _("The generalisation gap is small, {size}: what it learned holds for new images too.")
    elif gap <= _LARGE_GAP:
        told = _("The generalisation gap is {size}: it does somewhat better on images that it has seen.")
    else:
        told = _("The generalisation gap is large, {size}: it learned much by heart (overfitting).")
    return f"{start} {told.format(size=size)}"


def percent(accuracy: float) -> str:
    """Return an accuracy as people read it."""
    return f"{accuracy * 100:.2f} %"
