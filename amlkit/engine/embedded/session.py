"""What an operation opens and must close: the lock, the state and its writer, the server, the plugins.

`operations` works inside `session(...)`; whatever happens in it, plugins and program are ended, what is under way is
on disk, and the history has an entry.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from amlkit.engine.events import Event, Kind
from amlkit.propertyvalues import secret

from . import checkpoint, gitfacts
from .callbacks import Callbacks
from .committer import Committer
from .filestate import Done, FileState
from .gate import Gate
from .gitfacts import Commit
from .hooks import Hooks
from .monitor import Server
from .opened import Opened
from .options import Options
from .plugins import Places
from .registry import Registry
from .reporter import Reporter
from .resource import STACK_TYPE, Deployment
from .run import Manner, Run, Tools
from .runner import Order, Program, python_of
from .secrets import Passphrase
from .snapshot import Snapshot
from .stackfile import config_for_program, stored_config
from .surroundings import runtime, surroundings
from .texts import Texts
from .timings import Timings


@dataclass
class Session:
    """One operation at work. `loaded` is the state as it was found; `abandoned` stops all writing.

    `values` is the configuration, secrets in clear: never log it. `program`, where one runs, waits for `go`.
    """

    stack: Opened
    kind: Kind
    tools: Tools
    server: Server
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]
    loaded: Deployment
    commit: Callable[[Callable[[], Deployment]], None]
    program: Program | None
    message: str = ""
    interrupted: bool = False
    abandoned: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def save(self, deployment: Callable[[], Deployment]) -> None:
        """Have the state on disk; previews write nothing, an abandoned operation nothing more."""
        if not self.tools.preview and not self.abandoned:
            self.commit(deployment)

    def run(self, base: Deployment, manner: Manner = Manner()) -> Run:  # noqa: B008  a frozen record
        """Start from a state; it is saved if it is not what was loaded."""
        snapshot = Snapshot(base, self.save)
        if base is not self.loaded:
            self.save(snapshot.deployment)
        return Run(**vars(self.tools), snapshot=snapshot, manner=manner)


@contextmanager
def session(
    stack: Opened, kind: Kind, options: Options, emit: Callable[[Event], None], *, preview: bool, runs_program: bool
) -> Iterator[Session]:
    """Open all that an operation needs. The caller holds the stack's lock, unless it only previews.

    The program's process is started first of all: it imports the SDK while the passphrase's key is derived.

    Raises:
        SetupError: the state is damaged, the passphrase wrong, a setting or the program missing.
    """
    if runs_program:
        stack.project.check_program()
    reporter, began = Reporter(emit), time.time()
    commit = Commit if preview else gitfacts.ask(stack.project.folder, options.environ)
    timings = Timings(options.environ)
    with timings.told(lambda text: reporter.message("info", text)), ExitStack() as closing:
        parallel = _parallel(options)
        server = Server(reporter, parallel, timings.interceptors())
        closing.callback(server.close)
        program = _program(stack, options, server, reporter, preview=preview) if runs_program else None
        if program:
            closing.callback(program.end, 0.0)
        with timings.spent("state and passphrase"):
            deployment, passphrase, ciphertexts = checkpoint.read(stack.text(), stack.keys, where=str(stack.state.file))
            values, secret_keys = _settings(stack, passphrase, reporter, preview=preview)
        registry = _registry(stack, options.environ, server, reporter, timings)
        closing.callback(registry.close)
        callbacks = Callbacks()
        closing.callback(callbacks.close)
        tools = Tools(
            **_place(stack, values, secret_keys),
            preview=preview,
            registry=registry,
            callbacks=callbacks,
            hooks=Hooks(callbacks, preview=preview, warn=lambda urn, text: reporter.message("warning", text, urn)),
            reporter=reporter,
            gate=Gate(parallel),
            parallel=parallel,
        )
        committer = Committer(timings.timed("writes of the state", _writer(stack, passphrase, ciphertexts)))
        closing.callback(committer.close)
        opened = Session(
            stack=stack,
            kind=kind,
            tools=tools,
            server=server,
            values=values,
            secret_keys=tuple(secret_keys),
            loaded=deployment,
            commit=committer.commit,
            program=program,
            message=options.message,
        )
        try:
            yield opened
        finally:
            if not preview:
                _finish(opened, began, commit(), options.environ)


def _place(stack: Opened, values: Mapping[str, str], secret_keys: Sequence[str]) -> dict[str, Any]:
    """What the tools say of the stack."""
    project = stack.project
    return {
        "project": project.name,
        "stack": stack.stack,
        "root": project.folder,
        "program_folder": project.program_folder,
        "config": {key: secret(text) if key in secret_keys else text for key, text in values.items()},
    }


def _parallel(options: Options) -> int:
    return options.parallel or 4 * (os.cpu_count() or 1)


def _program(stack: Opened, options: Options, server: Server, reporter: Reporter, *, preview: bool) -> Program:
    project = stack.project
    python, environ = python_of(project.virtualenv, options.environ)
    order = Order(
        python=python,
        entry=project.main,
        folder=project.program_folder,
        root=project.folder,
        project=project.name,
        stack=stack.stack,
        preview=preview,
        parallel=_parallel(options),
        address=server.address,
        environ=environ,
        debug=options.debug,
    )
    return Program(order, lambda line: reporter.message("info", f"{line}\n"))


def _registry(
    stack: Opened, environ: Mapping[str, str], server: Server, reporter: Reporter, timings: Timings
) -> Registry:
    return Registry(
        Places(
            environ,
            {each.name: each.path for each in stack.project.plugins},
            timings,
            stack.project.program_folder,
        ),
        server.address,
        lambda name: _stack_outputs(stack, name),
        lambda plugin, line: reporter.message("debug", f"{plugin}: {line}"),
    )


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
    texts = Texts()

    def write(deployment: Deployment) -> None:
        nonlocal manager
        if manager is None:
            settings = stack.settings()
            manager = stack.passphrase(settings)
            settings.save()
        stack.state.save(checkpoint.write(deployment, stack.state.fqn, manager, ciphertexts, texts))

    return write


def _finish(opened: Session, began: float, commit: Commit, variables: Mapping[str, str]) -> None:
    tools, reporter = opened.tools, opened.tools.reporter
    language = runtime(opened.stack.project.virtualenv) if opened.kind == "update" else {}
    opened.stack.state.finish(
        Done(
            kind=opened.kind,
            succeeded=not (reporter.failed or tools.gate.stopped),
            changes={op.value: count for op, count in reporter.changes(opened.kind).items()},
            start=began,
            end=time.time(),
            config=stored_config(opened.stack.project, opened.stack.settings()),
            message=opened.message or commit.title,
            environment={**surroundings(variables), **language, **commit.environment},
        )
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
