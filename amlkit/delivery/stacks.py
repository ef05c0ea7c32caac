"""Which stack is meant, whether it is local, and pointing this process at where it lives."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from amlkit.engine.choice import Engine
from amlkit.errors import SetupError
from amlkit.home import Home, pointed_at
from amlkit.target import Service, Target

if TYPE_CHECKING:
    import httpx

MACHINE_LEARNING = "2024-10-01"  # api-version of what is read below a workspace
DEFAULT_STACK = "local"
TARGET_KEY = "amlkit:target"


@dataclass(frozen=True)
class Stack:
    """A stack of the project in `home.root`. `is_local`: its file says `amlkit:target: local`."""

    home: Home
    name: str
    is_local: bool

    @classmethod
    def find(cls, name: str | None = None) -> Stack:
        """The named stack, else that of `PULUMI_STACK`, else `local`, of the project around the working directory.

        Raises:
            SetupError: there is no project here, or the stack's file is damaged; or it is the stack `local` and its
                file, which alone keeps it off Azure, is gone or does not say so.
        """
        home = Home.find()
        chosen = name or os.environ.get("PULUMI_STACK") or DEFAULT_STACK
        path = home.root / f"Pulumi.{chosen}.yaml"
        is_local = _target_of(path) == "local"
        if chosen == DEFAULT_STACK and not is_local:
            what = f"does not say `{TARGET_KEY}: local`" if path.exists() else "the settings of this stack are gone"
            raise SetupError(what, where=str(path), hint=f"`git restore {path.name}`, or name another stack: `--stack`")
        return cls(home, chosen, is_local)

    def enter(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Point this process, and every child of it, at the stack's cloud.

        Raises:
            SetupError: the stack is local and the local Azure ML was never started.
        """
        if not self.is_local:
            return
        address = self.home.address()
        if address is None:
            raise SetupError("the local Azure ML was never started here", hint="start it with `amlkit local start`")
        pointed = pointed_at(self.home.environment(address), environment)
        environment.clear()
        environment.update(pointed)

    @property
    def engine(self) -> Engine:
        """A local stack runs on the embedded engine unless `AMLKIT_ENGINE` says otherwise, any other on Pulumi's.

        Raises:
            SetupError: `AMLKIT_ENGINE` names no engine, or the embedded one for a stack on Azure.
        """
        asked = os.environ.get("AMLKIT_ENGINE", "")
        if asked not in ("", "embedded", "official"):
            raise SetupError(f"no such engine: {asked}", where="AMLKIT_ENGINE", hint="`embedded` or `official`")
        if asked == "embedded" and not self.is_local:
            hint = f"unset AMLKIT_ENGINE, or say `{TARGET_KEY}: local` in Pulumi.{self.name}.yaml if it is local"
            raise SetupError("the embedded engine runs local stacks only", where="AMLKIT_ENGINE", hint=hint)
        return "official" if asked == "official" or not self.is_local else "embedded"

    def service(self) -> Service:
        """The door to the stack's cloud.

        Raises:
            SetupError: the stack is local, and the local Azure ML is not running or not what would be reached.
        """
        self.enter()
        if self.is_local and not self.home.pid_file.exists():
            raise SetupError("the local Azure ML is not running", hint="start it with `amlkit local start`")
        target = Target.from_environment()
        if self.is_local and not target.is_local:
            raise SetupError(f"stack `{self.name}` is local, the environment points at {target.resource_manager}")
        return Service(target)


@dataclass(frozen=True)
class Workspace:
    """A workspace and the door to it. `id` is its ARM id."""

    id: str
    service: Service

    @classmethod
    def of(cls, stack: Stack) -> Workspace:
        """The workspace of `.azureml/config.json`, which `up` leaves in the project's folder.

        Raises:
            SetupError: nothing was brought up yet, or the file is damaged.
        """
        path = _config_file(stack.home)
        try:
            config = json.loads(path.read_text())
            group = f"/subscriptions/{config['subscription_id']}/resourceGroups/{config['resource_group']}"
            name = config["workspace_name"]
        except FileNotFoundError as error:
            raise SetupError("no workspace yet", hint="bring the stack up first: `amlkit up`") from error
        except (ValueError, KeyError, TypeError) as error:
            raise SetupError(f"damaged: {error}", where=str(path), hint="`amlkit up` writes it anew") from error
        return cls(f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{name}", stack.service())

    def get(self, path: str, version: str = MACHINE_LEARNING) -> Any:
        """GET below the workspace (`/jobs/x`); the JSON answered. Raises as `Service.arm`."""
        return self.service.arm("GET", self.id + path, version).json()

    def history(self, path: str) -> Any:
        """GET from the workspace's run history (`/runs/x/details`); the JSON answered. Raises as `get`."""
        return self.fetch(f"{self._api}/history/v1.0{self.id}{path}?api-version=v1.0").json()

    def mlflow(self, path: str) -> Any:
        """GET from the workspace's MLflow service (`runs/get?run_id=x`); the JSON answered. Raises as `get`."""
        return self.fetch(f"{self._tracking}/api/2.0/mlflow/{path}").json()

    def fetch(self, url: str) -> httpx.Response:
        """GET any URL of the workspace's region. Raises as `Service.call`."""
        return self.service.call("GET", url, self.service.target.resource_manager)

    @cached_property
    def _properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.get("")["properties"]
        return properties

    @cached_property
    def _api(self) -> str:
        return str(self.fetch(self._properties["discoveryUrl"]).json()["api"])

    @cached_property
    def _tracking(self) -> str:
        return "https://" + str(self._properties["mlFlowTrackingUri"]).split("://", 1)[1]


def write_config(home: Home, workspace_id: str) -> Path:
    """Leave `.azureml/config.json`, so that `MLClient.from_config()` finds the workspace; gives its path."""
    path = _config_file(home)
    path.parent.mkdir(exist_ok=True)
    path.write_text(_config_of(workspace_id))
    return path


def remove_config(home: Home, workspace_id: str) -> None:
    """Remove `.azureml/config.json` if it is what `write_config` left for a workspace that is no more."""
    path = _config_file(home)
    if path.is_file() and path.read_text() == _config_of(workspace_id):
        path.unlink()


def _config_file(home: Home) -> Path:
    return home.root / ".azureml" / "config.json"


def _config_of(workspace_id: str) -> str:
    parts = workspace_id.strip("/").split("/")
    config = {"subscription_id": parts[1], "resource_group": parts[3], "workspace_name": parts[7]}
    return json.dumps(config, indent=2) + "\n"


def _target_of(path: Path) -> str:
    hint = f"`git diff {path.name}` shows what was changed"
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return ""
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SetupError(f"not YAML: {_fault(error)}", where=str(path), hint=hint) from error
    config = document.get("config") if isinstance(document, dict) else document
    if not isinstance(config, dict | None):
        raise SetupError("its `config` is not a mapping", where=str(path), hint=hint)
    return str((config or {}).get(TARGET_KEY, ""))


def _fault(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]
