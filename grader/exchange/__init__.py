"""What an LMS lets an instructor download becomes entries; results become what can be uploaded to it."""

from grader.exchange.intake import read
from grader.exchange.roster import Entry, Intake, Layout, LeftOut, Person, Why

__all__ = ["Entry", "Intake", "Layout", "LeftOut", "Person", "Why", "read"]
