"""Checks of the lab about predicted classes: what each part is asked, and what it pays."""

from __future__ import annotations

from grader.judge import checks, figures


class TestInspect(checks.Gallery):
    """The first look at the images."""

    part = "inspect"
    points = {"images": 2, "titles": 3}
    count, split, says = 9, "train", figures.says_truth


class TestDataPrep(checks.Prepare):
    """The images."""

    part = "data_prep"
    points = {"scaled": 5, "channel_axis": 5}


class TestLabels(checks.OneHot):
    """The labels."""

    part, names = "labels", ("y_train", "y_test")
    points = {"one_hot": 5}


class TestDenseBuild(checks.Build, checks.Dropouts):
    """The network itself."""

    part, role = "dense_build", "dense"
    points = {"ten_outputs": 6, "probabilities": 6, "layers": 8, "dropout": 5}


class TestDenseCompile(checks.Compile):
    """Its optimizer, loss and metrics."""

    part, role = "dense_compile", "dense"
    points = {"loss": 6, "accuracy_metric": 2, "learns": 2}
    needs = ("dense_build",)


class TestDenseFit(checks.Fit, checks.Validation, checks.Falling):
    """Its training."""

    part, role, share = "dense_fit", "dense", 0.1
    points = {"trained": 6, "validation": 5, "loss_falls": 4}
    needs = ("data_prep", "labels", "dense_build", "dense_compile")


class TestCurves(checks.Curves):
    """The picture of the training."""

    part, role = "curves", "dense"
    points = {"curves": 5}
    needs = ("dense_build", "dense_compile", "dense_fit")


class TestDenseEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "dense_evaluate", "dense"
    points = {"evaluated": 8, "after_training": 2}
    needs = ("data_prep", "labels", "dense_build", "dense_compile")


class TestClasses(checks.Classes):
    """The class of each image."""

    part, role, name = "classes", "dense", "predicted_classes"
    points = {"of_the_network": 3, "classes": 7}
    needs = ("data_prep", "dense_build")


class TestExamples(checks.Gallery):
    """What the network gets right."""

    part = "examples"
    points = {"images": 2, "titles": 3}
    count, split, says = 9, "test", figures.says_right_prediction
    needs = ("data_prep", "labels", "classes")
