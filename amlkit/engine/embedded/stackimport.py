"""`stack import`: puts a state that `stack export` wrote, perhaps edited since, in the place of a stack's state.

Called by `amlkit.engine.stack`. Rules and words: Pulumi's. Secrets may be in clear in what is read,
never in the state.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amlkit.errors import DefinitionError, Problem, SetupError

from . import checkpoint
from .integrity import verify
from .opened import Opened, opened
from .resource import Deployment
from .urns import parse


def import_(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Read a state from a file or standard input into the stack."""
    stack = opened(cwd, environ, given.stack)
    where, text = _text(given.file, cwd)
    document = _document(text, where)
    as_checkpoint = {**document, "checkpoint": {"latest": document["deployment"]}}
    deployment, passphrase, ciphertexts = checkpoint.read(
        json.dumps(as_checkpoint), stack.keys, where=where, sound=False
    )
    _refuse_dangerous(stack, deployment, force=given.force)
    for pending in deployment.pending:
        _warn(f"removing pending operation '{pending.type}' on '{pending.resource.urn}' from snapshot")
    deployment = replace(deployment, pending=())
    with stack.state.lock("stack import", _warn):
        settings = stack.settings()
        manager = passphrase or stack.passphrase(settings)
        manager.check()
        stack.state.save(checkpoint.write(deployment, stack.state.fqn, manager, ciphertexts, sound=False))
        settings.save()
    print("Import complete.")
    return 0


def _text(file: str, cwd: Path) -> tuple[str, str]:
    if not file:
        return "standard input", sys.stdin.read()
    try:
        return file, (cwd / file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SetupError(f"could not open file: {error}", where=file) from error


def _document(text: str, where: str) -> dict[str, Any]:
    hint = "give what `stack export` writes"
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SetupError(f"not an exported state: {error}", where=where, hint=hint) from error
    if not isinstance(document, dict) or "version" not in document or "deployment" not in document:
        raise SetupError("not an exported state: it has no `version` and `deployment`", where=where, hint=hint)
    return document


def _refuse_dangerous(stack: Opened, deployment: Deployment, *, force: bool) -> None:
    found = [
        f"resource '{each.urn}' is from a different stack ({parse(each.urn).stack} != {stack.stack})"
        for each in deployment.resources
        if parse(each.urn).stack != stack.stack
    ]
    found += [f"state file contains errors: {problem}" for problem in verify(deployment)]
    if force:
        for text in found:
            _warn(text)
    elif found:
        last = "importing this file could be dangerous; rerun with --force to proceed anyway"
        error = DefinitionError([Problem("", text) for text in found])
        error.problems = (*(Problem("", text) for text in found), Problem("", last))
        raise error


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
