"""The one rule that keeps a stack where it says it lives: its `amlkit:target` against what the environment points at.

Called before anything is sent: by the commands, by every program (`amlkit.infra.program`) and by the `amlkit` plugin,
so that it holds for a plain `pulumi up` too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import SetupError
from .home import HOME_FOLDER
from .rest import LOOPBACK

TARGET_KEY = "amlkit:target"  # in a stack's file: the one word that says where it lives
TARGETS = ("local", "azure")
_AZURE = "Azure's public cloud"
_METADATA, _STATE = "ARM_METADATA_HOSTNAME", "PULUMI_BACKEND_URL"


def check_named(said: str, environment: Mapping[str, str] = os.environ) -> None:
    """Judge, before anything is sent, whether a stack may talk to what the environment points at.

    `said` is the stack's `amlkit:target`: `local` (loopback alone, with state that is not Azure's) or `azure` (never
    the local Azure ML, nor with state that is kept for it).

    Raises:
        SetupError: it says neither, or the environment points elsewhere, or at state of the other side.
    """
    if said not in TARGETS:
        what = f"no such target: {said}" if said else f"the stack does not say where it lives: `{TARGET_KEY}`"
        hint = f"`{TARGET_KEY}: local` or `{TARGET_KEY}: azure` in its file; with `--local` any stack is rehearsed here"
        raise SetupError(what, hint=hint)
    host = environment.get(_METADATA, "")
    here = urlsplit(host if "://" in host else f"https://{host}").hostname in LOOPBACK if host else False
    state = environment.get(_STATE, "")
    if said == "local" and not here:
        hint = 'use `amlkit`, or first `eval "$(amlkit local env)"`'
        raise SetupError(f"the stack is local, and the target is {host or _AZURE}", hint=hint)
    if said == "local" and state and not state.startswith("file:"):
        what = f"the stack is local, and the state that is named is kept for stacks on Azure: {_without_secrets(state)}"
        raise SetupError(what, where=_STATE, hint='`eval "$(amlkit local env)"` names the local one')
    if said == "azure" and here:
        hint = "use a shell without `amlkit local env`, or rehearse it: `--local`"
        raise SetupError(f"the stack is on Azure, and the environment points at the local Azure ML: {host}", hint=hint)
    if said == "azure" and HOME_FOLDER in urlsplit(state).path.split("/"):
        what = f"the stack is on Azure, and the state that is named is the local Azure ML's: {state}"
        raise SetupError(what, where=_STATE, hint="name the state of stacks on Azure, or `pulumi login`")


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
