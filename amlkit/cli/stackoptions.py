"""`--stack` and `--local`: which stack a command is about, and whether it is rehearsed. Shared by the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from amlkit.delivery import scratch
from amlkit.delivery.stacks import Stack

_Command = TypeVar("_Command", bound=Callable[..., Any])
_KEY = "amlkit.local"
_NAME = "amlkit.stack"
LOCAL_HELP = "The stack as it is rehearsed on the local Azure ML."


def _note(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_KEY] = True


def _note_name(context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    context.meta[_NAME] = value
    return value


def stack_option(text: str, name: str = "stack_name") -> Callable[[_Command], _Command]:
    """`--stack`, a parameter `name` with `text` for its help; and `--local`, which `stack_here` and `found` read."""

    def both(function: _Command) -> _Command:
        local = click.option("--local", is_flag=True, expose_value=False, callback=_note, help=LOCAL_HELP)
        named = click.option("--stack", "-s", name, callback=_note_name, help=f"{text}  [default: local]")
        return named(local(function))

    return both


def rehearses() -> bool:
    """Was `--local` given?"""
    return bool(click.get_current_context().meta.get(_KEY))


def as_given() -> str:
    """The words that name the stack to another command, as they were given to this one: ` --stack dev --local`."""
    name = click.get_current_context().meta.get(_NAME)
    return f"{f' --stack {name}' if name else ''}{' --local' if rehearses() else ''}"


def stack_here(name: str | None) -> Stack:
    """As `amlkit.delivery.scratch.stack_here`, rehearsed if `--local` was given."""
    return scratch.stack_here(name, rehearse=rehearses())


def found(name: str | None) -> Stack:
    """As `Stack.find`, rehearsed if `--local` was given."""
    return Stack.find(name, rehearse=rehearses())
