"""The command `grade`, also as `python -m grader`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from grader.cli import run  # noqa: PLC0415 - the first import should be as light as the command is

    sys.exit(run())


if __name__ == "__main__":
    main()
