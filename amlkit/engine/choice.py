"""One door to both engines: run a verb, read the outputs. The caller says which engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from amlkit.errors import SetupError

from . import official
from .naming import PROGRAM

if TYPE_CHECKING:
    from .events import Event, Result, Verb

Engine = Literal["embedded", "official"]


def run(
    engine: Engine, arguments: list[str], folder: Path, environ: Mapping[str, str], *, program: str = PROGRAM
) -> int:
    """Carry out a verb of Pulumi's with its flags (`["up", "--yes", "--stack", "dev"]`); its exit code.

    `preview` and `up` make a stack that does not exist yet. `program` is how the user called it, for the embedded
    engine's usage and hints.

    Raises:
        SetupError: the official engine is asked for, and there is none.
    """
    if engine == "official":
        from . import officialflow

        return officialflow.run(arguments, folder, environ, program=program)
    from . import cli
    from .embedded import stackcommands
    from .embedded.opened import opened

    stack = official.stack_of(arguments)
    if arguments[0] in ("preview", "up") and stack:
        found = opened(folder, environ, stack, must_exist=False)
        if not found.state.exists():
            stackcommands.make(found)
    return cli.main(arguments, cwd=folder, environ=environ, program=program)


def operate(
    engine: Engine,
    verb: Verb,
    stack: str,
    folder: Path,
    environ: Mapping[str, str],
    emit: Callable[[Event], None] = lambda event: None,
    *,
    preview: bool = False,
) -> Result:
    """Carry out a verb on a stack, or only say what it would do: the plan. The same record from either engine.

    Raises:
        SetupError, EngineError: it could not begin.
    """
    if engine == "official":
        from . import officialflow

        return officialflow.operate(verb, stack, folder, environ, emit, preview=preview)
    from .embedded import operations
    from .embedded.opened import opened
    from .embedded.options import Options

    return operations.operate(verb, opened(folder, environ, stack), Options(environ=environ), emit, preview=preview)


def resources(stack: str, folder: Path, environ: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    """What the state of the embedded engine holds of each resource, secrets encrypted.

    Raises:
        SetupError: there is no such stack, or its state is damaged.
    """
    from .embedded import checkpoint
    from .embedded.opened import opened

    found = opened(folder, environ, stack)
    return tuple(checkpoint.latest_of(found.text(), str(found.state.file)).get("resources") or ())


def deployment(engine: Engine, stack: str, folder: Path, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The state as Pulumi exports it: `resources` and `pending_operations`, secrets encrypted; nothing of a new stack.

    Raises:
        SetupError: there is no such stack, its state is damaged, or another command holds it.
        EngineError: the Pulumi CLI cannot say.
    """
    if engine == "official":
        words = ["stack", "export", *official.chosen(stack)]
        exported = json.loads(official.calls(folder, environ).output(words))
        return exported.get("deployment") or {}
    from .embedded import checkpoint
    from .embedded.opened import opened

    found = opened(folder, environ, stack)
    if found.state.is_busy():
        raise SetupError(f"another command holds the stack `{stack}`", hint="wait for its end")
    return checkpoint.latest_of(found.text(), str(found.state.file))


def outputs(engine: Engine, stack: str, folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """The stack's outputs by name, secrets hidden.

    Raises:
        SetupError: there is no such stack, or its state is damaged.
        EngineError: the Pulumi CLI cannot say.
    """
    if engine == "official":
        return official.outputs(stack, folder, environ)
    from .embedded import stackcommands
    from .embedded.opened import opened

    return stackcommands.outputs(opened(folder, environ, stack), clear=False)
