"""`stack ls|output|export|init|select|rm`, the overview, and `cancel`. Called by `amlkit.engine.stack`.

None of them runs the program. What the Pulumi CLI prints is printed in its form.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from amlkit.digest import compact_json
from amlkit.engine.display import overview as shown
from amlkit.engine.events import HIDDEN
from amlkit.errors import SetupError
from amlkit.propertyvalues import SECRET, SIGNATURE, is_secret

from . import checkpoint
from .filestate import FileState
from .opened import Opened, opened
from .project import Project, backend_url, select_stack, selected_stack
from .resource import STACK_TYPE


def ls(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """The project's stacks, when each was written, and how many resources it has."""
    project = Project.load(cwd)
    url = backend_url(project, environ)
    try:
        current = selected_stack(project, environ)
    except SetupError:
        current = ""
    rows = []
    for name in FileState(url, project.name, "any").stacks():
        state = FileState(url, project.name, name)
        latest = checkpoint.latest_of(state.load() or "", str(state.file))
        written = str(latest.get("manifest", {}).get("time", ""))
        rows.append((name, written, len(latest.get("resources") or ())))
    if given.json:
        print(json.dumps([_row(*row, current == row[0]) for row in rows], indent=2))
        return 0
    marked = [
        (f"{name}*" if name == current else name, shown.ago(written), str(count)) for name, written, count in rows
    ]
    for line in shown.table([("NAME", "LAST UPDATE", "RESOURCE COUNT"), *marked]):
        print(line)
    return 0


def _row(name: str, written: str, count: int, current: bool) -> dict[str, Any]:
    head, mark, rest = written.rstrip("Z").partition(".")
    moment = f"{head}.{(rest if mark else '')[:3]:<03}Z" if written else ""
    return {"name": name, "current": current, "lastUpdate": moment, "resourceCount": count}


def output(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """All outputs, or one; secrets by name only unless asked for."""
    values = outputs(opened(cwd, environ, given.stack), given.show_secrets)
    if given.name is None:
        print(json.dumps(values, indent=2, ensure_ascii=False) if given.json else "\n".join(shown.outputs(values)))
        return 0
    if given.name not in values:
        raise SetupError(f"current stack does not have output property '{given.name}'", hint=_known(values))
    value = values[given.name]
    print(json.dumps(value, indent=2, ensure_ascii=False) if given.json else shown.value(value))
    return 0


def _known(values: Mapping[str, Any]) -> str:
    return f"it has: {', '.join(sorted(values))}" if values else "it has none; run `up` first"


def outputs(stack: Opened, clear: bool) -> dict[str, Any]:
    """The stack's outputs by name; secrets in clear if asked for, else their mark. Raises `NoSuchStackError`."""
    latest = _latest(stack)
    raw: dict[str, Any] = next((each for each in latest.get("resources") or () if each.get("type") == STACK_TYPE), {})
    reveal = _revealer(stack, latest) if clear else lambda _: HIDDEN
    values = raw.get("outputs") or {}
    return {key: _shown(values[key], reveal) for key in sorted(values)}


def export(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """The state as JSON, secrets encrypted unless asked for."""
    stack = opened(cwd, environ, given.stack)
    text = stack.text()
    document, latest = json.loads(text), _latest(stack)
    if given.show_secrets:
        reveal = _revealer(stack, latest)
        latest = _shown(latest, lambda value: {SIGNATURE: SECRET, "plaintext": compact_json(reveal(value))})
    features = {"features": document["features"]} if document.get("features") else {}
    text = json.dumps({"version": document["version"], **features, "deployment": latest}, indent=4, ensure_ascii=False)
    if given.file:
        (cwd / given.file).write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    return 0


def init(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Make a stack and select it."""
    name = given.name or given.stack
    if not name:
        raise SetupError("missing stack name")
    stack = opened(cwd, environ, name, must_exist=False)
    make(stack)
    if not given.no_select:
        select_stack(stack.project, environ, stack.stack)
    print(f"Created stack '{stack.stack}'", file=sys.stderr)
    return 0


def make(stack: Opened) -> None:
    """Make a stack: its state, and a salt in its settings unless they have one. A copy of an earlier state is told of.

    Raises:
        SetupError: it exists already, or there is no passphrase.
    """
    settings, copy = stack.settings(), stack.state.left_copy()
    stack.state.create(stack.passphrase(settings))
    settings.save()
    if copy:
        _warn(f"a stack of this name had resources; the next update replaces the copy of its state: {copy}")


def select(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Choose the stack of the commands without `--stack`."""
    name = given.name or given.stack
    if not name:
        raise SetupError("missing stack name")
    stack = opened(cwd, environ, name, must_exist=not given.create)
    if not stack.state.exists():
        make(stack)
    select_stack(stack.project, environ, stack.stack)
    return 0


def remove(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Remove a stack that has no resources, with its history and its settings file."""
    stack = opened(cwd, environ, given.name or given.stack)
    if _latest(stack).get("resources") and not given.force:
        name = stack.stack
        hint = f"`destroy --stack {name}` deletes them; `stack rm {name} --force` forgets them"
        raise SetupError(f"'{name}' still has resources; removal rejected", hint=hint)
    if not given.yes and not _agreed(f"This will permanently remove the '{stack.stack}' stack!", given):
        return 1
    with stack.state.lock("stack rm", _warn):
        stack.state.remove()
    if not given.preserve_config:
        stack.settings().file.unlink(missing_ok=True)
    select_stack(stack.project, environ, None)  # as the CLI does, whichever was selected
    print(f"Stack '{stack.stack}' has been removed!", file=sys.stderr)
    return 0


def cancel(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """Remove the locks of a stack, also those of live processes."""
    stack = opened(cwd, environ, given.name or given.stack)
    stack.state.unlock_all()
    print(f"The currently running update for '{stack.stack}' has been canceled!", file=sys.stderr)
    return 0


def overview(given: argparse.Namespace, cwd: Path, environ: Mapping[str, str]) -> int:
    """The stack at a glance: resources as a tree, and outputs."""
    stack = opened(cwd, environ, given.stack)
    if given.show_name:
        print(stack.stack)
        return 0
    latest = _latest(stack)
    values = outputs(stack, given.show_secrets)
    lines = shown.overview(stack.stack, latest, values, urns=given.show_urns, ids=given.show_ids)
    print("\n".join(lines))
    return 0


def _latest(stack: Opened) -> dict[str, Any]:
    return checkpoint.latest_of(stack.text(), str(stack.state.file))


def _revealer(stack: Opened, latest: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    salt = ((latest.get("secrets_providers") or {}).get("state") or {}).get("salt", "")

    def reveal(value: Mapping[str, Any]) -> Any:
        return json.loads(value["plaintext"] if "plaintext" in value else stack.keys(salt).decrypt(value["ciphertext"]))

    return reveal


def _shown(value: Any, reveal: Callable[[Mapping[str, Any]], Any]) -> Any:
    if is_secret(value):
        return reveal(value)
    if isinstance(value, dict):
        return {key: _shown(item, reveal) for key, item in value.items()}
    return [_shown(item, reveal) for item in value] if isinstance(value, list) else value


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def _agreed(question: str, given: argparse.Namespace) -> bool:
    if given.non_interactive or not sys.stdin.isatty():
        raise SetupError("--yes must be passed in to proceed when running in non-interactive mode")
    print(question, file=sys.stderr)
    return input("Please confirm with `yes`: ").strip().lower() in ("y", "yes")
