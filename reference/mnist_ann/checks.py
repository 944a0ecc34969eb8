"""Checks of the lab about training by hand: what each part is asked, and what it pays."""

from __future__ import annotations

from grader.judge import checks, figures


class TestDataPrep(checks.Prepare):
    """The images; they stay squares."""

    part = "data_prep"
    points = {"scaled": 5}
    test_channel_axis = None


class TestBatches(checks.Shuffled):
    """The dataset."""

    part, name = "batches", "train_dataset"
    points = {"batched": 5, "shuffled": 5}
    needs = ("data_prep",)


class TestAnnBuild(checks.BuildLogits):
    """The network itself."""

    part, role = "ann_build", "ann"
    points = {"ten_outputs": 5, "logits": 5, "layers": 6}


class TestGradientTape(checks.TapeLoop):
    """The loop by hand."""

    part, role = "gradient_tape", "ann"
    points = {"batches": 3, "gradient": 8, "update": 5}
    needs = ("batches", "ann_build")


class TestEpochLosses(checks.EpochMeans):
    """The mean of each epoch."""

    part, name = "epoch_losses", "epoch_losses"
    points = {"means": 8}
    needs = ("batches", "gradient_tape")


class TestAnnCompile(checks.Compile):
    """Its optimizer, loss and metrics."""

    part, role = "ann_compile", "ann"
    points = {"loss": 5, "accuracy_metric": 2, "learns": 1}
    needs = ("ann_build",)


class TestAnnFit(checks.Fit):
    """Its training with Keras."""

    part, role = "ann_fit", "ann"
    points = {"trained": 5}
    needs = ("data_prep", "ann_build", "ann_compile")


class TestAnnEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "ann_evaluate", "ann"
    points = {"evaluated": 4, "after_training": 1}
    needs = ("data_prep", "ann_build", "ann_compile")


class TestProbabilities(checks.Softmax):
    """The network with a softmax behind it."""

    part, role, name = "probabilities", "ann", "probability_model"
    points = {"softmax": 5}
    needs = ("ann_build",)


class TestPrediction(checks.Predict):
    """The likeliest digit."""

    part, role = "prediction", "ann"
    points = {"of_the_network": 2, "likeliest_digit": 3}
    needs = ("probabilities",)


class TestPicture(checks.Gallery):
    """Ten predictions."""

    part = "picture"
    points = {"images": 2, "titles": 3}
    count, split, says = 10, "test", figures.says_prediction_and_truth
    needs = ("probabilities",)
