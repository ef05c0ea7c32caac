"""The frame of a Pulumi program: problems are shown as ours, and an interrupt does not hide the message."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import SETTINGS
from pydantic import ValidationError

from amlkit.errors import AmlkitError, DefinitionError
from amlkit.safety import check_named

from .args import problems_of


@contextmanager
def program() -> Iterator[None]:
    """Everything a program does belongs inside: `with program(): …`.

    Nothing in it is declared, and so nothing sent, if the stack says no target or the environment points elsewhere.

    Raises:
        pulumi.RunError: for any of our errors and all wrong arguments; Pulumi shows it as it is, without a traceback.
    """
    _end_on_interrupt()
    try:
        if SETTINGS.monitor is not None and not isinstance(SETTINGS.monitor, MockMonitor):  # mocks talk to nobody
            check_named(pulumi.Config("amlkit").get("target") or "")
        yield
    except AmlkitError as error:
        raise pulumi.RunError(str(error)) from error
    except ValidationError as error:  # arguments that were made without a place of their own
        raise pulumi.RunError(str(DefinitionError(problems_of(error, error.title)))) from None


def _end_on_interrupt() -> None:
    """The CLI interrupts the program of a failed update, and Python's traceback would bury the error above it."""
    if SETTINGS.engine is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
