"""Errors that a person can act on, and the exit codes of the command.

Three kinds of blame, three types: only a `StudentError` can ever cost points, and even
that only because there is nothing to judge.
"""

from __future__ import annotations

import enum
from typing import Any


class ExitCode(enum.IntEnum):
    """Exit codes of the `grade` command; a stable interface."""

    GRADED = 0
    BELOW_THRESHOLD = 1
    USAGE = 2
    FAULT = 3
    TIER_UNAVAILABLE = 4
    INTERRUPTED = 130


class GraderError(Exception):
    """A failure that is explained in one line instead of a traceback.

    Attributes:
        slug: a stable, kebab-case name of the failure, for scripts and for the documentation.
        exit_code: what the command exits with when nobody handles the error.
    """

    exit_code = ExitCode.FAULT

    def __init__(self, message: str, *, slug: str) -> None:
        super().__init__(message)
        self.slug = slug

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes of a cluster as what it is; an exception is made anew from its message alone."""
        return _again, (type(self), str(self), self.slug)


def _again(kind: type[GraderError], message: str, slug: str) -> GraderError:
    error = kind.__new__(kind, message)
    error.slug = slug
    return error


class StudentError(GraderError):
    """What was handed in cannot be graded: missing, empty, too large, not a lab."""

    exit_code = ExitCode.USAGE


class UsageError(GraderError):
    """The command was called with something that makes no sense."""

    exit_code = ExitCode.USAGE


class AuthorError(GraderError):
    """A lab's own files are wrong: its definition, its checks, its expectations."""


class MachineError(GraderError):
    """The machine or the grader failed; it never costs a student points."""


class TierUnavailable(MachineError):  # noqa: N818 - named for what is the matter
    """The isolation that is required cannot be had on this machine."""

    exit_code = ExitCode.TIER_UNAVAILABLE

    def __init__(self, message: str) -> None:
        super().__init__(message, slug="tier-unavailable")
