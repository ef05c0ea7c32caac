"""The entry script of a parallel step: a row for each file."""

from pathlib import Path


def init():
    """Called once in each worker."""


def run(mini_batch):
    """Upper case."""
    return [Path(path).read_text().strip().upper() for path in mini_batch]
