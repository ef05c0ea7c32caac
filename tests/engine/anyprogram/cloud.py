"""A provider in the test's own process that watches over its cloud: what may never happen is noted as it happens.

Inputs of `toy:index:Thing`: `logical` (the name in the program), `name` (the physical one; made up where the program
gives none, so that it is another one for each replacement; ids are built of it), `text` (changes in place), `zone`,
`bound` and `within` (a change replaces), `slot` (a change replaces, the old one goes first), `needs` and `bound` (ids
of other things), `within` (ids of things it goes with when they are deleted), `after` (logical names that must be
there). A provider has a `zone`, too: its change replaces it, and with it what it manages.
"""

import os
import signal
import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2

from amlkit.engine.embedded.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from amlkit.propertyvalues import UNKNOWN, unsecret

REPLACING = ("zone", "bound", "within", "slot", "name")
THREADS = 48


@dataclass(frozen=True)
class Fault:
    """At the `turn`-th call of a method, `before` its effect or after it: `mode` is what goes wrong.

    `error`; `partial`: made, but not well; `kill` and `interrupt`: the engine; `die`: the plugin itself is gone.
    """

    method: str
    turn: int
    before: bool
    mode: str


@dataclass
class Cloud:
    """Things by id, what was asked, and what should not have been."""

    things: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    wrongs: list = field(default_factory=list)
    gone: set = field(default_factory=set)
    """Ids that were taken away behind the engine's back."""
    rough: frozenset = frozenset()
    """Logical names of what may go before its replacement is made: what needs it in place lives on meanwhile."""

    def __post_init__(self):
        self._lock = threading.Condition()
        self._running = 0
        self._server = None
        self._pid = None
        self._fault = None
        self._turns = {}
        self._killed = False

    def listen(self, fault=None):
        """Serve one run; the port."""
        self._fault, self._turns, self._killed, self._pid = fault, {}, False, None
        self.calls = []
        self._server = grpc.server(futures.ThreadPoolExecutor(THREADS))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(self), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return port

    def serves(self, pid):
        """The engine that is killed or interrupted by a fault."""
        with self._lock:
            self._pid = pid
            self._lock.notify_all()

    def settle(self):
        """Until nothing is under way any more."""
        self._server.stop(0).wait()
        with self._lock:
            assert self._lock.wait_for(lambda: self._running == 0, 20)

    def call(self, method, context, effect, name, partial=None):
        """One call, with its fault if it is its turn; `effect` runs under the lock."""
        with self._lock:
            self._running += 1
            turn = self._turns[method] = self._turns.get(method, 0) + 1
            fault = self._fault if self._fault and (self._fault.method, self._fault.turn) == (method, turn) else None
        try:
            if fault and fault.before:
                self._strike(fault, context, None)
            with self._lock:
                if self._killed:
                    context.abort(grpc.StatusCode.UNKNOWN, "the engine or the plugin is gone")
                self.calls.append((method, name))
                result = effect()
            if fault and not fault.before:
                self._strike(fault, context, partial and partial(result))
            return result
        finally:
            with self._lock:
                self._running -= 1
                self._lock.notify_all()

    def _strike(self, fault, context, detail):
        if fault.mode == "die":
            with self._lock:
                self._killed = True
            ended = threading.Event()
            context.add_callback(ended.set)
            self._server.stop(0)
            assert ended.wait(20)  # an answer could be faster than the end
        if fault.mode in ("kill", "interrupt"):
            with self._lock:
                assert self._lock.wait_for(lambda: self._pid is not None, 20)
                self._killed = fault.mode == "kill"
                os.kill(self._pid, signal.SIGKILL if fault.mode == "kill" else signal.SIGINT)
            if fault.mode == "interrupt":
                return
        if fault.mode == "partial" and detail is not None:
            status = status_pb2.Status(code=2, message="half-made")
            status.details.add().Pack(detail)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, f"fault at {fault.method}")

    def create(self, inputs):
        identifier = f"toy/{inputs['name']}"
        if identifier in self.things:
            self.wrongs.append(f"{identifier} made twice")
        self._look_after(inputs)
        self.things[identifier] = inputs
        return identifier

    def update(self, identifier, inputs):
        if identifier not in self.things and identifier not in self.gone:
            self.wrongs.append(f"{identifier} changed, and is not there")
        self._look_after(inputs)
        self.things[identifier] = inputs

    def delete(self, identifier):
        going = self.things.pop(identifier, None)
        if going is None:
            return
        for each in [each for each, inputs in self.things.items() if identifier in inputs["within"]]:
            self.delete(each)
        for other, inputs in self.things.items():
            if inputs["within"]:  # it may be gone for the engine, and go with something that is deleted later
                continue
            last = all(each["logical"] != going["logical"] for each in self.things.values())
            softly = identifier in inputs["needs"] or (last and going["logical"] in inputs["after"])
            if identifier in inputs["bound"] or (softly and going["logical"] not in self.rough):
                self.wrongs.append(f"{identifier} deleted before {other}, which needs it")

    def _look_after(self, inputs):
        for needed in (*inputs["needs"], *inputs["bound"], *inputs["within"]):
            if needed not in self.things and needed not in self.gone:
                self.wrongs.append(f"{inputs['name']} made before {needed}, which it needs")
        there = {each["logical"] for each in self.things.values()} | {self.logical(each) for each in self.gone}
        for name in inputs["after"]:
            if name not in there:
                self.wrongs.append(f"{inputs['name']} made before {name}, which it comes after")

    def vanish(self, identifier):
        """Taken away behind the engine's back, with all that is in it."""
        self.gone.add(identifier)
        del self.things[identifier]
        for each in [each for each, inputs in self.things.items() if identifier in inputs["within"]]:
            if each in self.things:
                self.vanish(each)

    @staticmethod
    def logical(identifier):
        return identifier.removeprefix("toy/").partition("-")[0]


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's protocol on one side, a `Cloud` on the other."""

    def __init__(self, cloud):
        self.cloud = cloud

    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        moved = plain(request.old_inputs).get("zone") != plain(request.news).get("zone")
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if moved else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=["zone"] if moved else [],
        )

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request, context):
        def effect():
            news, olds = plain(request.news), plain(request.olds)
            if "name" not in news:
                news["name"] = unsecret(olds.get("name")) or f"{request.name}-{request.randomSeed.hex()[:8]}"
            return provider_pb2.CheckResponse(inputs=struct(news))

        return self.cloud.call("Check", context, effect, request.name)

    def Diff(self, request, context):
        def effect():
            old, new = unsecret(plain(request.old_inputs)), unsecret(plain(request.news))
            changed = [
                key for key in sorted({*old, *new}) if old.get(key) != new.get(key) or holds_unknown(new.get(key))
            ]
            replaces = [key for key in changed if key in REPLACING]
            return provider_pb2.DiffResponse(
                changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
                diffs=changed,
                replaces=replaces,
                deleteBeforeReplace="slot" in replaces or bool(new.get("named")),
            )

        return self.cloud.call("Diff", context, effect, request.name)

    def Create(self, request, context):
        inputs = plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=struct(inputs))

        def partial(made):
            return provider_pb2.ErrorResourceInitFailed(
                id=made.id, properties=made.properties, reasons=["half-made"], inputs=struct(inputs)
            )

        def effect():
            identifier = self.cloud.create(unsecret(inputs))
            return provider_pb2.CreateResponse(id=identifier, properties=struct(inputs))

        return self.cloud.call("Create", context, effect, request.name, partial)

    def Update(self, request, context):
        inputs = plain(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=struct(inputs))

        def effect():
            self.cloud.update(request.id, unsecret(inputs))
            return provider_pb2.UpdateResponse(properties=struct(inputs))

        return self.cloud.call("Update", context, effect, request.name)

    def Read(self, request, context):
        def effect():
            identifier = request.id or f"toy/{unsecret(plain(request.inputs))['name']}"
            found = self.cloud.things.get(identifier)
            if found is None:
                return provider_pb2.ReadResponse(id="")
            return provider_pb2.ReadResponse(id=identifier, properties=struct(found), inputs=struct(found))

        return self.cloud.call("Read", context, effect, request.name)

    def Delete(self, request, context):
        def effect():
            self.cloud.delete(request.id)
            return empty_pb2.Empty()

        return self.cloud.call("Delete", context, effect, request.name)


def holds_unknown(value):
    return value == UNKNOWN or (isinstance(value, list) and UNKNOWN in value)


def plain(message):
    return json_format.MessageToDict(message)


def struct(values):
    made = struct_pb2.Struct()
    json_format.ParseDict(values, made)
    return made
