"""What an operation opens and must close: the lock, the state and its writer, the server, the plugins.

`operations` works inside `session(...)`; whatever happens in it, plugins and program are ended, what is under way is
on disk, and the history has an entry.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from amlkit.engine.events import Event
from amlkit.propertyvalues import secret

from . import checkpoint
from .committer import Committer
from .filestate import FileState
from .gate import Gate
from .hooks import Hooks
from .monitor import Server
from .opened import Opened
from .plugins import Places
from .registry import Registry
from .reporter import Reporter
from .resource import STACK_TYPE, Deployment
from .run import Run
from .runner import Order, Program, python_of
from .secrets import Passphrase
from .snapshot import Snapshot
from .stackfile import config_for_program, stored_config

Kind = Literal["preview", "update", "refresh", "destroy"]


@dataclass
class Session:
    """One operation at work. `loaded` is the state as it was found; `abandoned` stops all writing."""

    stack: Opened
    kind: Kind
    preview: bool
    parallel: int
    environ: Mapping[str, str]
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]
    loaded: Deployment
    reporter: Reporter
    gate: Gate
    server: Server
    registry: Registry
    hooks: Hooks
    commit: Callable[[Callable[[], Deployment]], None]
    abandoned: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def save(self, deployment: Callable[[], Deployment]) -> None:
        """Have the state on disk; previews write nothing, an abandoned operation nothing more."""
        if not self.preview and not self.abandoned:
            self.commit(deployment)

    def run(self, base: Deployment) -> Run:
        """Start from a state; it is saved if it is not what was loaded."""
        snapshot = Snapshot(base, self.save)
        if base is not self.loaded:
            self.save(snapshot.deployment)
        project = self.stack.project
        main = project.main
        return Run(
            project=project.name,
            stack=self.stack.stack,
            preview=self.preview,
            root=project.folder,
            program_folder=main if main.is_dir() else main.parent,
            config={key: secret(text) if key in self.secret_keys else text for key, text in self.values.items()},
            snapshot=snapshot,
            registry=self.registry,
            hooks=self.hooks,
            reporter=self.reporter,
            gate=self.gate,
            parallel=self.parallel,
        )

    def program(self) -> Program:
        """Start the program's process; it waits for `go`."""
        project = self.stack.project
        python, environ = python_of(project.virtualenv, self.environ)
        main = project.main
        settings = {
            "PULUMI_CONFIG": json.dumps(dict(self.values)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(self.secret_keys)),
        }
        order = Order(
            python=python,
            entry=main,
            folder=main if main.is_dir() else main.parent,
            root=project.folder,
            project=project.name,
            stack=self.stack.stack,
            preview=self.preview,
            parallel=self.parallel,
            address=self.server.address,
            environ={**environ, **settings},
        )
        return Program(order, lambda line: self.reporter.message("info", line))


@contextmanager
def session(
    stack: Opened,
    kind: Kind,
    emit: Callable[[Event], None],
    *,
    preview: bool,
    parallel: int,
    environ: Mapping[str, str],
) -> Iterator[Session]:
    """Open all that an operation needs. The caller holds the stack's lock, unless it only previews.

    Raises:
        SetupError: the state is damaged, the passphrase wrong, a setting or the program missing.
    """
    if kind in ("preview", "update"):
        stack.project.check_program()
    reporter = Reporter(emit)
    began = time.time()
    with ExitStack() as closing:
        deployment, passphrase, ciphertexts = checkpoint.read(stack.text(), stack.keys)
        values, secret_keys = _settings(stack, passphrase, reporter, preview=preview)
        parallel = parallel or 4 * (os.cpu_count() or 1)
        server = Server(reporter, parallel)
        closing.callback(server.close)
        registry = Registry(
            Places(environ, {each.name: each.path for each in stack.project.plugins}),
            server.address,
            lambda name: _stack_outputs(stack, name),
            lambda plugin, line: reporter.message("debug", f"{plugin}: {line}"),
        )
        closing.callback(registry.close)
        hooks = Hooks(preview=preview, warn=lambda urn, text: reporter.message("warning", text, urn))
        closing.callback(hooks.close)
        committer = Committer(_writer(stack, passphrase, ciphertexts))
        closing.callback(committer.close)
        opened = Session(
            stack=stack,
            kind=kind,
            preview=preview,
            parallel=parallel,
            environ=environ,
            values=values,
            secret_keys=tuple(secret_keys),
            loaded=deployment,
            reporter=reporter,
            gate=Gate(parallel),
            server=server,
            registry=registry,
            hooks=hooks,
            commit=committer.commit,
        )
        try:
            yield opened
        finally:
            if not preview and not opened.abandoned:
                _finish(opened, began)


def _settings(
    stack: Opened, passphrase: Passphrase | None, reporter: Reporter, *, preview: bool
) -> tuple[dict[str, str], list[str]]:
    settings = stack.settings()
    keys = stack.keys(settings.salt) if settings.salt else passphrase
    if not preview:  # a preview needs the key only if there is a secret; deriving it takes a third of a second
        for each in (keys, passphrase):
            if each is not None:
                each.check()
    values, secret_keys = config_for_program(stack.project, settings, keys)
    reporter.hide_texts(values[key] for key in secret_keys)
    return values, secret_keys


def _writer(
    stack: Opened, passphrase: Passphrase | None, ciphertexts: checkpoint.Ciphertexts
) -> Callable[[Deployment], None]:
    manager = passphrase

    def write(deployment: Deployment) -> None:
        nonlocal manager
        if manager is None:
            settings = stack.settings()
            manager = stack.passphrase(settings)
            settings.save()
        stack.state.save(checkpoint.write(deployment, stack.state.fqn, manager, ciphertexts))

    return write


def _finish(opened: Session, began: float) -> None:
    reporter = opened.reporter
    opened.stack.state.finish(
        opened.kind,
        "failed" if reporter.failed or opened.gate.stopped else "succeeded",
        {op.value: count for op, count in reporter.counts.items()},
        began,
        time.time(),
        stored_config(opened.stack.project, opened.stack.settings()),
    )


def _stack_outputs(stack: Opened, name: str) -> Mapping[str, Any] | None:
    """Outputs of another stack in the same backend: `organization/<project>/<stack>`, or a stack of this project."""
    parts = name.split("/")
    if len(parts) not in (1, 3):
        return None
    project = parts[1] if len(parts) == 3 else stack.project.name
    text = FileState(stack.state.url, project, parts[-1]).load()
    if text is None:
        return None
    deployment, _, _ = checkpoint.read(text, stack.keys)
    for resource in deployment.resources:
        if resource.type == STACK_TYPE:
            return resource.outputs
    return {}
