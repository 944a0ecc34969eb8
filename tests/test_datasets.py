from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader import datasets
from grader.datasets import archive, cache
from grader.errors import MachineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PROCESSES = 2


# --- drawing ----------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_bytes_everywhere() -> None:
    # Measured alike with numpy 1.26 and 2.4, with and without AVX. If this fails, the pixels moved:
    # that is a new version of the data set, and every calibrated threshold has to be found again.
    images, labels = datasets.draw_digits(300, seed=7)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "9bcff9ecbde257618c54045ef85fa2b2e0c69bdde37893262e4603064399a47b"
    assert cache.VERSION == 1


def test_images_and_labels_have_the_form_of_mnist() -> None:
    images, labels = datasets.draw_digits(500, seed=3)
    assert (images.shape, labels.shape) == ((500, 28, 28), (500,))
    assert images.dtype == labels.dtype == np.dtype(np.uint8)
    assert set(labels.tolist()) == set(range(10))
    assert images.max() > 230


def test_no_image_is_inked_at_its_border() -> None:
    images, _ = datasets.draw_digits(3000, seed=4)
    inner = np.zeros((28, 28), dtype=bool)
    inner[1:-1, 1:-1] = True
    assert images[:, ~inner].max() == 0


def test_every_image_is_inked_but_mostly_background() -> None:
    images, _ = datasets.draw_digits(3000, seed=4)
    inked = (images > 0).mean(axis=(1, 2))
    assert inked.min() > 0.02
    assert inked.max() < 0.6


def test_a_smaller_count_draws_the_beginning_of_a_larger_one() -> None:
    images, labels = datasets.draw_digits(2100, seed=5)  # more than one block
    for count in (0, 1, 77, 2049):
        some_images, some_labels = datasets.draw_digits(count, seed=5)
        assert np.array_equal(some_images, images[:count])
        assert np.array_equal(some_labels, labels[:count])


def test_another_seed_draws_other_images() -> None:
    one, _ = datasets.draw_digits(50, seed=1)
    other, _ = datasets.draw_digits(50, seed=2)
    assert not set(_masks(one)) & set(_masks(other))


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1)])
def test_negative_arguments_are_refused(count: int, seed: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        datasets.draw_digits(count, seed=seed)


def test_the_labels_say_what_the_images_show() -> None:
    images, labels = datasets.draw_digits(6000, seed=8)
    flat = images.reshape(len(images), -1).astype(np.float32)
    means = np.array([flat[:5000][labels[:5000] == digit].mean(axis=0) for digit in range(10)])
    distances = ((flat[5000:, None, :] - means) ** 2).sum(axis=2)
    accuracy = (distances.argmin(axis=1) == labels[5000:]).mean()
    assert 0.6 < accuracy < 0.95  # the nearest mean reaches 0.82 on MNIST: neither noise nor a giveaway


def _masks(images: NDArray[np.uint8]) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(images.reshape(len(images), -1) > 0, axis=1)]


# --- the synthetic data set -------------------------------------------------------------------


@pytest.fixture(scope="session")
def drawn_by_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int | None], int]:
    """Two processes resolve `synthetic` at once, on an empty cache, while this one looks on."""
    folder = tmp_path_factory.mktemp("cache") / "not" / "yet" / "there"
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=datasets.resolve, args=("synthetic",)) for _ in range(PROCESSES)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(folder))
        for child in children:
            child.start()
    half_files = 0
    while any(child.is_alive() for child in children):
        children[0].join(timeout=0.02)
        file = folder / "synthetic-v1.npz"
        half_files += file.exists() and not cache._is_whole(file)
    codes = [child.exitcode for child in children]
    for child in children:
        child.close()
    return folder, codes, half_files


@pytest.fixture
def drawn(drawn_by_two: tuple[Path, list[int | None], int], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder with the synthetic digits in it."""
    monkeypatch.setenv("GRADER_CACHE", str(drawn_by_two[0]))
    return drawn_by_two[0]


def test_two_processes_may_draw_at_once(drawn_by_two: tuple[Path, list[int | None], int]) -> None:
    folder, codes, half_files = drawn_by_two
    assert codes == [0] * PROCESSES
    assert half_files == 0
    assert [file.name for file in folder.iterdir()] == ["synthetic-v1.npz"]


def test_synthetic_is_described_without_its_path(drawn: Path) -> None:
    source = datasets.resolve("synthetic")
    assert source.name == "synthetic"
    assert source.path == drawn / "synthetic-v1.npz"
    assert source.description == "synthetic digits, version 1"
    assert source.sha256 == hashlib.sha256(source.path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("drawn")
def test_synthetic_arrays_have_the_names_and_form_of_mnist() -> None:
    arrays = datasets.load(datasets.resolve("synthetic").path)
    assert {name: array.shape for name, array in arrays.items()} == archive.SHAPES
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.uint8)}
    for split in ("train", "test"):
        counts = np.bincount(arrays[f"y_{split}"], minlength=10) / len(arrays[f"y_{split}"])
        assert np.all(abs(counts - 0.1) < 0.015)  # five standard deviations of the smaller split


@pytest.mark.usefixtures("drawn")
def test_synthetic_images_can_be_told_apart_by_their_ink() -> None:
    arrays = datasets.load(datasets.resolve("synthetic").path)
    masks = _masks(arrays["x_train"]) + _masks(arrays["x_test"])
    assert len(masks) - len(set(masks)) <= 10


def test_a_good_cache_is_not_drawn_again(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "draw_digits", None)
    before = (drawn / "synthetic-v1.npz").stat()
    assert datasets.resolve("synthetic") == datasets.resolve("synthetic")
    assert (drawn / "synthetic-v1.npz").stat().st_mtime_ns == before.st_mtime_ns


# --- the cache, with digits that cost nothing -------------------------------------------------


class Blanks:
    """Stands in for `draw_digits`: blank images, and a record of the seeds."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def __call__(self, count: int, *, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        self.seeds.append(seed)
        return np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8)


@pytest.fixture
def blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blanks:
    """An empty cache folder and temporary folder, and nothing remembered of earlier ones."""
    blanks = Blanks()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(cache, "draw_digits", blanks)
    cache._private_folder.cache_clear()
    return blanks


def _flip_a_pixel(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda file: os.truncate(file, 40_000_000),
    "empty": lambda file: os.truncate(file, 0),
    "garbage": lambda file: file.write_bytes(b"\0" * 1000),
    "flipped": _flip_a_pixel,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_drawn_again(damage: str, blanks: Blanks) -> None:
    good = datasets.resolve("synthetic")
    DAMAGE[damage](good.path)
    assert datasets.resolve("synthetic") == good
    assert blanks.seeds == [cache.TRAIN_SEED, cache.TEST_SEED] * 2


def test_others_may_read_the_cache(blanks: Blanks) -> None:
    assert datasets.resolve("synthetic").path.stat().st_mode & 0o044 == 0o044
    assert blanks.seeds


def test_a_failed_write_leaves_nothing_behind(blanks: Blanks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(count: int, *, seed: int) -> object:
        blanks(count, seed=seed)
        raise KeyboardInterrupt

    monkeypatch.setattr(cache, "draw_digits", interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.resolve("synthetic")
    assert blanks.seeds == [cache.TRAIN_SEED]
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_reader_beside_many_writers_sees_whole_files_only(blanks: Blanks) -> None:
    file = datasets.resolve("synthetic").path
    writers = [threading.Thread(target=cache._write, args=(file,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        archive.check(file)
    assert len(blanks.seeds) == 8
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.fixture
def unwritable(blanks: Blanks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blanks:
    """The cache folder would lie below a file: nobody, not even root, can create it."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "file" / "cache"))
    return blanks


def test_an_unwritable_cache_gives_way_to_a_private_folder(
    unwritable: Blanks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_exit: list[tuple[Any, Any, Any]] = []
    monkeypatch.setattr("atexit.register", lambda call, *args, **kwargs: at_exit.append((call, args, kwargs)))
    source = datasets.resolve("synthetic")
    assert source.path.parent.parent == tmp_path / "tmp"
    assert source.path.parent.stat().st_mode & 0o077 == 0
    assert datasets.resolve("synthetic") == source
    assert unwritable.seeds == [cache.TRAIN_SEED, cache.TEST_SEED]

    ((call, args, kwargs),) = at_exit
    call(*args, owner=-1)  # as in a forked child
    assert source.path.exists()
    call(*args, **kwargs)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.usefixtures("unwritable")
def test_no_room_anywhere_is_the_machine_s_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(MachineError, match="GRADER_CACHE") as caught:
        datasets.resolve("synthetic")
    assert caught.value.slug == "data-cache"


def test_the_cache_is_the_user_s_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GRADER_CACHE", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
    assert cache._cache_folder() == tmp_path / "epochmark"
    monkeypatch.setenv("GRADER_CACHE", "relative")
    monkeypatch.chdir(tmp_path)
    assert cache._cache_folder() == tmp_path / "relative"


# --- files in the form of MNIST ---------------------------------------------------------------


def _arrays() -> dict[str, NDArray[Any]]:
    """Blank images; a test image carries its row number in its first two pixels, and so does its label."""
    numbers = np.arange(10_000)
    x_test = np.zeros((10_000, 28, 28), np.uint8)
    x_test[:, 0, 0], x_test[:, 0, 1] = numbers // 100, numbers % 100
    return {
        "x_train": np.zeros((60_000, 28, 28), np.uint8),
        "y_train": np.zeros(60_000, np.uint8),
        "x_test": x_test,
        "y_test": (numbers % 10).astype(np.uint8),
    }


@pytest.fixture(scope="session")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is as good as MNIST."""
    path = tmp_path_factory.mktemp("mnist") / "digits.npz"
    np.savez_compressed(path, **_arrays())  # type: ignore[arg-type]
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no variable that names a data set."""
    for name in ("GRADER_MNIST", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _put(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True)
    target.hardlink_to(file)
    return target


def test_a_file_is_described_by_its_name(mnist: Path) -> None:
    source = datasets.resolve(str(mnist))
    assert (source.name, source.path) == ("mnist", mnist)
    assert source.description == "images of digits.npz (60,000 + 10,000 images)"
    assert source.sha256 == hashlib.sha256(mnist.read_bytes()).hexdigest()


def test_only_the_file_that_keras_downloads_is_called_mnist(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_sha256", lambda _: datasets._KERAS_SHA256)
    assert datasets.resolve(str(mnist)).description == "MNIST (60,000 + 10,000 images)"


def test_a_relative_path_becomes_absolute(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mnist.parent)
    assert datasets.resolve("digits.npz").path == mnist


def test_a_tilde_is_the_home_folder(mnist: Path, home: Path) -> None:
    file = _put(mnist, home / "mine" / "digits.npz")
    assert datasets.resolve("~/mine/digits.npz").path == file
    with pytest.raises(UsageError, match=r"no file '~nobody-of-that-name/digits\.npz'"):
        datasets.resolve("~nobody-of-that-name/digits.npz")


def test_mnist_prefers_the_variable_then_keras_home_then_the_user_s_home(
    mnist: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_home = _put(mnist, home / ".keras" / "datasets" / "mnist.npz")
    in_keras_home = _put(mnist, home / "elsewhere" / "datasets" / "mnist.npz")
    for choice in ("mnist", "auto"):
        monkeypatch.delenv("GRADER_MNIST", raising=False)
        monkeypatch.delenv("KERAS_HOME", raising=False)
        assert datasets.resolve(choice).path == in_home
        monkeypatch.setenv("KERAS_HOME", str(home / "elsewhere"))
        assert datasets.resolve(choice).path == in_keras_home
        monkeypatch.setenv("GRADER_MNIST", str(mnist))
        assert datasets.resolve(choice).path == mnist


@pytest.mark.usefixtures("home")
def test_mnist_that_is_not_there_is_explained() -> None:
    with pytest.raises(UsageError, match=r"load_data\(\) once.*--data FILE\.npz") as caught:
        datasets.resolve("mnist")
    assert caught.value.slug == "mnist-not-found"


@pytest.mark.usefixtures("home", "blanks")
def test_auto_without_mnist_is_synthetic() -> None:
    assert datasets.resolve("auto").name == "synthetic"


@pytest.mark.usefixtures("blanks")
def test_auto_passes_over_a_damaged_download(home: Path) -> None:
    broken = home / ".keras" / "datasets" / "mnist.npz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"<html>404</html>")
    assert datasets.resolve("auto").name == "synthetic"
    with pytest.raises(UsageError, match="not usable as MNIST"):
        datasets.resolve("mnist")


@pytest.mark.parametrize("choice", ["auto", "mnist"])
def test_a_file_that_the_variable_names_has_to_be_there(
    choice: str, mnist: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(mnist, home / ".keras" / "datasets" / "mnist.npz")
    monkeypatch.setenv("GRADER_MNIST", str(home / "missing.npz"))
    with pytest.raises(UsageError, match="GRADER_MNIST: no file") as caught:
        datasets.resolve(choice)
    assert caught.value.slug == "data-not-found"


@pytest.mark.parametrize("choice", ["missing.npz", "syntetic", "x" * 5000, "null\0byte"])
def test_a_path_that_does_not_exist_is_named(choice: str) -> None:
    with pytest.raises(UsageError, match=r"--data: no file .*expected auto, mnist, synthetic") as caught:
        datasets.resolve(choice)
    assert caught.value.slug == "data-not-found"
    assert repr(choice) in str(caught.value)


# --- files that are not -----------------------------------------------------------------------

WRONG_ARRAYS: dict[str, tuple[str, NDArray[Any], str]] = {
    "float images": (
        "x_test",
        np.zeros((10_000, 28, 28), np.float32),
        "x_test: expected uint8 of shape (10000, 28, 28), found float32 of shape (10000, 28, 28)",
    ),
    "flat images": (
        "x_test",
        np.zeros((10_000, 784), np.uint8),
        "x_test: expected uint8 of shape (10000, 28, 28), found uint8 of shape (10000, 784)",
    ),
    "too few": (
        "y_train",
        np.zeros(59_999, np.uint8),
        "y_train: expected integers of shape (60000,), found uint8 of shape (59999,)",
    ),
    "float labels": (
        "y_test",
        np.zeros(10_000),
        "y_test: expected integers of shape (10000,), found float64 of shape (10000,)",
    ),
    "objects": (
        "y_test",
        np.array([None] * 10_000, dtype=object),
        "y_test: expected integers of shape (10000,), found Python objects of shape (10000,)",
    ),
    "label 10": ("y_test", np.arange(10_000) % 11, "y_test: expected labels from 0 to 9, found 0 to 10"),
    "label -1": (
        "y_train",
        np.arange(60_000, dtype=np.int8) % 3 - 1,
        "y_train: expected labels from 0 to 9, found -1 to 1",
    ),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_a_wrong_array_is_named_with_what_was_expected_and_found(case: str, mnist: Path, tmp_path: Path) -> None:
    name, array, message = WRONG_ARRAYS[case]
    file = _with(mnist, tmp_path, {name: _npy(array)})
    assert _refusal(file).endswith(f": {message}")


def test_any_kind_of_integer_makes_a_label(mnist: Path, tmp_path: Path) -> None:
    labels = np.arange(10_000, dtype=">i8") % 10
    file = _with(mnist, tmp_path, {"y_test": _npy(labels)})
    loaded = datasets.load(datasets.resolve(str(file)).path)["y_test"]
    assert loaded.dtype == np.uint8
    assert np.array_equal(loaded, labels)


def test_a_missing_array_is_named(mnist: Path, tmp_path: Path) -> None:
    file = _with(mnist, tmp_path, {"y_test": None})
    assert _refusal(file).endswith("expected an array y_test, found x_train.npy, y_train.npy, x_test.npy")


def test_a_header_that_promises_too_much_is_refused(mnist: Path, tmp_path: Path) -> None:
    file = _with(mnist, tmp_path, {"y_test": _npy(np.zeros(10_000, np.uint8))[:-7]})
    assert _refusal(file).endswith("y_test: expected 10,000 bytes of data, found 9,993")


@pytest.mark.parametrize(
    "member",
    [b"", b"not an array", b"\x93NUMPY\x09\x00", b"\x93NUMPY\x01\x00\x04\x00((((", b"\x93NUMPY\x01\x00\x06\x00{1: 2}"],
)
def test_a_member_that_is_no_array_is_refused(member: bytes, mnist: Path, tmp_path: Path) -> None:
    assert "expected an .npz archive" in _refusal(_with(mnist, tmp_path, {"y_test": member}))


def test_a_damaged_member_is_refused(mnist: Path, tmp_path: Path) -> None:
    file = _with(mnist, tmp_path, {})
    content = bytearray(file.read_bytes())
    content[content.index(b"\x93NUMPY") + 4000] ^= 0xFF  # within the images that come first, stored as they are
    file.write_bytes(content)
    assert "Bad CRC-32" in _refusal(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"plain text\n", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file.npz"
    file.write_bytes(content)
    assert "expected an .npz archive with x_train, y_train, x_test, y_test" in _refusal(file)


def test_a_truncated_file_is_refused(mnist: Path, tmp_path: Path) -> None:
    file = tmp_path / "half.npz"
    file.write_bytes(mnist.read_bytes()[:-100])
    assert "expected an .npz archive" in _refusal(file)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "Is a directory" in _refusal(tmp_path)


def _refusal(file: Path) -> str:
    with pytest.raises(UsageError) as caught:
        datasets.resolve(str(file))
    message = str(caught.value)
    assert caught.value.slug == "data-invalid"
    assert message.startswith(f"{str(file)!r} is not usable as MNIST: ")
    assert "\n" not in message
    return message


def _npy(array: NDArray[Any]) -> bytes:
    with tempfile.TemporaryFile() as file:
        np.save(file, array)
        file.seek(0)
        return file.read()


def _with(mnist: Path, folder: Path, members: dict[str, bytes | None]) -> Path:
    """Copy an archive with other members in it, or without them (`None`)."""
    file = folder / "changed.npz"
    with zipfile.ZipFile(mnist) as source, zipfile.ZipFile(file, "w") as target:
        for name in archive.SHAPES:
            member = members.get(name, source.read(f"{name}.npy"))
            if member is not None:
                target.writestr(f"{name}.npy", member)
    return file


# --- held-out images --------------------------------------------------------------------------


@pytest.mark.usefixtures("drawn")
def test_synthetic_held_out_images_occur_nowhere_else() -> None:
    source = datasets.resolve("synthetic")
    arrays = datasets.load(source.path)
    public = {image.tobytes() for split in ("x_train", "x_test") for image in arrays[split]}
    for seed in (-1, 0, cache.TRAIN_SEED, cache.TEST_SEED, 2**64 + 1):
        images, labels = datasets.held_out(source, count=300, seed=seed)
        assert (images.shape, labels.shape) == ((300, 28, 28), (300,))
        assert not {image.tobytes() for image in images} & public


@pytest.mark.usefixtures("drawn")
def test_held_out_images_depend_on_the_seed_only() -> None:
    source = datasets.resolve("synthetic")
    one, again, other = (datasets.held_out(source, count=20, seed=seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_mnist_held_out_images_are_a_choice_of_the_test_images(mnist: Path) -> None:
    source = datasets.resolve(str(mnist))
    images, labels = datasets.held_out(source, count=1000, seed=0)
    assert (images.shape, labels.shape) == ((1000, 28, 28), (1000,))
    assert images.dtype == labels.dtype == np.dtype(np.uint8)
    assert len({image.tobytes() for image in images}) == 1000
    assert np.array_equal(datasets.held_out(source, count=5, seed=0)[0], images[:5])


def test_held_out_images_of_mnist_are_moved_by_less_than_a_pixel() -> None:
    known, _ = datasets.draw_digits(200, seed=4)
    moved = datasets._nudged(known, seed=1)
    assert moved.shape == known.shape
    assert moved.dtype == np.uint8
    assert not {image.tobytes() for image in moved} & {image.tobytes() for image in known}
    ink, before = moved.sum(axis=(1, 2), dtype=np.int64), known.sum(axis=(1, 2), dtype=np.int64)
    assert (np.abs(ink - before) <= 0.02 * before).all()
    distance = np.abs(moved.astype(int) - known).mean(axis=(1, 2))
    others = np.abs(moved.astype(int) - np.roll(known, 1, axis=0)).mean(axis=(1, 2))
    assert (distance < others / 2).mean() > 0.99


def test_relabelled_data_have_other_labels_and_the_same_images() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "x_train": np.zeros((3, 28, 28), np.uint8),
        "y_train": np.array([0, 1, 9], np.int64),
    }
    other = datasets.relabelled(arrays, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
    assert other["y_train"].tolist() == [1, 2, 0]
    assert other["x_train"] is arrays["x_train"]


def test_mnist_held_out_choices_differ_between_seeds(mnist: Path) -> None:
    source = datasets.resolve(str(mnist))
    one, again, other = (datasets.held_out(source, count=50, seed=seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_all_of_mnist_s_test_images_can_be_held_out_but_no_more(mnist: Path) -> None:
    source = datasets.resolve(str(mnist))
    _, labels = datasets.held_out(source, count=10_000, seed=3)
    assert np.bincount(labels).tolist() == [1000] * 10
    with pytest.raises(UsageError, match=re.escape("10001 held-out images wanted, MNIST has 10000")) as caught:
        datasets.held_out(source, count=10_001, seed=3)
    assert caught.value.slug == "held-out-count"
