"""The protocol's side of the plugin: messages in, messages out; what they mean is the other modules' business.

Secrets: as the official provider it accepts none, so the engine unwraps inputs and marks the outputs of the same
name again. Numbers, nulls and unknowns are those of `amlkit.propertyvalues`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version as installed_version
from typing import Any

import grpc
from google.protobuf import empty_pb2

from amlkit.errors import EngineError, ServiceError, UnreachableError
from amlkit.propertyvalues import from_struct, has_unknown, to_struct
from amlkit.provider.protocol import provider_pb2 as pb
from amlkit.provider.serve import Engine, Plugin, init_failed, serve

from . import inert, inertrows, operations, outputs
from .arm import Arm, Deadline
from .check import Request, check
from .configure import Configured, configured
from .diff import Difference, diff, first_segment
from .invokes import invoke
from .names import DEFAULT, Autonaming
from .operations import Incomplete
from .types import TYPES, ResourceType

_GROUP_VERSION = "2020-10-01"
_LOOKUP_SECONDS = 60.0
_KINDS = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}


def main() -> None:
    """Body of the executable."""
    serve(AzureNative)


class AzureNative(Plugin):
    """Pulumi's `ResourceProvider` over ARM on loopback."""

    version = installed_version("pulumi-azure-native")
    autonaming = True

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._configured: Configured | None = None
        self._locations: dict[str, str | None] = {}  # of resource groups, for the life of the process
        self._inert: Mapping[str, str] = inert.from_variable(os.environ.get(inert.VARIABLE, ""))

    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:  # noqa: N802
        """Anything goes; Configure judges."""
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:  # noqa: N802
        """Another subscription or location never replaces what is there."""
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:  # noqa: N802
        """Find the local service; refuse any other."""
        if not (request.sends_old_inputs and request.sends_old_inputs_to_delete):
            raise EngineError("Azure Native provider requires Pulumi CLI v3.74.0 or later")
        self.cancelled.clear()
        self._locations.clear()
        self._configured = configured(dict(request.variables), self.cancelled)
        return pb.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=self.autonaming)

    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:  # noqa: N802
        """Complete and validate the program's inputs."""
        asked = Request(
            from_struct(request.news),
            from_struct(request.olds),
            request.name or request.urn.split("::", 3)[3],
            request.randomSeed,
            _autonaming(request),
        )
        inputs, problems = check(self._row(request.urn), asked, self._settings.location, self._group_location)
        return pb.CheckResponse(inputs=to_struct(inputs), failures=[pb.CheckFailure(reason=text) for text in problems])

    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:  # noqa: N802
        """Compare inputs with inputs."""
        row, olds = self._row(request.urn), from_struct(request.olds)
        _note_version(self.engine, row, olds, request.urn)
        return _diff_response(diff(row, from_struct(request.old_inputs), from_struct(request.news), olds))

    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:  # noqa: N802
        """Make it, or foresee its outputs."""
        row, inputs = self._row(request.urn), from_struct(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=to_struct(outputs.preview(row, inputs, {})))
        _refuse_unknown(inputs)
        try:
            deadline = Deadline.after(request.timeout)
            found = operations.create(self._arm, row, inputs, deadline, self._warn(request.urn))
        except Incomplete as error:
            init_failed(context, error.found.id, error.found.outputs, error.found.inputs, [error.reason])
        return pb.CreateResponse(id=found.id, properties=to_struct(found.outputs))

    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:  # noqa: N802
        """What is there now: refresh, import, `get`, or, without an id, a create that was cut off."""
        inputs, state = from_struct(request.inputs), from_struct(request.properties)
        deadline = Deadline.after(request.timeout)
        found = operations.read(self._arm, self._row(request.urn), request.id, inputs, state, deadline)
        if found is None:
            return pb.ReadResponse()
        return pb.ReadResponse(id=found.id, properties=to_struct(found.outputs), inputs=to_struct(found.inputs))

    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:  # noqa: N802
        """Send the inputs as they are now, or foresee the outputs."""
        row, inputs = self._row(request.urn), from_struct(request.news)
        if request.preview:
            return pb.UpdateResponse(properties=to_struct(outputs.preview(row, inputs, from_struct(request.olds))))
        _refuse_unknown(inputs)
        try:
            deadline, before = Deadline.after(request.timeout), from_struct(request.old_inputs)
            found = operations.update(self._arm, row, inputs, before, deadline, self._warn(request.urn))
        except Incomplete as error:
            init_failed(context, error.found.id, error.found.outputs, error.found.inputs, [error.reason])
        return pb.UpdateResponse(properties=to_struct(found.outputs))

    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Delete what the state's id names."""
        operations.delete(self._arm, self._row(request.urn), request.id, Deadline.after(request.timeout))
        return empty_pb2.Empty()

    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:  # noqa: N802
        """Call a function."""
        result = to_struct(invoke(self._arm, request.tok, from_struct(request.args), self._inert))
        return pb.InvokeResponse(**{"return": result})  # type: ignore[arg-type]

    def GetMapping(self, request: pb.GetMappingRequest, context: grpc.ServicerContext) -> pb.GetMappingResponse:  # noqa: N802
        """None: for converters of other languages."""
        return pb.GetMappingResponse()

    @property
    def _settings(self) -> Configured:
        if self._configured is None:
            raise EngineError("the azure-native plugin is not configured")
        return self._configured

    @property
    def _arm(self) -> Arm:
        return self._settings.arm

    def _warn(self, urn: str) -> operations.Warn:
        return lambda text: self.engine.log("warning", text, urn)

    def _row(self, urn: str) -> ResourceType:
        name = urn.split("::")[2].rpartition("$")[2].removeprefix("azure-native:")
        return TYPES.get(name) or inertrows.row(name, self._inert)

    def _group_location(self, group: str) -> str | None:
        """A group's location; None if it has none or cannot be asked, as in a preview that creates the group too."""
        if self._locations.get(group) is None:
            id_ = f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}"
            try:
                document = self._arm.get(id_, _GROUP_VERSION, Deadline.after(_LOOKUP_SECONDS)) or {}
            except UnreachableError:
                raise
            except ServiceError:
                document = {}
            self._locations[group] = document.get("location")
        return self._locations[group]


def _refuse_unknown(inputs: Mapping[str, Any]) -> None:
    if has_unknown(inputs):
        raise EngineError("an input is not known yet; only a preview may ask that")


def _autonaming(request: pb.CheckRequest) -> Autonaming:
    if not request.HasField("autonaming"):
        return DEFAULT
    modes = pb.CheckRequest.AutonamingOptions.Mode
    options = request.autonaming
    match options.mode:
        case modes.DISABLE:
            return Autonaming("disable")
        case modes.ENFORCE:
            return Autonaming("enforce", options.proposed_name)
    return Autonaming("propose", options.proposed_name)


def _diff_response(found: Difference) -> pb.DiffResponse:
    changed = pb.DiffResponse.DIFF_SOME if found.changes else pb.DiffResponse.DIFF_NONE
    detailed = {
        change.path: pb.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
        for change in found.changes
    }
    return pb.DiffResponse(
        changes=changed,
        replaces=found.replaces,
        deleteBeforeReplace=found.delete_first,
        diffs=[first_segment(change.path) for change in found.changes],
        detailedDiff=detailed,
        hasDetailedDiff=bool(found.changes),
    )


def _note_version(engine: Engine, row: ResourceType, olds: Mapping[str, Any], urn: str) -> None:
    was = olds.get(outputs.VERSION)
    if was and was != row.version:
        engine.log(
            "warning",
            f"Resource API version has changed from {was} to {row.version}. "
            "Run 'pulumi refresh --run-program' to update the resource state with the new API version schema.",
            urn,
        )
