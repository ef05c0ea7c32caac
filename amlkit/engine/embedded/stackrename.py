"""`stack rename`: a stack's state, history, settings and selection go on under another name, of another project too.

Called by `amlkit.engine.stack`. The state is changed as it lies in the file, so that no passphrase is needed and every
ciphertext stays. Rules: Pulumi's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from amlkit.digest import compact_json
from amlkit.errors import SetupError
from amlkit.propertyvalues import RESOURCE, SECRET, SIGNATURE

from . import urns
from .filestate import FileState, wants_packed
from .opened import Opened, opened
from .project import select_stack, stack_name
from .resource import STACK_TYPE
from .stackfile import StackFile

Rename = Callable[[str], str]
_ONE = ("urn", "parent", "deletedWith", "viewOf")
_MANY = ("dependencies", "replaceWith", "aliases")


def rename(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Rename a stack and select it."""
    stack = opened(cwd, environ, given.stack)
    name, project = stack_name(given.name), _project(given.name, stack.project.name)
    new = FileState(stack.state.url, project, name, packed=wants_packed(environ))
    shown = name if project == stack.project.name else new.fqn
    with stack.state.lock("stack rename", _warn):
        if new.exists():
            raise SetupError(f"a stack named {shown} already exists")
        stack.state.move(new, _renamed(stack, new))
    _move_settings(stack, name)
    select_stack(stack.project, environ, name, of=project)
    print(f"Renamed {stack.stack} to {shown}")
    return 0


def _project(text: str, own: str) -> str:
    parts = text.split("/")
    return parts[1] if len(parts) == 3 else own


def _move_settings(stack: Opened, name: str) -> None:
    old = stack.settings().file
    if old.exists():
        old.replace(StackFile.place_of(stack.project, name))


def _renamed(stack: Opened, new: FileState) -> str:
    """The state's text with every URN of the stack under the new name."""
    document = json.loads(stack.text())
    latest = document.get("checkpoint", {}).get("latest") or {}

    def renamed(text: str) -> str:
        if not urns.is_urn(text):
            return text
        urn = urns.parse(text)
        if (urn.stack, urn.project) != (stack.stack, stack.state.project):
            return text
        if urn.qualified_type == STACK_TYPE:
            return urns.stack_urn(new.stack, new.project)
        return f"urn:pulumi:{new.stack}::{new.project}::{urn.qualified_type}::{urn.name}"

    for resource in [
        *(latest.get("resources") or ()),
        *(each["resource"] for each in latest.get("pending_operations") or ()),
    ]:
        _rename_resource(resource, renamed)
    return compact_json(document)


def _rename_resource(resource: dict[str, Any], renamed: Rename) -> None:
    for key in _ONE:
        if resource.get(key):
            resource[key] = renamed(resource[key])
    for key in _MANY:
        if resource.get(key):
            resource[key] = [renamed(urn) for urn in resource[key]]
    for key, needs in (resource.get("propertyDependencies") or {}).items():
        resource["propertyDependencies"][key] = needs and [renamed(urn) for urn in needs]
    if resource.get("provider"):
        urn, identifier = urns.parse_reference(resource["provider"])
        resource["provider"] = urns.provider_reference(renamed(urn), identifier)
    for key in ("inputs", "outputs", "replacementTrigger"):
        if key in resource:
            resource[key] = _in_values(resource[key], renamed)


def _in_values(value: Any, renamed: Rename) -> Any:
    """Values with references to resources under the new name; other texts that look like URNs are the program's."""
    if isinstance(value, list):
        return [_in_values(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == RESOURCE:
        return {**value, "urn": renamed(value.get("urn", ""))}
    if value.get(SIGNATURE) == SECRET and "plaintext" in value:
        return {**value, "plaintext": compact_json(_in_values(json.loads(value["plaintext"]), renamed))}
    return {key: _in_values(item, renamed) for key, item in value.items()}


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
