"""The frame of a Pulumi program: problems are shown as ours, and an interrupt does not hide the message."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime.settings import SETTINGS

from amlkit.errors import AmlkitError


@contextmanager
def program() -> Iterator[None]:
    """Everything a program does belongs inside: `with program(): …`.

    Raises:
        pulumi.RunError: for any of our errors; Pulumi shows it as it is, without a traceback.
    """
    _end_on_interrupt()
    try:
        yield
    except AmlkitError as error:
        raise pulumi.RunError(str(error)) from error


def _end_on_interrupt() -> None:
    """The CLI interrupts the program of a failed update, and Python's traceback would bury the error above it."""
    if SETTINGS.engine is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
