"""Pulumi's resource protocol for its types: which module, in and out of its values, and what may go wrong.

Values arrive and leave without secret marks (`accept_secrets` is off: the engine marks them again by name).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2

from amlkit import propertyvalues
from amlkit.errors import AmlkitError, UnreachableError
from amlkit.provider.protocol import provider_pb2
from amlkit.provider.serve import Engine, Plugin
from amlkit.safety import check_named

from . import asset_version, deployment, endpoint, publication, purge
from .cloud import Connection, NotLoggedInError, cloud_for
from .verbs import Call, Verbs

TYPES: Final[Mapping[str, Verbs]] = {
    "amlkit:index:AssetVersion": asset_version,
    "amlkit:index:Endpoint": endpoint,
    "amlkit:index:Deployment": deployment,
    "amlkit:index:Publication": publication,
    "amlkit:index:Purge": purge,
}

_SECONDS = 20 * 60.0  # for a call without a timeout of its own


class Published(Plugin):
    """The plugin: one instance a process."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.connection = Connection()
        try:
            self.version = version("amlkit")
        except PackageNotFoundError:  # run from a checkout that is not installed
            self.version = ""

    def Handshake(  # noqa: N802  the protocol's names, here and below
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """As every plugin; without refresh before update an engine sees neither drift nor a new pin by itself."""
        if not request.supports_refresh_before_update:
            self.engine.log(
                "warning", "this engine does not refresh before an update: run `refresh` first to see drift and pins"
            )
        return super().Handshake(request, context)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """There is nothing to judge: the environment names the target."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Never a difference."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """A local stack (`amlkit:target: local`) talks to loopback only, one on Azure never, and another to nobody."""
        said = request.variables.get("amlkit:config:target", "")
        check_named(said)
        self.connection.is_local = said == "local"
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Judge inputs."""
        olds, news = _plain(request.olds), _plain(request.news)
        checked = _verbs(request.urn).check(olds, news, self._call(request.urn))
        failures = [provider_pb2.CheckFailure(property=item.key, reason=item.reason) for item in checked.failures]
        return provider_pb2.CheckResponse(inputs=propertyvalues.to_struct(checked.inputs), failures=failures)

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Stored inputs against checked ones."""
        found = _verbs(request.urn).diff(_plain(request.old_inputs), _plain(request.news))
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if found.changed else kinds.DIFF_NONE,
            diffs=found.changed,
            replaces=found.replaced,
        )

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make it, or adopt it."""
        verbs, news = _verbs(request.urn), _plain(request.properties)
        if request.preview:
            outputs = propertyvalues.to_struct(verbs.preview(news, {}))
            return provider_pb2.CreateResponse(properties=outputs, refresh_before_update=verbs.REFRESHED)
        call = self._call(request.urn, request.timeout)
        live = call.cloud.patiently(lambda: verbs.create(news, call), request.urn)
        outputs = propertyvalues.to_struct(live.outputs)
        return provider_pb2.CreateResponse(id=live.id, properties=outputs, refresh_before_update=verbs.REFRESHED)

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """As it is now. Only without a connection or a login what is stored stands, with a warning."""
        verbs, inputs, outputs = _verbs(request.urn), _plain(request.inputs), _plain(request.properties)
        call = self._call(request.urn, request.timeout)
        try:
            live = call.cloud.patiently(lambda: verbs.read(request.id, inputs, outputs, call), request.urn)
        except (UnreachableError, NotLoggedInError) as error:
            if not request.id or not inputs:
                raise
            why = error.message if isinstance(error, UnreachableError) else error.problems[0].what
            call.warn(f"not checked against the cloud: {why}")
            return provider_pb2.ReadResponse(
                id=request.id,
                properties=request.properties,
                inputs=request.inputs,
                refresh_before_update=verbs.REFRESHED,
            )
        if live is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(
            id=request.id or live.id,
            properties=propertyvalues.to_struct(live.outputs),
            inputs=propertyvalues.to_struct(live.inputs),
            refresh_before_update=verbs.REFRESHED,
        )

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Make it what it should be."""
        verbs, news = _verbs(request.urn), _plain(request.news)
        if request.preview:
            outputs = verbs.preview(news, _plain(request.olds))
        else:
            call = self._call(request.urn, request.timeout)
            olds = _plain(request.old_inputs)
            outputs = call.cloud.patiently(lambda: verbs.update(request.id, olds, news, call), request.urn)
        return provider_pb2.UpdateResponse(
            properties=propertyvalues.to_struct(outputs), refresh_before_update=verbs.REFRESHED
        )

    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Take it away, where a type has something to take away."""
        call = self._call(request.urn, request.timeout)
        verbs, inputs = _verbs(request.urn), _plain(request.old_inputs)
        call.cloud.patiently(lambda: verbs.delete(request.id, inputs, call), request.urn)
        return empty_pb2.Empty()

    def _call(self, urn: str, seconds: float = 0) -> Call:
        return Call(
            cloud_for(self.connection, self.cancelled, seconds or _SECONDS),
            warn=lambda text: self.engine.log("warning", text, urn),
            inform=lambda text: self.engine.log("info", text, urn),
        )


def _plain(struct: Any) -> dict[str, Any]:
    """Values without secret marks and without nulls, which mean "not given"."""
    values = propertyvalues.unsecret(propertyvalues.from_struct(struct))
    return {key: value for key, value in values.items() if value is not None}


def _verbs(urn: str) -> Verbs:
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    if token not in TYPES:
        raise AmlkitError(f"no such resource type: {token}", hint=f"there are {', '.join(TYPES)}")
    return TYPES[token]
