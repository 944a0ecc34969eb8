"""What student code finds around itself: stand-ins for absent packages, nobody to ask, nothing to wait for."""

from __future__ import annotations

import builtins
import getpass
import importlib
import multiprocessing.context
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from grader.collect.surroundings import StandInFinder, keep_going

LOCKS = ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier")
PACKAGES = ("comet_ml", "mitdeeplearning", "google.colab", "tqdm", "pydot", "pandas", "seaborn", "sklearn")


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInFinder]:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    before = dict(sys.modules)
    finder = StandInFinder(PACKAGES)
    finder.install()
    yield finder
    sys.modules.clear()
    sys.modules.update(before)


@pytest.mark.parametrize(
    "code",
    [
        "import comet_ml; comet_ml.init(project_name='x'); e = comet_ml.Experiment(); e.log_metric('a', 1, step=2)",
        "import comet_ml; comet_ml.login(); comet_ml.end()",
        "from comet_ml import Experiment, API\nwith Experiment() as e: e.log_figure(figure=None)",
        "import mitdeeplearning as mdl; mdl.lab2.plot_image_prediction(0, [], [], [])",
        "import mitdeeplearning.util as u; h = u.LossHistory(smoothing_factor=0.9); h.append(1); assert h.get() == [1]",
        "import mitdeeplearning as mdl; p = mdl.util.PeriodicPlotter(sec=2, scale='semilogy'); p.plot([1])",
        "from google.colab import drive, files; drive.mount('/content/drive')\nfor name in files.upload(): pass",
        "from google.colab import userdata\nimport os\nos.environ['NO_SUCH_KEY'] = userdata.get('KEY')",
        "from tqdm import tqdm\nif hasattr(tqdm, '_instances'): tqdm._instances.clear()",
        "from tqdm import tqdm\nassert list(tqdm(range(3), desc='x')) == [0, 1, 2]",
        "from tqdm.notebook import trange\nassert list(trange(1, 3)) == [1, 2]",
        "import tqdm\nassert [i for i, _ in tqdm.tqdm(enumerate('ab'), total=2)] == [0, 1]",
        "from tqdm.auto import tqdm\nwith tqdm(total=3) as bar: bar.update(1); bar.set_postfix(loss=f'{bar:.2f}')",
        "import pydot; assert pydot.Dot() is not None; float(pydot.a); pydot.a + 1; pydot.a[3]['x'] = 2",
        "from comet_ml import *",
        "import pandas as pd\nt = pd.DataFrame({'loss': [2, 1]})\nassert list(t['loss']) == list(t.loss) == [2, 1]",
        "import pandas as pd\nt = pd.DataFrame([[1]]); t['a'] = [3]; print(t.head(), t.describe().T, t.iloc[0])",
        "from sklearn.metrics import classification_report as report; print(report([1], [1], digits=3))",
        "import comet_ml\nclass Mine(comet_ml.Base):\n    x = 1\nassert Mine().x == 1",
        "import comet_ml\n@comet_ml.watch\ndef f(): return 3\nassert f() == 3",
    ],
)
@pytest.mark.usefixtures("finder")
def test_whatever_is_done_with_a_stand_in_works(code: str) -> None:
    exec(code, {})


@pytest.mark.usefixtures("finder")
def test_a_split_for_validation_is_a_split() -> None:
    train_test_split = importlib.import_module("sklearn.model_selection").train_test_split
    images, labels = np.arange(40).reshape(20, 2), np.arange(20)
    x, x_val, y, y_val = train_test_split(images, labels, test_size=0.1, random_state=1, stratify=labels)
    assert [len(x), len(x_val), len(y), len(y_val)] == [18, 2, 18, 2]
    assert (x[:, 0] == 2 * y).all()
    assert (x_val[:, 0] == 2 * y_val).all()
    assert sorted([*y, *y_val]) == list(range(20))
    assert [len(piece) for piece in train_test_split(labels, train_size=0.9)] == [18, 2]
    assert [piece.tolist() for piece in train_test_split(labels, test_size=2, shuffle=False)][1] == [18, 19]


@pytest.mark.usefixtures("finder")
def test_folds_take_turns() -> None:
    folds = importlib.import_module("sklearn.model_selection").KFold(3, shuffle=True, random_state=1)
    pieces = list(folds.split(np.zeros((10, 2))))
    assert len(pieces) == folds.get_n_splits() == 3
    assert sorted(index for _, piece in pieces for index in piece) == list(range(10))
    assert all(sorted([*rest, *piece]) == list(range(10)) for rest, piece in pieces)


@pytest.mark.usefixtures("finder")
def test_labels_are_made_one_hot() -> None:
    labels = np.array([2, 0, 9, 2])
    wanted = [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    preprocessing, pd = importlib.import_module("sklearn.preprocessing"), importlib.import_module("pandas")
    encoder = preprocessing.OneHotEncoder(sparse_output=False).fit(labels.reshape(-1, 1))
    assert encoder.transform(labels.reshape(-1, 1)).tolist() == wanted
    assert encoder.inverse_transform(wanted).tolist() == labels.tolist()
    assert preprocessing.LabelBinarizer().fit_transform(labels).toarray().tolist() == wanted
    assert pd.get_dummies(labels).values.tolist() == pd.get_dummies(labels).to_numpy().tolist() == wanted


@pytest.mark.usefixtures("finder")
def test_rows_of_numbers_are_reckoned_with() -> None:
    table = importlib.import_module("pandas").DataFrame([[1, 3, 2], [9, 4, 5]])
    assert table.idxmax(axis=1).to_numpy().tolist() == table.idxmax(axis=1).values.tolist() == [1, 0]
    assert table.mean(axis=1).tolist() == [2, 6]


@pytest.mark.usefixtures("finder")
def test_curves_are_drawn_by_whichever_name() -> None:
    sns = importlib.import_module("seaborn")
    curves = {"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}
    for axes in (sns.lineplot(curves), sns.lineplot(x=[1, 2], y=curves["loss"]), sns.lineplot(curves, y="loss")):
        assert axes.lines[0].get_ydata().tolist() == [2.0, 1.0]
        plt.close("all")


@pytest.mark.usefixtures("finder")
def test_a_table_plots_its_columns() -> None:
    pd = importlib.import_module("pandas")
    table = pd.DataFrame({"loss": [2.0, 1.0], "val_loss": [3.0, 2.0], "epoch": [1, 2]})
    axes = table[["loss", "val_loss"]].plot(figsize=(3, 2), title="x")
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 1.0], [3.0, 2.0]]
    assert len(table.plot(x="epoch", y="loss").lines) == 1
    table["loss"].plot(ax=axes)
    assert len(axes.lines) == 3
    plt.close("all")


def test_the_packages_that_were_used_are_known(finder: StandInFinder) -> None:
    exec("import comet_ml, google.colab", {})
    assert finder.used == {"comet_ml", "google.colab"}


def test_other_packages_are_what_they_are(finder: StandInFinder) -> None:
    with pytest.raises(ModuleNotFoundError):
        exec("import no_such_package_anywhere", {})
    assert finder.find_spec("json") is None


def test_questions_are_answered_sleep_is_short_and_nothing_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        *((builtins, "input"), (getpass, "getpass"), (time, "sleep"), (os, "kill"), (os, "_exit"), (os, "system")),
        (subprocess.Popen, "_execute_child"),
        *((multiprocessing, name) for name in LOCKS),
        *((multiprocessing.context.BaseContext, name) for name in LOCKS),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    keep_going()
    with pytest.raises(FileNotFoundError, match="nvidia-smi"):
        subprocess.run(["nvidia-smi"], check=False)
    assert os.system("nvidia-smi") >> 8 == 127
    with multiprocessing.Lock(), multiprocessing.get_context().RLock():
        assert multiprocessing.get_context().Event().is_set() is False
    started = time.monotonic()
    time.sleep(30)
    os.kill(os.getpid(), 9)
    with pytest.raises(PermissionError):
        os.kill(1, 0)
    with pytest.raises(SystemExit):
        os._exit(0)
    assert (input("key? "), getpass.getpass()) == ("", "")
    assert time.monotonic() - started < 1
