"""What the program asks for with one registration, as a record: made from the request, refusals by name included.

Made by `transforms` (from a registration), `monitor` (from a read) and `registrar` (for default providers), which
consumes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from amlkit.engine.naming import USE_CLI
from amlkit.errors import EngineError
from amlkit.propertyvalues import from_struct, from_value, is_secret

from .archives import hash_assets
from .hooks import bindings
from .protocol import alias_pb2, resource_pb2, source_pb2
from .resource import PROVIDER_PREFIX, Resource
from .urns import is_urn, package_of
from .values import flatten_outputs


class RequestError(EngineError):
    """A request that is wrong in itself: the call fails in the program, which decides what follows."""


@dataclass(frozen=True)
class Alias:
    """Another name under which a resource may be in the old state; empty parts are as the resource itself has them."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True)
class Goal:
    """A registration. `None` in `protect`, `retain_on_delete` and `delete_before_replace` means: not said.

    `settled`: transforms had the last word on the options, so that nothing more is inherited into them.
    """

    type: str
    name: str
    custom: bool
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    hide_diff: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    import_id: str = ""
    replacement_trigger: Any = None
    source_position: str = ""
    settled: bool = False

    @property
    def is_provider(self) -> bool:
        """Is a provider asked for?"""
        return self.type.startswith(PROVIDER_PREFIX)


def from_request(request: resource_pb2.RegisterResourceRequest, program_folder: Path, root: Path) -> Goal:
    """The goal in a request; assets are relative to `program_folder`, source positions to `root`.

    Raises:
        EngineError: it asks for what this engine does not do, named.
    """
    _refuse(request)
    inputs = hash_assets(flatten_outputs(from_struct(request.object)), program_folder)
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs={key: value for key, value in inputs.items() if value is not None},
        parent=request.parent,
        provider=request.provider,
        providers=dict(request.providers),
        version=request.version,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies=_property_dependencies(request, inputs),
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=(
            request.deleteBeforeReplace if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace else None
        ),
        deleted_with=request.deletedWith,
        replace_with=tuple(request.replace_with),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        hide_diff=tuple(request.hideDiffs),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        custom_timeouts=_timeouts(request.customTimeouts),
        hooks=bindings(request.hooks),
        aliases=tuple(_alias(each) for each in aliases_of(request)),
        import_id=request.importId,
        replacement_trigger=hash_assets(flatten_outputs(from_value(request.replacement_trigger)), program_folder),
        source_position=position(request.sourcePosition, root),
    )


def aliases_of(request: resource_pb2.RegisterResourceRequest) -> list[Any]:
    """All aliases of a request, in the order in which they are looked for."""
    return [*(alias_pb2.Alias(urn=urn) for urn in request.aliasURNs), *request.aliases]


def inherit(goal: Goal, parent: Goal | None) -> Goal:
    """A goal with what children take from their parent where they say nothing themselves (Pulumi's rule).

    The provider goes down only to resources of its own package.
    """
    if parent is None:
        return goal
    providers = goal.providers if goal.custom else {**parent.providers, **goal.providers}
    if goal.settled:
        return replace(goal, providers=providers)
    return replace(
        goal,
        deleted_with=goal.deleted_with or parent.deleted_with,
        protect=parent.protect if goal.protect is None else goal.protect,
        retain_on_delete=parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete,
        provider=goal.provider or _inherited_provider(goal, parent),
        providers=providers,
    )


def explicit_provider(goal: Goal, parent: Goal | None) -> str:
    """The provider that a goal with its inheritance names, itself or through its component; empty: the default one."""
    if goal.provider or goal.settled:
        return goal.provider
    return {**(parent.providers if parent else {}), **goal.providers}.get(package_of(goal.type), "")


def desired(goal: Goal, urn: str, provider: str, old: Resource | None) -> Resource:
    """The resource that the state will hold if the goal is reached: no id and outputs yet."""
    return Resource(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=goal.inputs,
        parent=goal.parent,
        protect=bool(goal.protect),
        dependencies=goal.dependencies,
        provider=provider,
        property_dependencies=goal.property_dependencies,
        additional_secret_outputs=goal.additional_secret_outputs,
        custom_timeouts=goal.custom_timeouts,
        import_id=goal.import_id,
        retain_on_delete=bool(goal.retain_on_delete),
        deleted_with=goal.deleted_with,
        replace_with=goal.replace_with,
        created=old.created if old else "",
        modified=old.modified if old else "",
        source_position=goal.source_position,
        ignore_changes=goal.ignore_changes,
        hide_diff=goal.hide_diff,
        replace_on_changes=goal.replace_on_changes,
        replacement_trigger=goal.replacement_trigger,
        refresh_before_update=bool(old and old.refresh_before_update),
        resource_hooks=goal.hooks,
    )


def _refuse(request: resource_pb2.RegisterResourceRequest) -> None:
    found = {
        "remote components": request.remote,
        "state migrations": bool(request.state_migrations),
        "environment variable mappings": bool(request.envVarMappings),
        "parameterized packages": bool(request.packageRef),
        "dynamic providers": request.type.startswith("pulumi-python:dynamic"),
    }
    for what, asked in found.items():
        if asked:
            raise EngineError(f"{what} are not supported by the embedded engine", hint=USE_CLI)
    if is_secret(from_struct(request.object)):
        raise EngineError(f"the inputs of {request.name} are one secret, not properties")


def _property_dependencies(
    request: resource_pb2.RegisterResourceRequest, inputs: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    given = {key: tuple(sorted(value.urns)) for key, value in request.propertyDependencies.items()}
    if not given:
        return dict.fromkeys(inputs, tuple(sorted(request.dependencies)))
    return dict.fromkeys(inputs, ()) | given


def _timeouts(timeouts: resource_pb2.RegisterResourceRequest.CustomTimeouts) -> dict[str, float]:
    named = {"create": timeouts.create, "update": timeouts.update, "delete": timeouts.delete, "read": timeouts.read}
    return {name: seconds(text) for name, text in named.items() if text}


def seconds(text: str) -> float:
    """Seconds of a Go duration: `1h30m`, `5.5s`, `300ms`.

    Raises:
        EngineError: it is none.
    """
    if not re.fullmatch(r"(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+", text):
        raise EngineError(f"not a duration: `{text}`", hint="write it like `30m` or `1h30m`")
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)", text)
    return sum(float(number) * units[unit] for number, unit in parts)


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") != "spec":
        if not is_urn(alias.urn):
            raise RequestError(f'invalid alias URN: invalid URN "{alias.urn}"')
        return Alias(urn=alias.urn)
    spec = alias.spec
    if spec.parentUrn and not is_urn(spec.parentUrn):
        raise RequestError(f'invalid parent alias URN: invalid URN "{spec.parentUrn}"')
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def position(place: source_pb2.SourcePosition, root: Path) -> str:
    """`project:///infra/__main__.py#12` for a place in the project; empty for one outside: a path of the machine."""
    uri = urlsplit(place.uri)
    file = Path(unquote(uri.path))
    if uri.scheme != "file" or not file.is_relative_to(root):
        return ""
    column = f",{place.column}" if place.column else ""
    return f"project:///{file.relative_to(root).as_posix()}#{place.line}{column}"


def _inherited_provider(goal: Goal, parent: Goal) -> str:
    if not parent.provider:
        return ""
    package = parent.provider.split("::")[2].rsplit("$", 1)[-1].removeprefix(PROVIDER_PREFIX)
    fits = package == goal.type.split(":", 1)[0]
    return parent.provider if not goal.custom or fits else ""
