"""Checks of the lab about dropout: what each part is asked, and what it pays."""

from __future__ import annotations

from grader.judge import checks, figures


class TestDataPrep(checks.Prepare):
    """The images."""

    part = "data_prep"
    points = {"scaled": 5, "channel_axis": 5}


class TestLabels(checks.OneHot):
    """The labels."""

    part, names = "labels", ("Y_train", "Y_test")
    points = {"one_hot": 5}


class TestDropoutBuild(checks.Build, checks.Dropouts):
    """The network itself."""

    part, role = "dropout_build", "dropout"
    points = {"ten_outputs": 5, "probabilities": 5, "layers": 7, "dropout": 8}


class TestDropoutCompile(checks.Compile):
    """Its optimizer, loss and metrics."""

    part, role = "dropout_compile", "dropout"
    points = {"loss": 6, "accuracy_metric": 2, "learns": 2}
    needs = ("dropout_build",)


class TestDropoutFit(checks.Fit, checks.Falling):
    """Its training."""

    part, role = "dropout_fit", "dropout"
    points = {"trained": 7, "loss_falls": 3}
    needs = ("data_prep", "labels", "dropout_build", "dropout_compile")


class TestCurves(checks.Curves):
    """The picture of the loss."""

    part, role, kinds = "curves", "dropout", ("loss",)
    points = {"curves": 5}
    needs = ("data_prep", "labels", "dropout_build", "dropout_compile", "dropout_fit")


class TestDropoutEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "dropout_evaluate", "dropout"
    points = {"evaluated": 4, "after_training": 1}
    needs = ("data_prep", "labels", "dropout_build", "dropout_compile")


class TestClasses(checks.Classes, checks.RightAndWrong):
    """The class of each image, and what is right of them."""

    part, role, name = "classes", "dropout", "predicted_classes"
    correct, incorrect = "correct_indices", "incorrect_indices"
    points = {"of_the_network": 2, "classes": 4, "correct": 2, "incorrect": 2}
    needs = ("data_prep", "dropout_build")


class TestRightExamples(checks.Gallery):
    """What the network gets right."""

    part = "right_examples"
    points = {"images": 2, "titles": 3}
    count, split, says = 9, "test", figures.says_right_prediction
    needs = ("data_prep", "dropout_build", "classes")


class TestWrongExamples(checks.Gallery):
    """What the network gets wrong."""

    part = "wrong_examples"
    points = {"images": 2, "titles": 3}
    count, split, says = 9, "test", figures.says_wrong_prediction
    needs = ("data_prep", "dropout_build", "classes")


class TestSaving(checks.Saved):
    """The file, and what comes back from it."""

    part, role = "saving", "dropout"
    points = {"saved": 3, "loaded": 4, "classes": 3}
    needs = ("dropout_build", "dropout_fit")
    name = "saved_classes"

    test_classes = checks.Classes.test_classes
