"""What an LMS lets an instructor download becomes entries; results become what can be uploaded to it."""

from grader.exchange.download import Download
from grader.exchange.intake import opened, read
from grader.exchange.results import Filled, Note, PartScore, Result
from grader.exchange.roster import Entry, Intake, Layout, LeftOut, Person, Why

__all__ = [
    "Download",
    "Entry",
    "Filled",
    "Intake",
    "Layout",
    "LeftOut",
    "Note",
    "PartScore",
    "Person",
    "Result",
    "Why",
    "opened",
    "read",
]
