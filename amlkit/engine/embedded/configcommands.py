"""`config`, `config get|set|rm`: the settings of a stack on the command line. Called by `amlkit.engine.stack`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlkit.errors import SetupError

from .configpath import typed
from .opened import Opened, opened
from .secretlike import looks_secret
from .secrets import Passphrase
from .stackfile import config_for_program, encrypted, full_key, has_secure, in_clear, masked, stored_config


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
    """One setting, or with `--path` what is inside of one; a secret in clear."""
    stack = opened(cwd, environ, given.stack)
    settings = stack.settings()
    if given.path:
        raw, there = settings.at(given.key)
    else:
        key, stored = full_key(stack.project, given.key), stored_config(stack.project, settings)
        raw, there = stored.get(key), key in stored
    if not there:
        raise SetupError(f"configuration key '{given.key}' not found for stack '{stack.stack}'")
    value = in_clear(raw, _passphrase(stack) if has_secure(raw) else None)
    print(json.dumps(_entry(value, raw, show=True), indent=2, ensure_ascii=False) if given.json else value)
    return 0


def put(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Set one key; without a value it is read from standard input, without its last line end unless `--raw`.

    Raises:
        SetupError: no value, or one that looks like a secret and is not said to be one or none.
    """
    stack = opened(cwd, environ, given.stack)
    text = given.value
    if text is None:
        if sys.stdin.isatty():
            raise SetupError("a value is missing", hint="`config set KEY VALUE`, or the value on standard input")
        text = sys.stdin.read() if given.raw else sys.stdin.read().removesuffix("\n")
    settings = stack.settings()
    value: Any = typed(text, given.type) if given.type else text
    if given.secret:
        value = encrypted(text, stack.passphrase(settings))
    elif not given.plaintext:
        _refuse_secret(full_key(stack.project, given.key), text)
    if given.path:
        try:
            settings.place(given.key, value, exact=bool(given.type))
        except SetupError as error:
            raise SetupError(f"could not set config: {error.problems[0].what}") from error
    else:
        settings.set(given.key, value)
    settings.save()
    return 0


def _refuse_secret(key: str, value: str) -> None:
    if looks_secret(key.partition(":")[2], value):
        hint = "`--secret` encrypts it, `--plaintext` stores it as it is"
        raise SetupError(f"config value for '{key}' looks like a secret", hint=hint)


def remove(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Remove one key, or with `--path` what is inside of one; one that is not there is no error."""
    settings = opened(cwd, environ, given.stack).settings()
    if given.path:
        settings.displace(given.key)
    else:
        settings.remove(given.key)
    settings.save()
    return 0


def _clear(stack: Opened) -> dict[str, str]:
    settings = stack.settings()
    return config_for_program(stack.project, settings, _passphrase(stack))[0]


def _passphrase(stack: Opened) -> Passphrase | None:
    salt = stack.settings().salt
    return stack.keys(salt) if salt else None


def _entry(value: str, raw: Any, show: bool) -> dict[str, Any]:
    secret = has_secure(raw)
    shown: dict[str, Any] = {} if secret and not show else {"value": value}
    if shown and isinstance(raw, Mapping | list) and not (isinstance(raw, Mapping) and "secure" in raw):
        shown["objectValue"] = json.loads(value)
    return {**shown, "secret": secret}
