"""The checks that labs about images share. A lab's `checks.py` says to which part they belong and what they pay.

    class TestFcBuild(checks.Build):
        part, role = "fc_build", "fc"
        points = {"ten_outputs": 5, "probabilities": 5, "layers": 5}

Each docstring is what a student reads as the check's title. A class may inherit from several of these; a check that a
lab does not want is switched off by `test_… = None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from grader.judge import architecture, images, predictions, tape, training
from grader.judge.case import Case


class Checks:
    """What all of them have: the part, the points of each check by its name without `test_`, and what they build on.

    `hidden` names checks that students are not told about, `extra` those that pay beyond the points of the part.
    """

    part: ClassVar[str]
    points: ClassVar[Mapping[str, float | str]]
    needs: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[tuple[str, ...]] = ()


class AboutNetwork(Checks):
    """Checks about one network; `role` is its id in the lab."""

    role: ClassVar[str]


class Prepare(Checks):
    """How the images are prepared."""

    def test_scaled(self, case: Case) -> None:
        """The pixels are floating-point numbers from 0 to 1."""
        images.require_scaled(case, self.part)

    def test_channel_axis(self, case: Case) -> None:
        """The images have the shape 28 × 28 × 1."""
        images.require_shape(case, self.part)


class Build(AboutNetwork):
    """How a network is built; `free_hidden` lets any activation but the linear one do before the last layer."""

    free_hidden: ClassVar[bool] = False

    def test_ten_outputs(self, case: Case) -> None:
        """The network is of the right kind and ends in ten outputs."""
        architecture.require_ten_outputs(case, self.role, self.part)

    def test_probabilities(self, case: Case) -> None:
        """The outputs are probabilities that add up to one."""
        architecture.require_probabilities(case, self.role, self.part)

    def test_layers(self, case: Case) -> None:
        """The network has the layers and the number of parameters that the lab asks for."""
        architecture.require_architecture(case, self.role, self.part, free_hidden=self.free_hidden)


class Compile(AboutNetwork):
    """How a network is compiled."""

    def test_loss(self, case: Case) -> None:
        """The loss is the cross-entropy for the labels that the network is trained with."""
        training.require_loss(case, self.role, self.part)

    def test_accuracy_metric(self, case: Case) -> None:
        """The accuracy is reported."""
        training.require_accuracy_metric(case, self.role, self.part)

    def test_learns(self, case: Case) -> None:
        """With this optimizer the network learns."""
        training.require_learning(case, self.role, self.part)


class Fit(AboutNetwork):
    """How a network is trained."""

    def test_trained(self, case: Case) -> None:
        """The right network is trained on the training images and their labels."""
        training.require_fit(case, self.role, self.part)


class Evaluate(AboutNetwork):
    """How a network is evaluated."""

    def test_evaluated(self, case: Case) -> None:
        """The right network is evaluated on the test images and their labels."""
        training.require_evaluate(case, self.role, self.part)

    def test_after_training(self, case: Case) -> None:
        """The evaluation comes after the training."""
        training.require_evaluate_after_fit(case, self.role, self.part)


class Predict(AboutNetwork):
    """How a digit is read from the predictions."""

    def test_of_the_network(self, case: Case) -> None:
        """The predictions are those of the right network for the test images."""
        predictions.require_predictions_of(case, self.role, self.part)

    def test_likeliest_digit(self, case: Case) -> None:
        """The digit is the one with the highest probability for the first test image."""
        predictions.require_argmax(case, self.part)


class TapeLoop(AboutNetwork):
    """How a training step is written by hand."""

    def test_batches(self, case: Case) -> None:
        """The network runs on batches of training images inside the tape."""
        tape.require_batches(case, self.role, self.part)

    def test_gradient(self, case: Case) -> None:
        """The gradient is that of the cross-entropy, for all trainable variables."""
        tape.require_gradient(case, self.part)

    def test_update(self, case: Case) -> None:
        """The weights are updated, and the loss gets smaller."""
        tape.require_update(case, self.part)
