"""One configured provider behind Pulumi's ResourceProvider protocol: records in, records out.

`registry` makes these, `registrar`, `steps` and `refreshing` call them. What differs between plugins (secrets,
previews, references) is settled here, so that no other module asks what a plugin can do.
Source of the rules: Pulumi's `provider.proto` and the behaviour of its plugin client.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import struct_pb2

from amlkit.digest import compact_json
from amlkit.errors import EngineError
from amlkit.propertyvalues import from_struct, has_unknown, to_struct, unsecret

from . import urns
from .decide import Diff
from .gate import BrokenOffError
from .plugins import Plugin
from .protocol import provider_pb2, status_pb2
from .resource import Resource
from .values import annotate, elided, flatten_outputs, with_contents, with_sent_references, without_references

_KINDS = {0: "add", 1: "add-replace", 2: "delete", 3: "delete-replace", 4: "update", 5: "update-replace"}
_UNKNOWN_CONFIG = (
    "The provider for this resource has inputs that are not known during preview.\n"
    "This preview may not correctly represent the changes that will be applied during an update."
)


class UnsureError(EngineError):
    """A provider refused in a way that leaves open what it had done."""


@dataclass(frozen=True)
class Outcome:
    """What a create, update or read left behind: no `id` after a read: gone; `init_errors`: there, but unwell."""

    id: str
    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any] | None = None
    refresh_before_update: bool = False
    init_errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """Inputs after Check, and the (property, reason) pairs that it refused."""

    inputs: Mapping[str, Any]
    failures: tuple[tuple[str, str], ...] = ()

    def told(self, resource: Resource) -> list[str]:
        """A line for each property that was refused."""
        return [
            f"{resource.type} resource '{resource.name}'{f': property {name}' if name else ''} has a problem: {reason}"
            for name, reason in self.failures
        ]


class Provider:
    """A provider that is configured, or (previews only) not configured because its configuration is not known."""

    def __init__(self, plugin: Plugin, handshake: provider_pb2.ProviderHandshakeResponse | None) -> None:
        self.plugin = plugin
        self.inputs: Mapping[str, Any] | None = None
        self._known = True
        self._secrets = bool(handshake and handshake.accept_secrets)
        self._references = bool(handshake and handshake.accept_resources)
        self._previews = handshake is not None
        self._shook_hands = handshake is not None

    def check_config(self, resource: Resource, olds: Mapping[str, Any]) -> Checked:
        """Check a provider's own inputs; plugins without CheckConfig accept all."""
        request = provider_pb2.CheckRequest(
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
            olds=to_struct(config_only(olds)),
            news=to_struct(config_only(resource.inputs)),
        )
        try:
            answer = self.plugin.stub.CheckConfig(request)
        except grpc.RpcError as error:
            if _code(error) == grpc.StatusCode.UNIMPLEMENTED:
                return Checked(resource.inputs)
            raise self._error(error) from error
        internal = {key: value for key, value in resource.inputs.items() if key == "__internal"}
        inputs = annotate(from_struct(answer.inputs), resource.inputs)
        return Checked({**internal, **inputs}, tuple((each.property, each.reason) for each in answer.failures))

    def diff_config(self, old: Resource, new: Resource) -> Diff:
        """Compare a provider's old and new configuration; plugins without DiffConfig never ask for a replacement."""
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=new.urn,
            name=new.name,
            type=new.type,
            old_inputs=to_struct(config_only(old.inputs)),
            olds=to_struct(old.outputs),
            news=to_struct(config_only(new.inputs)),
        )
        try:
            return _diff(self.plugin.stub.DiffConfig(request))
        except grpc.RpcError as error:
            if _code(error) == grpc.StatusCode.UNIMPLEMENTED:
                return Diff(None)
            raise self._error(error) from error

    def configure(self, resource: Resource) -> None:
        """Give it its configuration, once; with unknowns in it (previews) it is not asked anything afterwards."""
        self.inputs = resource.inputs
        config = config_only(resource.inputs)
        if has_unknown(config):
            self._known = False
            return
        package = urns.package_of(resource.type)
        variables = {
            f"{package}:config:{key}": _text(unsecret(value)) for key, value in config.items() if key != "version"
        }
        request = provider_pb2.ConfigureRequest(
            variables=variables,
            args=to_struct(config),
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            id=resource.id,
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
        )
        answer = self._call(self.plugin.stub.Configure, request)
        if not self._shook_hands:
            self._secrets, self._references = answer.acceptSecrets, answer.acceptResources
            self._previews = answer.supportsPreview

    def check(self, resource: Resource, olds: Mapping[str, Any]) -> Checked:
        """Validate inputs and fill in defaults."""
        if not self._known:
            return Checked(resource.inputs)
        request = provider_pb2.CheckRequest(
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
            olds=self._struct(olds),
            news=self._struct(resource.inputs),
            randomSeed=os.urandom(32),
        )
        answer = self._call(self.plugin.stub.Check, request)
        inputs = self._read(answer.inputs, resource.inputs)
        return Checked(inputs, tuple((each.property, each.reason) for each in answer.failures))

    def diff(self, old: Resource, inputs: Mapping[str, Any], ignore_changes: Iterable[str]) -> Diff:
        """Compare what is there with inputs that are wanted."""
        if not self._known:
            return Diff(True, warning=_UNKNOWN_CONFIG)
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=old.urn,
            name=old.name,
            type=old.type,
            olds=self._struct(elided(old.outputs)),
            old_inputs=self._struct(elided(old.inputs)),
            news=self._struct(elided(inputs)),
            ignoreChanges=list(ignore_changes),
        )
        return _diff(self._call(self.plugin.stub.Diff, request))

    def create(self, resource: Resource, *, preview: bool) -> Outcome:
        """Make it, or in a preview say what would be known of it.

        Raises:
            EngineError: the plugin refused, or answered without an id.
        """
        if preview and not self._known:
            return Outcome("", {})
        if preview and not self._previews:
            return Outcome("", resource.inputs)
        request = provider_pb2.CreateRequest(
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
            properties=self._struct(resource.inputs),
            timeout=resource.custom_timeouts.get("create", 0),
            preview=preview,
        )
        outcome = self._outcome(self.plugin.stub.Create, request, resource.inputs)
        if not outcome.id and not preview:
            raise EngineError(f"the provider did not return an id for {resource.name}")
        return outcome

    def update(self, old: Resource, new: Resource, *, preview: bool) -> Outcome:
        """Change it in place; the id stays the old one's."""
        if preview and not self._known:
            return Outcome(old.id, {})
        if preview and not self._previews:
            return Outcome(old.id, new.inputs)
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=new.urn,
            name=new.name,
            type=new.type,
            olds=self._struct(elided(old.outputs)),
            old_inputs=self._struct(elided(old.inputs)),
            news=self._struct(new.inputs),
            timeout=new.custom_timeouts.get("update", 0),
            ignoreChanges=list(new.ignore_changes),
            preview=preview,
        )
        return self._outcome(self.plugin.stub.Update, request, new.inputs, fallback_id=old.id)

    def read(self, resource: Resource, properties: Mapping[str, Any]) -> Outcome:
        """Read what is there under `resource.id`; `properties` is what is known of it so far.

        An empty id asks a plugin that builds ids from inputs whether the thing exists.
        """
        if not self._known:
            return Outcome(resource.id, {}, {})
        request = provider_pb2.ReadRequest(
            id=resource.id,
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
            properties=self._struct(elided(properties)),
            inputs=self._struct(elided(resource.inputs)),
            timeout=resource.custom_timeouts.get("read", 0),
        )
        return self._outcome(self.plugin.stub.Read, request, properties, read_inputs=resource.inputs)

    def delete(self, resource: Resource) -> None:
        """Delete it."""
        request = provider_pb2.DeleteRequest(
            id=resource.id,
            urn=resource.urn,
            name=resource.name,
            type=resource.type,
            properties=self._struct(elided(resource.outputs)),
            old_inputs=self._struct(elided(resource.inputs)),
            timeout=resource.custom_timeouts.get("delete", 0),
        )
        self._call(self.plugin.stub.Delete, request)

    def invoke(self, token: str, arguments: struct_pb2.Struct, *, preview: bool) -> provider_pb2.InvokeResponse | None:
        """Call a function of the provider; None while its configuration is not known."""
        if not self._known:
            return None
        request = provider_pb2.InvokeRequest(tok=token, args=arguments, preview=preview)
        answer: provider_pb2.InvokeResponse = self._call(self.plugin.stub.Invoke, request)
        return answer

    def close(self) -> None:
        """End the plugin."""
        self.plugin.close()

    def kill(self) -> None:
        """End the plugin at once."""
        self.plugin.kill()

    def _struct(self, values: Mapping[str, Any]) -> struct_pb2.Struct:
        plain = values if self._secrets else unsecret(values)
        return to_struct(with_sent_references(plain) if self._references else without_references(plain))

    def _read(self, struct: struct_pb2.Struct, marks: Mapping[str, Any]) -> dict[str, Any]:
        values = flatten_outputs(from_struct(struct))
        return values if self._secrets else annotate(values, marks)

    def _outcome(
        self,
        method: Callable[[Any], Any],
        request: Any,
        marks: Mapping[str, Any],
        *,
        fallback_id: str = "",
        read_inputs: Mapping[str, Any] | None = None,
    ) -> Outcome:
        errors: tuple[str, ...] = ()
        try:
            answer = method(request)
        except grpc.RpcError as error:
            partial = _partial(error)
            if partial is None:
                raise self._error(error) from error
            answer, errors = partial, tuple(partial.reasons) or (_details(error),)
        inputs = None
        if read_inputs is not None and answer.HasField("inputs"):
            inputs = with_contents(self._read(answer.inputs, read_inputs), read_inputs)
        return Outcome(
            id=getattr(answer, "id", "") or fallback_id,
            outputs=with_contents(self._read(answer.properties, marks), marks if read_inputs is None else read_inputs),
            inputs=inputs,
            refresh_before_update=answer.refresh_before_update,
            init_errors=errors,
        )

    def _call(self, method: Callable[[Any], Any], request: Any) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            raise self._error(error) from error

    def _error(self, error: grpc.RpcError) -> EngineError:
        if _code(error) in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return self.plugin.death() or (BrokenOffError if self.plugin.attached else EngineError)(_details(error))
        unsure = _code(error) in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS)
        return (UnsureError if unsure else EngineError)(_details(error))


def config_only(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's inputs without what the engine keeps in them for itself."""
    return {key: value for key, value in inputs.items() if key != "__internal"}


def _diff(answer: provider_pb2.DiffResponse) -> Diff:
    changes = {provider_pb2.DiffResponse.DIFF_NONE: False, provider_pb2.DiffResponse.DIFF_SOME: True}
    return Diff(
        changes=changes.get(answer.changes),
        replaces=tuple(answer.replaces),
        changed=tuple(answer.diffs),
        detailed={path: _KINDS.get(int(each.kind), "update") for path, each in answer.detailedDiff.items()},
        delete_before_replace=answer.deleteBeforeReplace,
        has_details=answer.hasDetailedDiff,
    )


def _partial(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed | None:
    """The resource that a failed call left behind half-made, if the plugin says so."""
    metadata: Any = error.trailing_metadata() or ()
    for key, value in metadata:
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Is(provider_pb2.ErrorResourceInitFailed.DESCRIPTOR):
                    found = provider_pb2.ErrorResourceInitFailed()
                    detail.Unpack(found)
                    return found
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else compact_json(value)


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    return error.code()


def _details(error: grpc.RpcError) -> str:
    return str(error.details() or error)
