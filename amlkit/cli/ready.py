"""Making ready for a run: the local Azure ML is started if the stack is local and nobody listens. Used by `run`."""

from __future__ import annotations

import socket

import click

from amlkit.delivery.scratch import is_scratch, workspace_here
from amlkit.delivery.stacks import Stack, Workspace
from amlkit.errors import SetupError
from amlkit.home import HOST, Home


def ready(stack: Stack) -> Workspace:
    """The workspace that a run goes to, with the local Azure ML running if it is local; says what it does.

    Raises:
        SetupError: it cannot be started, or the stack is not up and not local.
    """
    if stack.is_local and not _listens(stack.home):
        _start(stack.home)
    workspace = workspace_here(stack)
    if is_scratch(workspace) and stack.home.is_project:
        click.echo("Stack `local` is not up: running in a scratch workspace", err=True)
    return workspace


def _listens(home: Home) -> bool:
    address = home.address()
    if address is None:
        return False
    try:
        socket.create_connection((HOST, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def _start(home: Home) -> None:
    try:
        from ..local import process
    except ModuleNotFoundError as error:
        hint = "pip install 'amlkit[local]'"
        raise SetupError(f"the local Azure ML is not installed: no module `{error.name}`", hint=hint) from error
    if home.is_project:
        from ..provider.install import install

        install(home.pulumi_home)
    running, is_new = process.start(home)
    if is_new:
        click.echo(f"Local Azure ML started: {running.address.url}", err=True)
