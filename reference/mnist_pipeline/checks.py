"""Checks of the lab about a data pipeline: what each part is asked, and what it pays."""

from __future__ import annotations

import numpy as np

from grader.judge import checks
from grader.wire import Array


class TestLoad(checks.Loader):
    """The function that loads."""

    part, function = "load", "load_dataset"
    points = {"images": 13, "labels": 12}


class TestPrepare(checks.Returns):
    """The function that scales."""

    part, function = "prepare", "prep_pixels"
    points = {"returns": 15, "type": 5}
    dtype = "float32"

    @staticmethod
    def wanted(train: Array, test: Array) -> tuple[Array, Array]:
        """Return both as numbers from 0 to 1."""
        return train.astype(np.float32) / 255, test.astype(np.float32) / 255


class TestPipelineBuild(checks.Build):
    """The network itself."""

    part, role = "pipeline_build", "pipeline"
    points = {"ten_outputs": 6, "probabilities": 7, "layers": 7}


class TestPipelineCompile(checks.Compile):
    """Its optimizer, loss and metrics."""

    part, role = "pipeline_compile", "pipeline"
    points = {"loss": 6, "accuracy_metric": 2, "learns": 2}
    needs = ("pipeline_build",)


class TestPipelineFit(checks.Fit):
    """Its training."""

    part, role = "pipeline_fit", "pipeline"
    points = {"trained": 10}
    needs = ("load", "prepare", "pipeline_build", "pipeline_compile")


class TestPipelineEvaluate(checks.Evaluate):
    """Its evaluation."""

    part, role = "pipeline_evaluate", "pipeline"
    points = {"evaluated": 12, "after_training": 3}
    needs = ("load", "prepare", "pipeline_build", "pipeline_compile")
