"""`Pulumi.yaml`: what a project is; and which backend and stack a command is about.

Used by the operations and the `stack` commands. Unknown keys of the file are the Pulumi CLI's business and pass.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlkit.engine.naming import USE_CLI
from amlkit.errors import SetupError

from . import yamltext

NAME = "Pulumi.yaml"
_NO_STACK_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_STACK_NAME = 100


@dataclass(frozen=True)
class PluginPath:
    """A provider plugin that the project brings along: a folder, absolute."""

    name: str
    path: Path
    version: str = ""


@dataclass(frozen=True)
class Project:
    """A project folder. All paths are absolute; `config` is the raw mapping of the file, keys without namespace too."""

    folder: Path
    name: str
    main: Path
    virtualenv: Path | None = None
    plugins: tuple[PluginPath, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    backend_url: str = ""
    stack_config_folder: Path | None = None

    @property
    def file(self) -> Path:
        """Its `Pulumi.yaml`."""
        return self.folder / NAME

    @property
    def program_folder(self) -> Path:
        """The program's working directory."""
        return self.main if self.main.is_dir() else self.main.parent

    def check_program(self) -> None:
        """Raises `SetupError`: there is no program where `main` says."""
        if not self.main.exists():
            raise SetupError(f"there is no such file or folder: {self.main}", where=f"{self.file}: main")

    @classmethod
    def load(cls, folder: Path) -> Project:
        """The project of the nearest `Pulumi.yaml`, in `folder` or above it.

        Raises:
            SetupError: there is none, it is damaged, or its runtime is not Python.
        """
        start = folder.resolve()
        home = next((each for each in (start, *start.parents) if (each / NAME).is_file()), None)
        if home is None:
            what = f"no {NAME} project file found (searching upwards from {start})"
            raise SetupError(what, hint="run this in a Pulumi project, or give its folder")
        file = home / NAME
        raw = yamltext.load(file.read_text(encoding="utf-8"), file)
        name = raw.get("name")
        if not isinstance(name, str) or not name:
            raise SetupError("the project needs a `name`", where=str(file))
        runtime, options = _runtime(raw.get("runtime"), file)
        if runtime != "python":
            what = f"this engine runs `python` programs, not `{runtime}`"
            raise SetupError(what, where=f"{file}: runtime", hint=USE_CLI)
        environment = options.get("virtualenv")
        settings = raw.get("stackConfigDir")
        return cls(
            folder=home,
            name=name,
            main=(home / str(raw.get("main") or ".")).resolve(),
            virtualenv=_below(home, environment) if environment else None,
            plugins=_plugins(raw.get("plugins"), home, file),
            config=_mapping(raw.get("config"), f"{file}: config"),
            backend_url=str(_mapping(raw.get("backend"), f"{file}: backend").get("url") or ""),
            stack_config_folder=_below(home, settings) if settings else None,
        )


def _runtime(raw: Any, file: Path) -> tuple[str, Mapping[str, Any]]:
    if isinstance(raw, str):
        return raw, {}
    if isinstance(raw, Mapping) and isinstance(raw.get("name"), str):
        return raw["name"], _mapping(raw.get("options"), f"{file}: runtime.options")
    raise SetupError("the project needs a `runtime`", where=str(file), hint="`runtime: python`")


def _plugins(raw: Any, home: Path, file: Path) -> tuple[PluginPath, ...]:
    found = []
    for index, each in enumerate(_mapping(raw, f"{file}: plugins").get("providers") or ()):
        place = f"{file}: plugins.providers[{index}]"
        if not isinstance(each, Mapping) or not each.get("name") or not each.get("path"):
            raise SetupError("a plugin needs `name` and `path`", where=place)
        found.append(PluginPath(str(each["name"]), _below(home, each["path"]), str(each.get("version") or "")))
    return tuple(found)


def _below(home: Path, path: Any) -> Path:
    return (home / Path(str(path)).expanduser()).absolute()


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SetupError("must be a mapping", where=place)
    return value


def stack_name(text: str) -> str:
    """The short name of a stack given as `dev`, `organization/dev` or `organization/<project>/dev`.

    Raises:
        SetupError: it is no name for a stack.
    """
    *above, name = text.split("/")
    if len(above) > 2 or (above and above[0] != "organization"):
        raise SetupError("organization name must be 'organization'", where=text)
    if not name:
        raise SetupError("missing stack name")
    if wrong := _NO_STACK_NAME.search(name):
        what = "a stack name may only contain alphanumeric, hyphens, underscores, or periods"
        raise SetupError(f"{what}: invalid character '{wrong[0]}' at position {wrong.start()}")
    if len(name) > _LONGEST_STACK_NAME:
        raise SetupError(f"a stack name cannot exceed {_LONGEST_STACK_NAME} characters")
    return name


def backend_url(project: Project | None, environ: Mapping[str, str]) -> str:
    """Where state is kept: PULUMI_BACKEND_URL, else the project's `backend.url`, else who is logged in.

    Raises:
        SetupError: nothing says it.
    """
    if url := environ.get("PULUMI_BACKEND_URL") or (project.backend_url if project else ""):
        return url
    credentials = pulumi_home(environ) / "credentials.json"
    try:
        current = json.loads(credentials.read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        current = None
    if not current:
        hint = "export PULUMI_BACKEND_URL=file:///path/to/an/existing/folder"
        raise SetupError("no backend: PULUMI_BACKEND_URL is not set", hint=hint)
    return str(current)


def selected_stack(project: Project, environ: Mapping[str, str]) -> str:
    """The stack that a command without `--stack` is about: PULUMI_STACK, else the selected one of this backend.

    Raises:
        SetupError: none is selected.
    """
    if name := environ.get("PULUMI_STACK"):
        return stack_name(name)
    url = backend_url(project, environ)
    name = _workspace(project, environ).get("stacks", {}).get(url, "")
    if not name:
        raise SetupError("no stack selected", hint="use `--stack NAME` or `stack select NAME`")
    return stack_name(name)


def select_stack(project: Project, environ: Mapping[str, str], stack: str | None, *, of: str = "") -> None:
    """Remember the stack for commands without `--stack`, where the Pulumi CLI does; None forgets it.

    `of`: the stack is of another project than this folder's.
    """
    url = backend_url(project, environ)
    workspace = _workspace(project, environ)
    stacks = {key: value for key, value in workspace.get("stacks", {}).items() if key != url}
    if stack:
        stacks[url] = f"organization/{of or project.name}/{stack}"
    file = _workspace_file(project, environ)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**workspace, "stacks": stacks}, indent=4))


def pulumi_home(environ: Mapping[str, str]) -> Path:
    """PULUMI_HOME, or its default."""
    return Path(environ.get("PULUMI_HOME") or "~/.pulumi").expanduser().absolute()


def _workspace(project: Project, environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(_workspace_file(project, environ).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _workspace_file(project: Project, environ: Mapping[str, str]) -> Path:
    digest = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
    return pulumi_home(environ) / "workspaces" / f"{project.name}-{digest}-workspace.json"
