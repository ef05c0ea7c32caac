"""The provider of the tests: things in a folder, a log of every call, faults on demand. Ordinary raw gRPC.

`pulumi-resource-toy` runs it as a plugin's process, `serve` in the process of a test that attaches an engine to it.
Its folder (`Cloud.folder`) holds `things.json` (what exists), `calls.jsonl` (a call a line) and `faults.json` (one-shot
faults: `{"method", "name", "when": "before"|"after", "mode": "error"|"partial"|"hang"|"exit", "always"}`).
Inputs of `toy:index:Thing`: `name` (the id is `toy/<name>`; a change replaces), `zone` (a change replaces, create
first), `slot` (a change replaces, delete first), `watch` (asks for refresh before update), `seconds` (a create takes
so long), `log` (said at the resource when it is made), anything else updates. Output `shout` is the upper-case `text`.
"""

import fcntl
import json
import os
import time
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2

from amlkit.bareimport import bare_parents

with bare_parents("pulumi", "runtime", "runtime.proto"):
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2_grpc, status_pb2
    from pulumi.runtime.proto import provider_pb2 as pb

SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
LARGE = (("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20))


def plain(struct):
    return json_format.MessageToDict(struct)


def bare(value):
    if isinstance(value, dict):
        return (
            bare(value["value"]) if SIGNATURE in value and "value" in value else {k: bare(v) for k, v in value.items()}
        )
    return [bare(v) for v in value] if isinstance(value, list) else value


def struct(values):
    made = struct_pb2.Struct()
    json_format.ParseDict(values, made)
    return made


def outputs(inputs):
    made = dict(inputs)
    if "text" in inputs:
        text = inputs["text"]
        hidden = isinstance(text, dict)
        value = bare(text)
        shout = value if value == UNKNOWN else str(value).upper()
        made["shout"] = {SIGNATURE: text[SIGNATURE], "value": shout} if hidden else shout
    return made


class Locked:
    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        self.file = (self.folder / "lock").open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


@dataclass(frozen=True)
class Cloud:
    """What exists, and what was asked. `secrets`: does the provider take secrets as such?"""

    folder: Path
    secrets: bool = True
    handshake: bool = True
    needs_id: bool = False

    @staticmethod
    def of(environ):
        return Cloud(
            Path(environ["FAKECLOUD"]),
            environ.get("FAKECLOUD_SECRETS", "yes") == "yes",
            not environ.get("FAKECLOUD_NO_HANDSHAKE"),
            bool(environ.get("FAKECLOUD_NEEDS_ID")),
        )

    def load(self, name, default):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else default

    def get(self, identifier):
        with Locked(self.folder):
            return self.load("things.json", {}).get(identifier)

    def change(self, edit):
        with Locked(self.folder):
            things = self.load("things.json", {})
            edit(things)
            (self.folder / "things.json").write_text(json.dumps(things, sort_keys=True, indent=1))

    def log(self, method, **fields):
        with Locked(self.folder), (self.folder / "calls.jsonl").open("a") as file:
            file.write(json.dumps({"method": method, **fields}, sort_keys=True) + "\n")

    def take_fault(self, method, name, when):
        with Locked(self.folder):
            faults = self.load("faults.json", [])
            fits = (f for f in faults if f["method"] == method and f["name"] in (name, "*"))
            found = next((f for f in fits if f.get("when", "before") == when), None)
            if found is not None and not found.get("always"):
                faults.remove(found)
                (self.folder / "faults.json").write_text(json.dumps(faults))
            return found

    def fault(self, context, method, name, when, identifier="", properties=None):
        found = self.take_fault(method, name, when)
        if found is None:
            return
        mode = found.get("mode", "error")
        if mode == "hang":
            (self.folder / "hanging").write_text(name)
            while not (self.folder / "release").exists():
                time.sleep(0.02)
            return
        if mode == "exit":
            os._exit(3)
        message = f"fault at {method} of {name}"
        if mode == "partial":
            status = status_pb2.Status(code=2, message=message)
            detail = pb.ErrorResourceInitFailed(
                id=identifier, properties=struct(properties), reasons=[message], inputs=struct(properties)
            )
            status.details.add().Pack(detail)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, message)


class Toy(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, cloud, engine=""):
        self.cloud = cloud
        self.engine = engine

    def Handshake(self, request, context):
        if not self.cloud.handshake:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake")
        assert request.supports_refresh_before_update
        secrets = self.cloud.secrets
        return pb.ProviderHandshakeResponse(accept_secrets=secrets, accept_resources=secrets, accept_outputs=False)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Attach(self, request, context):
        self.engine = request.address
        return empty_pb2.Empty()

    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        old, new = plain(request.old_inputs), plain(request.news)
        replaces = ["region"] if old.get("region") != new.get("region") else []
        some = old != new
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if some else pb.DiffResponse.DIFF_NONE, replaces=replaces, diffs=replaces
        )

    def Configure(self, request, context):
        self.cloud.log("Configure", urn=request.urn, args=bare(plain(request.args)))
        return pb.ConfigureResponse(
            acceptSecrets=self.cloud.secrets,
            acceptResources=self.cloud.secrets,
            supportsPreview=True,
            acceptOutputs=False,
        )

    def Invoke(self, request, context):
        args = bare(plain(request.args))
        self.cloud.log("Invoke", tok=request.tok, args=args)
        if args.get("fail"):
            return pb.InvokeResponse(failures=[pb.CheckFailure(property="fail", reason="asked to")])
        return pb.InvokeResponse(**{"return": struct({"echo": args.get("text", "")})})

    def Check(self, request, context):
        news = plain(request.news)
        self.cloud.log("Check", name=request.name, news=bare(news), olds=sorted(plain(request.olds)))
        if bare(news.get("text")) == "forbidden":
            return pb.CheckResponse(
                inputs=request.news, failures=[pb.CheckFailure(property="text", reason="is forbidden")]
            )
        old = plain(request.olds)
        if "name" not in news:
            news["name"] = old.get("name") or f"{request.name}-{request.randomSeed.hex()[:7]}"
        return pb.CheckResponse(inputs=struct(news))

    def Diff(self, request, context):
        old, new = plain(request.old_inputs), plain(request.news)
        self.cloud.log(
            "Diff", name=request.name, news=bare(new), old_inputs=bare(old), ignore=list(request.ignoreChanges)
        )
        detailed, replaces = {}, []
        for key in sorted({*old, *new}):
            if bare(old.get(key)) == bare(new.get(key)):
                continue
            replace = key in ("name", "zone", "slot")
            kind = 2 if key not in new else 0 if key not in old else 4
            detailed[key] = pb.PropertyDiff(kind=kind + 1 if replace else kind, inputDiff=True)
            if replace:
                replaces.append(key)
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if detailed else pb.DiffResponse.DIFF_NONE,
            diffs=sorted(detailed),
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace="slot" in replaces,
        )

    def Create(self, request, context):
        inputs = plain(request.properties)
        name = bare(inputs["name"])
        if request.preview:
            self.cloud.log("Create", name=request.name, preview=True, inputs=bare(inputs))
            return pb.CreateResponse(properties=struct(outputs(inputs)))
        self.cloud.fault(context, "Create", request.name, "before")
        self.cloud.log("Create", name=request.name, inputs=bare(inputs))
        time.sleep(bare(inputs).get("seconds", 0))
        if "log" in inputs:
            self.say(request.urn, bare(inputs["log"]))
        identifier = f"toy/{name}"
        self.cloud.change(lambda things: things.update({identifier: bare(inputs)}))
        made = outputs(inputs)
        self.cloud.fault(context, "Create", request.name, "after", identifier, made)
        return pb.CreateResponse(
            id=identifier, properties=struct(made), refresh_before_update=bool(bare(inputs).get("watch"))
        )

    def Update(self, request, context):
        inputs = plain(request.news)
        if request.preview:
            self.cloud.log("Update", name=request.name, preview=True, inputs=bare(inputs))
            return pb.UpdateResponse(properties=struct(outputs(inputs)))
        self.cloud.fault(context, "Update", request.name, "before")
        self.cloud.log("Update", name=request.name, inputs=bare(inputs))
        self.cloud.change(lambda things: things.update({request.id: bare(inputs)}))
        made = outputs(inputs)
        self.cloud.fault(context, "Update", request.name, "after", request.id, made)
        return pb.UpdateResponse(properties=struct(made), refresh_before_update=bool(bare(inputs).get("watch")))

    def Read(self, request, context):
        inputs = plain(request.inputs)
        identifier = request.id or f"toy/{bare(inputs['name'])}"
        self.cloud.log("Read", name=request.name, id=request.id, inputs=bare(inputs))
        self.cloud.fault(context, "Read", request.name, "before")
        if not request.id and self.cloud.needs_id:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an id is needed")
        found = self.cloud.get(identifier)
        if found is None:
            return pb.ReadResponse(id="")
        return pb.ReadResponse(
            id=identifier,
            properties=struct(outputs(found)),
            inputs=struct(found),
            refresh_before_update=bool(found.get("watch")),
        )

    def Delete(self, request, context):
        self.cloud.fault(context, "Delete", request.name, "before")
        self.cloud.log("Delete", name=request.name, id=request.id)
        self.cloud.change(lambda things: things.pop(request.id, None))
        self.cloud.fault(context, "Delete", request.name, "after")
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def say(self, urn, message):
        with grpc.insecure_channel(self.engine) as channel:
            stub = engine_pb2_grpc.EngineStub(channel)
            stub.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))


def serve(cloud, engine=""):
    """A running server, and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(32), options=LARGE)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Toy(cloud, engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
