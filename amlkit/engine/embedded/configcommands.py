"""`config`, `config get|set|rm`: the settings of a stack on the command line. Called by `amlkit.engine.stack`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlkit.errors import SetupError

from .opened import Opened, opened
from .stackfile import config_for_program, full_key, has_secure, masked, stored_config


def listing(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """All settings, defaults of the project among them; secrets by name only unless asked for."""
    stack = opened(cwd, environ, given.stack)
    settings = stack.settings()
    raw = stored_config(stack.project, settings)
    clear = _clear(stack) if given.show_secrets else {}
    shown = {key: clear.get(key, masked(value)) for key, value in raw.items()}
    if given.json:
        document = {key: _entry(shown[key], raw[key], given.show_secrets) for key in raw}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    short = {key.removeprefix(f"{stack.project.name}:"): value for key, value in shown.items()}
    width = max((len(key) for key in short), default=0)
    print(f"{'KEY':<{max(width, 3)}}  VALUE")
    for key in sorted(short):
        print(f"{key:<{max(width, 3)}}  {short[key]}")
    return 0


def get(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """One setting, a secret in clear."""
    stack = opened(cwd, environ, given.stack)
    key = full_key(stack.project, given.key)
    raw = stored_config(stack.project, stack.settings())
    if key not in raw:
        raise SetupError(f"configuration key '{given.key}' not found for stack '{stack.stack}'")
    value = _clear(stack)[key] if has_secure(raw[key]) else masked(raw[key])
    print(json.dumps(_entry(value, raw[key], show=True), indent=2, ensure_ascii=False) if given.json else value)
    return 0


def put(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Set one key; without a value it is read from standard input, without its last line end."""
    stack = opened(cwd, environ, given.stack)
    value = given.value
    if value is None:
        if sys.stdin.isatty():
            raise SetupError("a value is missing", hint="`config set KEY VALUE`, or the value on standard input")
        value = sys.stdin.read().removesuffix("\n")
    settings = stack.settings()
    settings.set(given.key, value, stack.passphrase(settings) if given.secret else None)
    settings.save()
    return 0


def remove(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Remove one key; one that is not there is no error."""
    settings = opened(cwd, environ, given.stack).settings()
    settings.remove(given.key)
    settings.save()
    return 0


def _clear(stack: Opened) -> dict[str, str]:
    settings = stack.settings()
    passphrase = stack.keys(settings.salt) if settings.salt else None
    return config_for_program(stack.project, settings, passphrase)[0]


def _entry(value: str, raw: Any, show: bool) -> dict[str, Any]:
    secret = has_secure(raw)
    shown: dict[str, Any] = {} if secret and not show else {"value": value}
    if shown and isinstance(raw, Mapping | list) and not (isinstance(raw, Mapping) and "secure" in raw):
        shown["objectValue"] = json.loads(value)
    return {**shown, "secret": secret}
