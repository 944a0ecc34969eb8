"""Checks of the published course lab: what each part is asked, and what it pays."""

from __future__ import annotations

from grader.judge import checks


class TestFcBuild(checks.Build):
    """The fully connected network itself."""

    part, role = "fc_build", "fc"
    points = {"ten_outputs": 5, "probabilities": 5, "layers": 5}


class TestFcCompile(checks.Compile, checks.Fit):
    """Its optimizer, loss and metrics, and its training."""

    part, role = "fc_compile", "fc"
    points = {"loss": 2, "accuracy_metric": 1, "learns": 1, "trained": 1}
    needs = ("fc_build",)


class TestFcEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "fc_evaluate", "fc"
    points = {"evaluated": 8, "after_training": 2}
    needs = ("fc_build", "fc_compile")


class TestCnnBuild(checks.Build):
    """The convolutional network itself."""

    part, role = "cnn_build", "cnn"
    points = {"ten_outputs": 6, "probabilities": 6, "layers": 8}


class TestCnnCompile(checks.Compile):
    """Its optimizer, loss and metrics."""

    part, role = "cnn_compile", "cnn"
    points = {"loss": 6, "accuracy_metric": 2, "learns": 2}
    needs = ("cnn_build",)


class TestCnnFit(checks.Fit):
    """Its training."""

    part, role = "cnn_fit", "cnn"
    points = {"trained": 10}
    needs = ("cnn_build", "cnn_compile")


class TestCnnEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "cnn_evaluate", "cnn"
    points = {"evaluated": 8, "after_training": 2}
    needs = ("cnn_build", "cnn_compile")


class TestPrediction(checks.Predict):
    """The likeliest digit."""

    part, role = "prediction", "cnn"
    points = {"of_the_network": 2, "likeliest_digit": 3}
    needs = ("cnn_build",)


class TestGradientTape(checks.TapeLoop):
    """The training step by hand."""

    part, role = "gradient_tape", "cnn"
    points = {"batches": 3, "gradient": 8, "update": 4}
    needs = ("cnn_build",)
