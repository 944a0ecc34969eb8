"""The checks that labs about images share. A lab's `checks.py` says to which part they belong and what they pay.

    class TestFcBuild(checks.Build):
        part, role = "fc_build", "fc"
        points = {"ten_outputs": 5, "probabilities": 5, "layers": 5}

Each docstring is what a student reads as the check's title. A class may inherit from several of these; a check that a
lab does not want is switched off by `test_… = None`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from grader.evidence import Axes
from grader.judge import (
    architecture,
    classes,
    compiling,
    evaluating,
    figures,
    functions,
    images,
    labels,
    loops,
    predictions,
    saving,
    tape,
    training,
)
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
        """The images have the shape that the lab asks for."""
        images.require_shape(case, self.part)


class Build(AboutNetwork):
    """How a network is built."""

    def test_ten_outputs(self, case: Case) -> None:
        """The network is of the right kind and ends in ten outputs."""
        architecture.require_ten_outputs(case, self.role, self.part)

    def test_probabilities(self, case: Case) -> None:
        """The outputs are probabilities that add up to one."""
        architecture.require_probabilities(case, self.role, self.part)

    def test_layers(self, case: Case) -> None:
        """The network has the layers and the number of parameters that the lab asks for."""
        architecture.require_architecture(case, self.role, self.part)


class BuildLogits(Build):
    """How a network is built that ends in logits."""

    test_probabilities = None  # type: ignore[assignment]

    def test_logits(self, case: Case) -> None:
        """The outputs are logits: the last layer has no activation."""
        architecture.require_logits(case, self.role, self.part)


class Dropouts(AboutNetwork):
    """Dropout layers of a network."""

    def test_dropout(self, case: Case) -> None:
        """Dropout stands where the lab asks for it, with the right rate."""
        architecture.require_dropout(case, self.role, self.part)


class OneHot(Checks):
    """One-hot labels; `names` are the variables that hold them."""

    names: ClassVar[tuple[str, ...]]

    def test_one_hot(self, case: Case) -> None:
        """The labels are one-hot."""
        labels.require_one_hot(case, self.part, self.names)


class Compile(AboutNetwork):
    """How a network is compiled."""

    def test_loss(self, case: Case) -> None:
        """The loss is the cross-entropy for the labels that the network is trained with."""
        compiling.require_loss(case, self.role, self.part)

    def test_accuracy_metric(self, case: Case) -> None:
        """The accuracy is reported."""
        compiling.require_accuracy_metric(case, self.role, self.part)

    def test_learns(self, case: Case) -> None:
        """With this optimizer the network learns."""
        training.require_learning(case, self.role, self.part)


class Fit(AboutNetwork):
    """How a network is trained."""

    def test_trained(self, case: Case) -> None:
        """The right network is trained on the training images and their labels."""
        training.require_fit(case, self.role, self.part)


class Validation(AboutNetwork):
    """How a training is watched; `share` of the training images is set aside."""

    share: ClassVar[float]

    def test_validation(self, case: Case) -> None:
        """A part of the training images is set aside for validation."""
        training.require_validation(case, self.role, self.part, self.share)


class Falling(AboutNetwork):
    """What a training brings."""

    def test_loss_falls(self, case: Case) -> None:
        """The loss falls from the first epoch to the last."""
        training.require_falling_loss(case, self.role, self.part)


class Evaluate(AboutNetwork):
    """How a network is evaluated."""

    def test_evaluated(self, case: Case) -> None:
        """The right network is evaluated on the test images and their labels."""
        evaluating.require_evaluate(case, self.role, self.part)

    def test_after_training(self, case: Case) -> None:
        """The evaluation comes after the training."""
        evaluating.require_evaluate_after_fit(case, self.role, self.part)


class Predict(AboutNetwork):
    """How a digit is read from the predictions."""

    def test_of_the_network(self, case: Case) -> None:
        """The predictions are those of the right network for the test images."""
        predictions.require_predictions_of(case, self.role, self.part)

    def test_likeliest_digit(self, case: Case) -> None:
        """The digit is the one with the highest probability for the first test image."""
        predictions.require_argmax(case, self.part)


class Classes(AboutNetwork):
    """The likeliest class of every image, in the variable `name`."""

    name: ClassVar[str]

    def test_of_the_network(self, case: Case) -> None:
        """The predictions are those of the right network for the test images."""
        predictions.require_predictions_of(case, self.role, self.part, self.name)

    def test_classes(self, case: Case) -> None:
        """Each class is the one with the highest probability of its image."""
        classes.require_classes(case, self.part, self.name)


class RightAndWrong(Checks):
    """Which images are predicted correctly, and which are not, in the variables `correct` and `incorrect`."""

    correct: ClassVar[str]
    incorrect: ClassVar[str]

    def test_correct(self, case: Case) -> None:
        """The images that are predicted correctly are found."""
        classes.require_indices(case, self.part, self.correct, correct=True)

    def test_incorrect(self, case: Case) -> None:
        """The images that are predicted incorrectly are found."""
        classes.require_indices(case, self.part, self.incorrect, correct=False)


class Gallery(Checks):
    """A figure of `count` images of a split, each with a title; `says` is one of the questions in `judge.figures`."""

    count: ClassVar[int]
    split: ClassVar[str]
    says: ClassVar[Callable[[Axes], bool]]

    def test_images(self, case: Case) -> None:
        """The figure shows as many images as the lab asks for."""
        figures.require_images(case, self.part, self.count, self.split)

    def test_titles(self, case: Case) -> None:
        """The titles say what the lab asks for."""
        figures.require_titles(case, self.part, self.count, self.split, type(self).says)


class Curves(AboutNetwork):
    """A figure with the curves of a training, for training and validation; of one of the `kinds`."""

    kinds: ClassVar[tuple[str, ...]] = ("loss", "accuracy")

    def test_curves(self, case: Case) -> None:
        """The figure shows how the training went, on training and validation images."""
        figures.require_curves(case, self.part, self.role, self.kinds)


class Saved(AboutNetwork):
    """A network that is saved and loaded again."""

    def test_saved(self, case: Case) -> None:
        """The trained network is written to a file."""
        saving.require_saved(case, self.role, self.part)

    def test_loaded(self, case: Case) -> None:
        """The network that is loaded is the same, and is asked about the test images."""
        saving.require_loaded_same(case, self.role, self.part)


class Returns(Checks):
    """A function whose results for drawn arguments are compared with those of `wanted`; all of one `dtype`.

    A number may be off by `tolerance` times the largest one in the result.
    """

    function: ClassVar[str]
    dtype: ClassVar[str]
    tolerance: ClassVar[float] = functions.TOLERANCE

    @staticmethod
    def wanted(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the function returns
        """Return what the function should return.

        Raises:
            NotImplementedError: the lab does not say.
        """
        raise NotImplementedError

    def test_returns(self, case: Case) -> None:
        """The function returns what it should, for values that the grader chose."""
        functions.require_returns(case, self.part, self.function, self.wanted, self.tolerance)

    def test_type(self, case: Case) -> None:
        """The numbers that the function returns are of the type that the lab asks for."""
        functions.require_type(case, self.part, self.function, self.dtype)


class Loader(Checks):
    """A function that loads the images and their one-hot labels."""

    function: ClassVar[str]

    def test_images(self, case: Case) -> None:
        """The function returns the training and the test images, in the shape that the lab asks for."""
        functions.require_loaded(case, self.part, self.function)

    def test_labels(self, case: Case) -> None:
        """The labels belong to the images and are one-hot."""
        functions.require_loaded_one_hot(case, self.part, self.function)


class Batches(Checks):
    """A `tf.data.Dataset` of batches in the variable `name`, of images of a split."""

    name: ClassVar[str]
    split: ClassVar[str] = "train"

    def test_batched(self, case: Case) -> None:
        """The dataset gives batches of images with their labels."""
        loops.require_batched(case, self.part, self.name, self.split)


class Shuffled(Batches):
    """One that is shuffled as well."""

    def test_shuffled(self, case: Case) -> None:
        """The images are shuffled before they are put into batches."""
        loops.require_shuffled(case, self.part, self.name)


class EpochMeans(Checks):
    """The mean loss of each epoch of a hand-written loop, in the list `name`."""

    name: ClassVar[str]

    def test_means(self, case: Case) -> None:
        """The list holds the mean loss of each epoch."""
        loops.require_epoch_means(case, self.part, self.name)


class Softmax(AboutNetwork):
    """A network in the variable `name` that gives probabilities instead of logits."""

    name: ClassVar[str]

    def test_softmax(self, case: Case) -> None:
        """The trained network, with a softmax behind it, gives probabilities."""
        architecture.require_softmax_of(case, self.role, self.part, self.name)


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
