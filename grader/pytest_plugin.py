"""The plugin that pytest finds by entry point: `pytest reference/mnist_cnn/checks.py --submission FILE`.

Does nothing unless `--submission` is given. Then the session's first check runs the submission in its worker, under
pytest, and all checks judge what was collected; so do the questions of the lab.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from grader.judge.case import Case

TIMEOUT_S = 3 * 3600
"""Outer bound of a check under plain pytest: the first one includes the run of the whole submission."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("grader", "grading a submission")
    group.addoption("--submission", metavar="FILE", help="notebook or script to judge with a lab's checks")
    group.addoption("--effort", choices=["quick", "full"], default="quick", help="how much training to run")
    group.addoption("--data", default="auto", metavar="auto|mnist|synthetic|FILE.npz", help="which images to use")
    group.addoption("--grade-seed", type=int, default=1, metavar="N", help="of everything that is random")


def pytest_configure(config: pytest.Config) -> None:
    """Register the judge when there is a submission.

    Raises:
        pytest.UsageError: the configuration of this session comes from beside the submission.
    """
    name = config.getoption("--submission")
    if not name:
        return
    file = Path(name).resolve()
    _refuse_configuration_of(file, config)
    # Sessions without a submission should not pay for these.
    from grader.judge.asking import Asking  # noqa: PLC0415
    from grader.judge.plugin import Judge  # noqa: PLC0415

    get_case = functools.cache(lambda: _gather(file, config))
    config.pluginmanager.register(Judge(get_case), "grader-judge")
    config.pluginmanager.register(Asking(get_case), "grader-asking")


def _refuse_configuration_of(file: Path, config: pytest.Config) -> None:
    """Refuse an ini file or a conftest that a student may have written (attack B19)."""
    inipath = config.inipath
    loaded = [Path(str(getattr(plugin, "__file__", "") or "")) for plugin in config.pluginmanager.get_plugins()]
    suspicious = [path for path in [inipath, *loaded] if path is not None and path.resolve().parent == file.parent]
    if suspicious:
        raise pytest.UsageError(
            f"{suspicious[0].name} beside the submission would configure pytest; "
            "name the checks file first, or use the `grade` command"
        )


def _gather(file: Path, config: pytest.Config) -> Case:
    from grader import datasets, labs, pipeline  # noqa: PLC0415
    from grader import submission as intake  # noqa: PLC0415
    from grader.model import Effort  # noqa: PLC0415
    from grader.terms import Terms  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="epochmark-pytest-") as folder:
        terms = Terms(
            lab=labs.read(_lab_folder(config)),
            effort=Effort(config.getoption("--effort")),
            data=config.getoption("--data"),
            seed=config.getoption("--grade-seed"),
        )
        request = pipeline.Request(file=file, terms=terms, out=Path(folder))
        source = datasets.resolve(terms.data)
        expected = labs.expectations(terms.lab, data=source.name, effort=terms.effort)
        run = pipeline.observe(request, intake.take(file), source, pipeline.silent)
        return pipeline.case_of(request, run, expected)


def _lab_folder(config: pytest.Config) -> Path:
    for argument in config.args:
        path = Path(argument.split("::", 1)[0]).resolve()
        folder = path if path.is_dir() else path.parent
        if (folder / "lab.toml").is_file():
            return folder
    raise pytest.UsageError("--submission needs the checks file of a lab: reference/LAB/checks.py")
