"""Checks of the flagship lab. Each docstring is what a student reads as the check's title."""

from __future__ import annotations

import pytest

from grader.judge import architecture, images, predictions, tape, training
from grader.judge.case import Case


@pytest.mark.part("data_prep")
@pytest.mark.points(3)
def test_images_are_scaled(case: Case) -> None:
    """The pixels are floating-point numbers from 0 to 1."""
    images.require_scaled(case, "data_prep")


@pytest.mark.part("data_prep")
@pytest.mark.points(2)
def test_images_have_a_channel_axis(case: Case) -> None:
    """The images have the shape 28 × 28 × 1."""
    images.require_shape(case, "data_prep")


@pytest.mark.part("fc_build")
@pytest.mark.points(5)
def test_fc_has_ten_outputs(case: Case) -> None:
    """The network ends in ten outputs."""
    architecture.require_ten_outputs(case, "fc", "fc_build")


@pytest.mark.part("fc_build")
@pytest.mark.points(5)
def test_fc_outputs_are_probabilities(case: Case) -> None:
    """The outputs are probabilities that add up to one."""
    architecture.require_probabilities(case, "fc", "fc_build")


@pytest.mark.part("fc_build")
@pytest.mark.points(5)
def test_fc_has_the_layers_of_the_lab(case: Case) -> None:
    """The network has the layers and the number of parameters that the lab asks for."""
    architecture.require_architecture(case, "fc", "fc_build", free_hidden=True)


@pytest.mark.part("fc_compile")
@pytest.mark.points(3)
@pytest.mark.needs("fc_build")
def test_fc_loss(case: Case) -> None:
    """The loss is the cross-entropy for whole-number labels."""
    training.require_loss(case, "fc", "fc_compile")


@pytest.mark.part("fc_compile")
@pytest.mark.points(1)
@pytest.mark.needs("fc_build")
def test_fc_reports_accuracy(case: Case) -> None:
    """The accuracy is reported."""
    training.require_accuracy_metric(case, "fc", "fc_compile")


@pytest.mark.part("fc_compile")
@pytest.mark.points(1)
@pytest.mark.needs("fc_build")
def test_fc_learns(case: Case) -> None:
    """With this optimizer the network learns."""
    training.require_learning(case, "fc", "fc_compile")


@pytest.mark.part("fc_fit")
@pytest.mark.points(5)
@pytest.mark.needs("data_prep", "fc_build", "fc_compile")
def test_fc_is_trained(case: Case) -> None:
    """The network is trained on the training images and their labels."""
    training.require_fit(case, "fc", "fc_fit")


@pytest.mark.part("fc_evaluate")
@pytest.mark.points(8)
@pytest.mark.needs("data_prep", "fc_build", "fc_compile")
def test_fc_is_evaluated(case: Case) -> None:
    """The fully connected network is evaluated on the test images and their labels."""
    training.require_evaluate(case, "fc", "fc_evaluate")


@pytest.mark.part("fc_evaluate")
@pytest.mark.points(2)
@pytest.mark.needs("data_prep", "fc_build", "fc_compile")
def test_fc_is_evaluated_after_training(case: Case) -> None:
    """The evaluation comes after the training."""
    training.require_evaluate_after_fit(case, "fc", "fc_evaluate")


@pytest.mark.part("cnn_build")
@pytest.mark.points(6)
def test_cnn_has_ten_outputs(case: Case) -> None:
    """The network has convolutions and ends in ten outputs."""
    architecture.require_ten_outputs(case, "cnn", "cnn_build")


@pytest.mark.part("cnn_build")
@pytest.mark.points(6)
def test_cnn_outputs_are_probabilities(case: Case) -> None:
    """The outputs are probabilities that add up to one."""
    architecture.require_probabilities(case, "cnn", "cnn_build")


@pytest.mark.part("cnn_build")
@pytest.mark.points(8)
def test_cnn_has_the_layers_of_the_lab(case: Case) -> None:
    """The network has the layers and the number of parameters that the lab asks for."""
    architecture.require_architecture(case, "cnn", "cnn_build")


@pytest.mark.part("cnn_compile")
@pytest.mark.points(3)
@pytest.mark.needs("cnn_build")
def test_cnn_loss(case: Case) -> None:
    """The loss is the cross-entropy for whole-number labels."""
    training.require_loss(case, "cnn", "cnn_compile")


@pytest.mark.part("cnn_compile")
@pytest.mark.points(1)
@pytest.mark.needs("cnn_build")
def test_cnn_reports_accuracy(case: Case) -> None:
    """The accuracy is reported."""
    training.require_accuracy_metric(case, "cnn", "cnn_compile")


@pytest.mark.part("cnn_compile")
@pytest.mark.points(1)
@pytest.mark.needs("cnn_build")
def test_cnn_learns(case: Case) -> None:
    """With this optimizer the network learns."""
    training.require_learning(case, "cnn", "cnn_compile")


@pytest.mark.part("cnn_fit")
@pytest.mark.points(5)
@pytest.mark.needs("data_prep", "cnn_build", "cnn_compile")
def test_cnn_is_trained(case: Case) -> None:
    """The network is trained on the training images and their labels."""
    training.require_fit(case, "cnn", "cnn_fit")


@pytest.mark.part("cnn_evaluate")
@pytest.mark.points(8)
@pytest.mark.needs("data_prep", "cnn_build", "cnn_compile")
def test_cnn_is_evaluated(case: Case) -> None:
    """The convolutional network is evaluated on the test images and their labels."""
    training.require_evaluate(case, "cnn", "cnn_evaluate")


@pytest.mark.part("cnn_evaluate")
@pytest.mark.points(2)
@pytest.mark.needs("data_prep", "cnn_build", "cnn_compile")
def test_cnn_is_evaluated_after_training(case: Case) -> None:
    """The evaluation comes after the training."""
    training.require_evaluate_after_fit(case, "cnn", "cnn_evaluate")


@pytest.mark.part("prediction")
@pytest.mark.points(2)
@pytest.mark.needs("data_prep", "cnn_build")
def test_predictions_are_of_the_cnn(case: Case) -> None:
    """The predictions are those of the convolutional network for the test images."""
    predictions.require_predictions_of(case, "cnn", "prediction")


@pytest.mark.part("prediction")
@pytest.mark.points(3)
@pytest.mark.needs("data_prep", "cnn_build")
def test_prediction_is_the_likeliest_digit(case: Case) -> None:
    """The digit is the one with the highest probability for the first test image."""
    predictions.require_argmax(case, "prediction")


@pytest.mark.part("gradient_tape")
@pytest.mark.points(3)
@pytest.mark.needs("data_prep", "cnn_build")
def test_tape_runs_on_training_batches(case: Case) -> None:
    """The network runs on batches of training images inside the tape."""
    tape.require_batches(case, "cnn", "gradient_tape")


@pytest.mark.part("gradient_tape")
@pytest.mark.points(8)
@pytest.mark.needs("data_prep", "cnn_build")
def test_gradient_is_that_of_the_loss(case: Case) -> None:
    """The gradient is that of the cross-entropy, for all trainable variables."""
    tape.require_gradient(case, "gradient_tape")


@pytest.mark.part("gradient_tape")
@pytest.mark.points(4)
@pytest.mark.needs("data_prep", "cnn_build")
def test_update_goes_downhill(case: Case) -> None:
    """The weights are updated, and the loss gets smaller."""
    tape.require_update(case, "gradient_tape")
