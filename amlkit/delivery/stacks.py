"""Which stack is meant, whether it is local, and pointing this process at where it lives."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from amlkit.errors import AmlkitError, ServiceError, SetupError, near
from amlkit.home import SUBSCRIPTION, Home, pointed_at
from amlkit.rest import Response
from amlkit.safety import TARGET_KEY, check_named
from amlkit.target import Service, Target

if TYPE_CHECKING:
    from amlkit.engine.choice import Engine

MACHINE_LEARNING = "2024-10-01"  # api-version of what is read below a workspace
DEFAULT_STACK = "local"
SUBSCRIPTION_KEY = "azure-native:subscriptionId"
WORKSPACE_OUTPUT = "workspace-id"  # what the program exports
STACK_KEY = "amlkit_stack"  # in `.azureml/config.json`, whose other readers look for their own keys only


@dataclass(frozen=True)
class Stack:
    """A stack of the project in `home.root`. `is_local`: it lives on the local Azure ML.

    That is so if its file says `amlkit:target: local`, or if it `is_rehearsal`: any other stack, with the local Azure
    ML for its target, and state, settings and plugins of its own.
    """

    home: Home
    name: str
    is_local: bool
    is_rehearsal: bool = False

    @classmethod
    def find(cls, name: str | None = None, *, rehearse: bool = False) -> Stack:
        """The named stack, else that of `PULUMI_STACK`, else `local`, of the project around the working directory.

        Raises:
            SetupError: there is no project here, or the stack's file is gone, damaged, or says no target; or it is on
                Azure and says no subscription. Without a target nothing is sent anywhere.
        """
        home = Home.project()
        chosen = name or os.environ.get("PULUMI_STACK") or DEFAULT_STACK
        path = _settings_file(home, chosen)
        known = settings_of(home, chosen)
        target = str(known.get(TARGET_KEY, ""))
        if target == "local":
            return cls(home, chosen, is_local=True)
        if chosen == DEFAULT_STACK:
            what = f"does not say `{TARGET_KEY}: local`" if path.exists() else "the settings of this stack are gone"
            others = ", ".join(f"`--stack {each}`" for each in _stacks_of(home) if each != DEFAULT_STACK)
            hint = f"`git restore {path.name}`, or name another stack: {others or '`--stack`'}"
            raise SetupError(what, where=str(path), hint=hint)
        if not path.exists():
            raise _no_such_stack(home, chosen)
        if rehearse:
            return cls(home, chosen, is_local=True, is_rehearsal=True)
        _check_azure(target, known, path)
        return cls(home, chosen, is_local=False)

    @property
    def label(self) -> str:
        """The words that name it to a command: ` --stack dev --local`; nothing for the stack `local`."""
        named = "" if self.name == DEFAULT_STACK else f" --stack {self.name}"
        return f"{named} --local" if self.is_rehearsal else named

    def enter(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Point this process, and every child of it, at the stack's cloud and at its state.

        Raises:
            SetupError: the stack is local and the local Azure ML was never started; or it is on Azure and the
                environment points at the local Azure ML, or at its state.
        """
        if not self.is_local:
            check_named("azure", environment)
            return
        address = self.home.address()
        if address is None:
            raise SetupError("the local Azure ML was never started here", hint="start it with `amlkit local start`")
        pointed = pointed_at(self.home.environment(address), environment)
        environment.clear()
        environment.update(pointed)
        for name in ("AMLKIT_INERT", "AMLKIT_STACK_SETTINGS"):  # of another stack, or of a shell
            environment.pop(name, None)
        if self.is_rehearsal:
            self.home.rehearsals.mkdir(exist_ok=True)
            environment["PULUMI_BACKEND_URL"] = self.home.rehearsals.as_uri()
            environment["AMLKIT_STACK_SETTINGS"] = str(self.home.rehearsed_settings)

    @property
    def engine(self) -> Engine:
        """A local stack runs on the embedded engine unless `AMLKIT_ENGINE` says otherwise, any other on Pulumi's.

        Raises:
            SetupError: `AMLKIT_ENGINE` names no engine, the embedded one for a stack on Azure, or the Pulumi CLI for a
                rehearsal.
        """
        asked = os.environ.get("AMLKIT_ENGINE", "")
        if asked not in ("", "embedded", "official"):
            raise SetupError(f"no such engine: {asked}", where="AMLKIT_ENGINE", hint="`embedded` or `official`")
        if asked == "embedded" and not self.is_local:
            hint = f"unset AMLKIT_ENGINE, or say `{TARGET_KEY}: local` in Pulumi.{self.name}.yaml if it is local"
            raise SetupError("the embedded engine runs local stacks only", where="AMLKIT_ENGINE", hint=hint)
        if asked == "official" and self.is_rehearsal:
            hint = "unset AMLKIT_ENGINE: the Pulumi CLI would write into the stack's own file"
            raise SetupError("a rehearsal runs on the embedded engine", where="AMLKIT_ENGINE", hint=hint)
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
        """The workspace of a stack (see `workspace_of`), with the stack's cloud reached.

        Raises:
            SetupError: nothing was brought up yet, or `.azureml/config.json` is damaged.
        """
        return cls(workspace_of(stack), stack.service())

    def get(self, path: str, version: str = MACHINE_LEARNING) -> Any:
        """GET below the workspace (`/jobs/x`); the JSON answered. Raises as `Service.arm`."""
        return self.service.arm("GET", self.id + path, version).json()

    def history(self, path: str) -> Any:
        """GET from the workspace's run history (`/runs/x/details`); the JSON answered. Raises as `get`."""
        return self.fetch(f"{self._api}/history/v1.0{self.id}{path}?api-version=v1.0").json()

    def listed(self, path: str, version: str = MACHINE_LEARNING) -> Iterator[dict[str, Any]]:
        """The items of a list below the workspace (`/jobs?…`), page after page, as far as they are asked for."""
        page = self.get(path, version)
        yield from self._paged(page, self.service.target.resource_manager)

    def history_listed(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of a list of the run history, page after page."""
        yield from self._paged(self.history(path), self._api)

    def mlflow(self, path: str, body: Any = None) -> Any:
        """GET from the workspace's MLflow service (`runs/get?run_id=x`), or POST a body; the JSON answered."""
        url = f"{self._tracking}/api/2.0/mlflow/{path}"
        method = "GET" if body is None else "POST"
        return self.service.call(method, url, self.service.target.resource_manager, body).json()

    def fetch(self, url: str) -> Response:
        """GET any URL of the workspace's region. Raises as `Service.call`."""
        return self.service.call("GET", url, self.service.target.resource_manager)

    def _paged(self, page: Any, base: str) -> Iterator[dict[str, Any]]:
        return followed(self.service, page, base)

    @cached_property
    def properties(self) -> dict[str, Any]:
        """What its ARM resource says of it."""
        properties: dict[str, Any] = self.get("")["properties"]
        return properties

    @cached_property
    def _api(self) -> str:
        return str(self.fetch(self.properties["discoveryUrl"]).json()["api"])

    @cached_property
    def _tracking(self) -> str:
        return "https://" + str(self.properties["mlFlowTrackingUri"]).split("://", 1)[1]


def followed(service: Service, page: Any, base: str) -> Iterator[dict[str, Any]]:
    """The items of a list, page after page.

    Raises:
        ServiceError: it goes on at another host, which would get our token.
    """
    while True:
        yield from page.get("value") or []
        link = page.get("nextLink")
        if not link:
            return
        if urlsplit(link)[:2] != urlsplit(base)[:2]:
            raise ServiceError(0, "ForeignLink", f"a list goes on at another host: {urlsplit(link).netloc}")
        page = service.call("GET", link, service.target.resource_manager).json()


def workspace_of(stack: Stack, environment: MutableMapping[str, str] = os.environ) -> str:
    """The ARM id of a stack's workspace: that of `.azureml/config.json` if the file is of this stack, else its output.

    The file is of the stack that it names. One that names none, which other tools write, is of a local stack if its
    subscription is the local Azure ML's, and of a stack on Azure never: it may be another stack's.

    Raises:
        SetupError: neither says it, or the file is damaged.
    """
    if found := _configured(stack):
        return found
    from amlkit.engine import choice

    stack.enter(environment)
    try:
        found = str(choice.outputs(stack.engine, stack.name, stack.home.root, environment).get(WORKSPACE_OUTPUT) or "")
    except AmlkitError as error:
        raise _no_workspace(stack, error.problems[0].what) from error
    if not found:
        exports = f'; its program says `pulumi.export("{WORKSPACE_OUTPUT}", platform.workspace.id)`'
        raise _no_workspace(stack, f"it has no output `{WORKSPACE_OUTPUT}`", exports)
    return found


def write_config(home: Home, workspace_id: str, stack: str = "") -> Path:
    """Leave `.azureml/config.json`, so that `MLClient.from_config()` finds the workspace; gives its path."""
    path = _config_file(home)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**_config_of(workspace_id), **({STACK_KEY: stack} if stack else {})}, indent=2) + "\n")
    return path


def remove_config(home: Home, workspace_id: str) -> None:
    """Remove `.azureml/config.json` if it is what `write_config` left for a workspace that is no more."""
    path = _config_file(home)
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return
    if isinstance(found, dict) and {key: found[key] for key in found if key != STACK_KEY} == _config_of(workspace_id):
        path.unlink()


def _configured(stack: Stack) -> str:
    """The workspace that `.azureml/config.json` names, if the file is of this stack; it never is of a rehearsal."""
    if stack.is_rehearsal:
        return ""
    path = _config_file(stack.home)
    try:
        config = json.loads(path.read_text())
        group = f"/subscriptions/{config['subscription_id']}/resourceGroups/{config['resource_group']}"
        found = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{config['workspace_name']}"
        of_stack = config.get(STACK_KEY)
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetupError(f"damaged: {error}", where=str(path), hint="`amlkit up` writes it anew") from error
    is_unnamed_local = of_stack is None and stack.is_local and config["subscription_id"] == SUBSCRIPTION
    return found if of_stack == stack.name or is_unnamed_local else ""


def _no_workspace(stack: Stack, why: str, more: str = "") -> SetupError:
    what = f"no workspace of stack `{stack.name}` is known yet: {why}"
    return SetupError(what, hint=f"bring the stack up first: `amlkit up{stack.label}`{more}")


def _config_file(home: Home) -> Path:
    return home.root / ".azureml" / "config.json"


def _config_of(workspace_id: str) -> dict[str, str]:
    parts = workspace_id.strip("/").split("/")
    return {"subscription_id": parts[1], "resource_group": parts[3], "workspace_name": parts[7]}


def settings_of(home: Home, stack: str) -> dict[str, Any]:
    """The settings (full key to value) in a stack's file, secrets as they are kept there; none if there is no file.

    Raises:
        SetupError: the file is damaged.
    """
    import yaml

    path = _settings_file(home, stack)
    hint = f"`git diff {path.name}` shows what was changed"
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SetupError(f"not YAML: {_fault(error)}", where=str(path), hint=hint) from error
    config = document.get("config") if isinstance(document, dict) else document
    if not isinstance(config, dict | None):
        raise SetupError("its `config` is not a mapping", where=str(path), hint=hint)
    return config or {}


def _settings_file(home: Home, stack: str) -> Path:
    return home.settings_folder / f"Pulumi.{stack}.yaml"


def _stacks_of(home: Home) -> list[str]:
    found = home.settings_folder.glob("Pulumi.*.yaml")
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in found)


def _no_such_stack(home: Home, name: str) -> SetupError:
    close = near(name, _stacks_of(home))
    hint = f"did you mean `{close[0]}`?" if close else f"a new one begins with that file and `{TARGET_KEY}` in it"
    return SetupError(f"there is no stack `{name}`: no Pulumi.{name}.yaml", where=str(home.root), hint=hint)


def _check_azure(target: str, known: dict[str, Any], path: Path) -> None:
    """Refuse a stack that does not wholly say which Azure it means. Raises `SetupError`."""
    if target != "azure":
        what = f"no such target: {target}" if target else f"does not say where the stack lives: `{TARGET_KEY}`"
        hint = f"`{TARGET_KEY}: azure` or `{TARGET_KEY}: local`; with `--local` it is rehearsed here as it is"
        raise SetupError(what, where=str(path), hint=hint)
    subscription = str(known.get(SUBSCRIPTION_KEY, os.environ.get("ARM_SUBSCRIPTION_ID", "")))
    if not subscription:
        hint = f"`{SUBSCRIPTION_KEY}: …`, or the variable ARM_SUBSCRIPTION_ID; with `--local` it is rehearsed here"
        raise SetupError("does not say in which subscription the stack lives", where=str(path), hint=hint)
    if subscription == SUBSCRIPTION:
        hint = f"`{SUBSCRIPTION_KEY}` of the stack's own, or `{TARGET_KEY}: local`"
        raise SetupError("is on Azure, with the subscription of the local Azure ML", where=str(path), hint=hint)


def _fault(error: Exception) -> str:
    from yaml import MarkedYAMLError

    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]
