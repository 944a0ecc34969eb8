"""A lab to begin with: small, without networks, and working."""

from __future__ import annotations

from pathlib import Path

from grader.errors import UsageError

_EXAMPLE = Path(__file__).parent / "example"


def create(name: str, parent: Path) -> Path:
    """Write a new lab into a folder of its name; return the folder.

    Raises:
        UsageError: the name is none, something is there already, or the folder cannot be written.
    """
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot be the name of a lab: letters, digits and _ only", slug="lab-name")
    folder = parent / name
    try:
        folder.mkdir(parents=True)
        for source in sorted(_EXAMPLE.glob("*.in")):
            text = source.read_text(encoding="utf-8").replace("{title}", name.replace("_", " ").capitalize())
            (folder / source.stem).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise UsageError(f"{folder} is there already", slug="lab-exists") from error
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}", slug="lab-unwritable") from error
    return folder
