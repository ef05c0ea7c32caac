"""Transforms: functions of the program that change a registration, or an invoke, before the engine looks at it.

`monitor` notes the stack's and asks for each request what the transforms make of it. Order: the resource's own, its
parents' from the nearest up, the stack's. Source of the rules: Pulumi's resource monitor.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2

from amlkit.propertyvalues import from_struct, to_struct

from . import outputvalues
from .archives import hash_assets
from .callbacks import CallbackError, Callbacks
from .goal import Goal, RequestError, aliases_of, explicit_provider, from_request, inherit
from .protocol import callback_pb2, resource_pb2

Options = resource_pb2.TransformResourceOptions
Request = resource_pb2.RegisterResourceRequest
_LISTS = {
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "hide_diff": "hideDiffs",
    "additional_secret_outputs": "additionalSecretOutputs",
    "replace_with": "replace_with",
}
_TEXTS = {
    "provider": "provider",
    "deleted_with": "deletedWith",
    "version": "version",
    "plugin_download_url": "pluginDownloadURL",
    "import": "importId",
}
_MESSAGES = {
    "custom_timeouts": "customTimeouts",
    "hooks": "hooks",
    "replacement_trigger": "replacement_trigger",
}
_FLAGS = {"protect": "protect", "retain_on_delete": "retainOnDelete"}


class TransformError(RequestError):
    """A transform of the program raised."""


class Transforms:
    """All transforms of one program. `goals`: what is registered already, by URN."""

    def __init__(self, callbacks: Callbacks, goals: Mapping[str, Goal], program_folder: Path, root: Path) -> None:
        self._goals = goals
        self._folder = program_folder
        self._root = root
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._stack: list[callback_pb2.Callback] = []
        self._invokes: list[callback_pb2.Callback] = []
        self._own: dict[str, tuple[callback_pb2.Callback, ...]] = {}

    def add(self, callback: callback_pb2.Callback) -> None:
        """Have a transform see every registration from now on."""
        with self._lock:
            self._stack.append(callback)

    def add_for_invokes(self, callback: callback_pb2.Callback) -> None:
        """Have a transform see every invoke from now on."""
        with self._lock:
            self._invokes.append(callback)

    def registered(self, urn: str, request: Request) -> None:
        """Note a resource that is registered: its own transforms see its children."""
        if request.transforms:
            with self._lock:
                self._own[urn] = tuple(request.transforms)

    def goal(self, request: Request) -> Goal:
        """What a registration asks for after all transforms.

        Raises:
            TransformError: one of them raised.
            EngineError: it asks for what this engine does not do, named.
        """
        chain = (*request.transforms, *self._above(request.parent), *self._snapshot(self._stack))
        if not chain:
            return from_request(request, self._folder, self._root)
        parent = self._goals.get(request.parent)
        options = _options(request, inherit(from_request(request, self._folder, self._root), parent), parent)
        properties = self._properties(request)
        for callback in chain:
            properties, options = self._transformed(callback, request, properties, options)
        changed = _changed(request, properties, options)
        return replace(from_request(changed, self._folder, self._root), settled=True)

    def invoke(
        self, request: resource_pb2.ResourceInvokeRequest, provider: str
    ) -> tuple[struct_pb2.Struct, resource_pb2.TransformInvokeOptions]:
        """Arguments and options of a function's call after all transforms; `provider` as the program gave it.

        Raises:
            TransformError: one of them raised.
        """
        options = resource_pb2.TransformInvokeOptions(
            provider=provider,
            version=request.version,
            plugin_download_url=request.pluginDownloadURL,
            plugin_checksums=request.pluginChecksums,
        )
        arguments = request.args
        for callback in self._snapshot(self._invokes):
            sent = resource_pb2.TransformInvokeRequest(token=request.tok, args=arguments, options=options)
            answer = resource_pb2.TransformInvokeResponse.FromString(self._call(callback, sent.SerializeToString()))
            arguments = answer.args if answer.HasField("args") else arguments
            options = answer.options if answer.HasField("options") else options
        return arguments, options

    def _snapshot(self, transforms: list[callback_pb2.Callback]) -> tuple[callback_pb2.Callback, ...]:
        with self._lock:
            return tuple(transforms)

    def _above(self, parent: str) -> Iterator[callback_pb2.Callback]:
        while parent:
            yield from self._own.get(parent, ())
            goal = self._goals.get(parent)
            parent = goal.parent if goal else ""

    def _properties(self, request: Request) -> dict[str, Any]:
        """The inputs as transforms see them: secrets, unknowns and what depends on something as outputs."""
        values: dict[str, Any] = outputvalues.marked(from_struct(request.object))
        if request.transforms:
            values = outputvalues.depending(values, _needs(request))
        hashed: dict[str, Any] = hash_assets(values, self._folder)
        return hashed

    def _transformed(
        self, callback: callback_pb2.Callback, request: Request, properties: dict[str, Any], options: Options
    ) -> tuple[dict[str, Any], Options]:
        sent = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=to_struct(properties),
            options=options,
        )
        try:
            answer = resource_pb2.TransformResponse.FromString(self._call(callback, sent.SerializeToString()))
        except TransformError as error:
            raise TransformError(f"invoke transform: rpc error: code = Unknown desc = {error}") from error
        return (
            hash_assets(from_struct(answer.properties), self._folder) if answer.HasField("properties") else properties,
            answer.options if answer.HasField("options") else options,
        )

    def _call(self, callback: callback_pb2.Callback, request: bytes) -> bytes:
        try:
            return self._callbacks.invoke(callback, request)
        except CallbackError as error:
            raise TransformError(str(error)) from error


def _needs(request: Request) -> dict[str, set[str]]:
    """What each property depends on: as the request says, else on everything that the resource depends on."""
    if not request.propertyDependencies:
        return {key: set(request.dependencies) for key in request.object.fields}
    return {key: set(each.urns) for key, each in request.propertyDependencies.items()}


def _options(request: Any, goal: Goal, parent: Goal | None) -> Options:
    """The options as transforms see them; `goal` is the request's with what it inherits."""
    options = Options(
        depends_on=request.dependencies,
        protect=goal.protect,
        retain_on_delete=goal.retain_on_delete,
        delete_before_replace=goal.delete_before_replace,
        providers=request.providers,
        plugin_checksums=request.pluginChecksums,
        aliases=aliases_of(request),
    )
    for name, field in _LISTS.items():
        getattr(options, name).extend(getattr(request, field))
    for name, field in _TEXTS.items():
        setattr(options, name, getattr(request, field))
    for name, field in _MESSAGES.items():
        if request.HasField(field):
            getattr(options, name).CopyFrom(getattr(request, field))
    options.deleted_with = goal.deleted_with
    options.provider = explicit_provider(goal, parent) if goal.custom else goal.provider
    return options


def _changed(request: Request, properties: dict[str, Any], options: Any) -> Request:
    """The registration with what the transforms made of it, as if the program had sent it so."""
    changed: Any = Request()
    changed.CopyFrom(request)
    for field in ("transforms", "aliasURNs", "aliases", "providers", "object", *_LISTS.values(), *_MESSAGES.values()):
        changed.ClearField(field)
    for field in (*_FLAGS.values(), "deleteBeforeReplace", "deleteBeforeReplaceDefined", "pluginChecksums"):
        changed.ClearField(field)
    changed.object.CopyFrom(to_struct(properties))
    changed.aliases.extend(options.aliases)
    changed.providers.update(options.providers)
    changed.pluginChecksums.update(options.plugin_checksums)
    for name, field in _LISTS.items():
        getattr(changed, field).extend(getattr(options, name))
    for name, field in _TEXTS.items():
        setattr(changed, field, getattr(options, name))
    for name, field in _MESSAGES.items():
        if options.HasField(name):
            getattr(changed, field).CopyFrom(getattr(options, name))
    for name, field in _FLAGS.items():
        if options.HasField(name):
            setattr(changed, field, getattr(options, name))
    if options.HasField("delete_before_replace"):
        changed.deleteBeforeReplace = options.delete_before_replace
        changed.deleteBeforeReplaceDefined = True
    _depend(changed, request, properties, options)
    made: Request = changed
    return made


def _depend(changed: Request, request: Request, properties: dict[str, Any], options: Options) -> None:
    """What it depends on: with transforms of its own what they say, else what was said before and what outputs say."""
    found = {key: set(outputvalues.dependencies(value)) for key, value in properties.items()}
    if request.transforms:
        changed.ClearField("dependencies")
        changed.dependencies.extend(sorted({*options.depends_on}.union(*found.values())))
    else:
        given = _needs(request)
        found = {key: given.get(key, set()) | found.get(key, set()) for key in {*given, *found}}
    changed.ClearField("propertyDependencies")
    for key, urns in found.items():
        changed.propertyDependencies[key].urns.extend(sorted(urns))
