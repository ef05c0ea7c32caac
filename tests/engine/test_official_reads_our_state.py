"""The Pulumi CLI as the judge: it opens what we wrote, finds nothing to change, and we open what it wrote.

The stack lives on a small provider of this folder. Skipped where no `pulumi` is on PATH.
"""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from amlkit.engine import official, officialflow
from amlkit.engine.embedded import checkpoint
from amlkit.engine.embedded.filestate import Done, FileState
from amlkit.engine.embedded.project import Project, select_stack, selected_stack
from amlkit.engine.embedded.resource import Pending, Resource
from amlkit.engine.embedded.secrets import Keyring, Passphrase
from amlkit.engine.embedded.stackfile import StackFile, config_for_program, stored_config
from amlkit.engine.stack import run
from amlkit.errors import SetupError

needs_cli = pytest.mark.skipif(official.find() is None, reason="no `pulumi` on PATH")

PLUGIN = """\
#!{python}
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2 as pb, provider_pb2_grpc as rpc

class Provider(rpc.ResourceProviderServicer):
    def Handshake(self, r, c): return pb.ProviderHandshakeResponse(accept_secrets=True)
    def GetPluginInfo(self, r, c): return plugin_pb2.PluginInfo(version="1.0.0")
    def CheckConfig(self, r, c): return pb.CheckResponse(inputs=r.news)
    def DiffConfig(self, r, c): return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)
    def Configure(self, r, c): return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)
    def Check(self, r, c): return pb.CheckResponse(inputs=r.news)
    def Diff(self, r, c):
        same = r.old_inputs == r.news
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME)
    def Create(self, r, c): return pb.CreateResponse(id="" if r.preview else "id-" + r.name, properties=r.properties)
    def Read(self, r, c): return pb.ReadResponse(id=r.id, properties=r.properties, inputs=r.inputs)
    def Update(self, r, c): return pb.UpdateResponse(properties=r.news)
    def Delete(self, r, c): return empty_pb2.Empty()
    def Cancel(self, r, c): return empty_pb2.Empty()

server = grpc.server(futures.ThreadPoolExecutor(8))
rpc.add_ResourceProviderServicer_to_server(Provider(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""

PROGRAM = """\
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        version = pulumi.ResourceOptions(version="1.0.0")
        super().__init__("toy:index:Thing", name, props, pulumi.ResourceOptions.merge(version, opts))

class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("toy:index:Group", name, {})
        Thing("inside", size=1, tags={"x": "ünï <&>"}, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

config = pulumi.Config()
group = Group("g")
b = Thing(
    "b",
    key="k",
    pw=config.require_secret("token"),
    nested={"list": [1, None, 1.5], "own": pulumi.Output.secret(["q"])},
    opts=pulumi.ResourceOptions(
        depends_on=[group], custom_timeouts=pulumi.CustomTimeouts(create="5m", update="90s"), ignore_changes=["zzz"],
        additional_secret_outputs=["hid"], replace_on_changes=["rr"], protect=True, retain_on_delete=True,
        hooks=pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook("hold", lambda args: None)]),
    ),
)
Thing("c", of=b.id, text=pulumi.StringAsset("hi"), opts=pulumi.ResourceOptions(deleted_with=b))
pulumi.export("b", b.id)
pulumi.export("pw", config.require_secret("token"))
pulumi.export("object", config.require_object("object"))
"""


class Bench:
    """A project, a plugin, a backend, and both tools on them."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("plug", "state", "home"):
            (folder / name).mkdir()
        plugin = folder / "plug" / "pulumi-resource-toy"
        plugin.write_text(PLUGIN.format(python=sys.executable))
        plugin.chmod(0o755)
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "Pulumi.yaml").write_text(
            f"name: try\nruntime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n"
            "plugins: {providers: [{name: toy, path: plug}]}\n"
        )
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "hunter2",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.state = FileState(self.environ["PULUMI_BACKEND_URL"], "try", "dev")
        self.keys = Keyring(self.environ)

    def cli(self, *words, code=0):
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def ours(self, capsys, *words):
        capsys.readouterr()
        assert run(list(words), cwd=self.folder, environ=self.environ) == 0
        return capsys.readouterr().out

    def read(self):
        return checkpoint.read(self.state.load(), self.keys)

    def write_again(self):
        deployment, passphrase, ciphertexts = self.read()
        self.state.save(checkpoint.write(deployment, self.state.fqn, passphrase, ciphertexts))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("official"))
    bench.cli("stack", "init", "dev")
    bench.cli("config", "set", "--secret", "token", "t0ken")
    bench.cli("config", "set", "--path", "object.list[0]", "5")
    bench.cli("config", "set", "--path", "--secret", "object.pw", "nested")
    bench.cli("up", "--yes", "--skip-preview")
    return bench


def plain(text):
    """A state without what each write has of its own: manifest, and the stack traces that we leave out."""

    def strip(value):
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key not in ("manifest", "stackTrace")}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return strip(json.loads(text))


@needs_cli
def test_what_the_cli_wrote_is_read_with_its_secrets(bench):
    deployment, _, _ = bench.read()
    thing = next(each for each in deployment.resources if each.name == "b")
    assert thing.inputs["pw"]["value"] == "t0ken"
    assert thing.inputs["nested"]["list"] == [1, None, 1.5]
    assert thing.resource_hooks == {"BeforeUpdate": ("hold",)}
    assert thing.custom_timeouts == {"create": 300, "update": 90}


@needs_cli
def test_written_back_it_is_the_same_and_the_cli_finds_nothing_to_change(bench):
    before = bench.state.load()
    exported = plain(bench.cli("stack", "export", "--show-secrets"))
    bench.write_again()
    assert plain(bench.state.load()) == plain(before)
    assert plain(bench.cli("stack", "export", "--show-secrets")) == exported
    bench.cli("preview", "--expect-no-changes")
    bench.cli("up", "--yes", "--skip-preview", "--expect-no-changes")


@needs_cli
def test_our_new_ciphertexts_are_read_by_the_cli(bench):
    deployment, passphrase, _ = bench.read()
    bench.state.save(checkpoint.write(deployment, bench.state.fqn, passphrase, {}))
    assert json.loads(bench.cli("stack", "output", "--json", "--show-secrets"))["pw"] == "t0ken"
    bench.cli("preview", "--expect-no-changes")


@needs_cli
def test_a_stack_that_we_made_is_the_clis_too(bench, capsys):
    bench.ours(capsys, "stack", "init", "ours", "--no-select")
    bench.ours(capsys, "config", "set", "--secret", "token", "own", "--stack", "ours")
    assert bench.cli("config", "get", "token", "--stack", "ours") == "own\n"
    assert {each["name"] for each in json.loads(bench.cli("stack", "ls", "--json"))} == {"dev", "ours"}
    bench.cli("preview", "--stack", "ours", code=1)  # the program wants `object`
    bench.ours(capsys, "stack", "rm", "ours", "--yes")
    bench.ours(capsys, "stack", "select", "dev")  # a removal leaves none selected
    assert [each["name"] for each in json.loads(bench.cli("stack", "ls", "--json"))] == ["dev"]


@needs_cli
@pytest.mark.parametrize(
    "words",
    [
        ("stack", "output"),
        ("stack", "output", "--json", "--show-secrets"),
        ("stack", "output", "object"),
        ("stack", "export", "--show-secrets"),
        ("stack", "ls", "--json"),
        ("config",),
        ("config", "--json"),
        ("config", "get", "object"),
    ],
)
def test_both_print_the_same(bench, capsys, words):
    assert bench.ours(capsys, *words) == bench.cli(*words)


@needs_cli
def test_the_program_gets_the_same_settings(bench):
    project = Project.load(bench.folder)
    settings = StackFile.load(project, "dev")
    values, secrets = config_for_program(project, settings, bench.keys(settings.salt))
    listed = json.loads(bench.cli("config", "--json", "--show-secrets"))
    assert values == {key: entry["value"] for key, entry in listed.items()}
    assert secrets == [key for key, entry in listed.items() if entry["secret"]]


@needs_cli
def test_both_choose_the_same_stack(bench):
    project = Project.load(bench.folder)
    assert selected_stack(project, bench.environ) == "dev"
    select_stack(project, bench.environ, None)
    bench.cli("stack", "output", code=1)
    select_stack(project, bench.environ, "dev")
    bench.cli("stack", "output")


@needs_cli
def test_our_lock_stops_the_cli_and_its_lock_stops_us(bench):
    with bench.state.lock("up"):
        bench.cli("up", "--yes", "--skip-preview", code=1)
    bench.cli("up", "--yes", "--skip-preview")
    folder = bench.state.root / "locks" / "organization" / "try" / "dev"
    waiting = "import os, time\nwhile os.path.exists('go'): time.sleep(0.05)\n"
    (bench.folder / "go").touch()
    (bench.folder / "__main__.py").write_text(waiting + PROGRAM)
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=bench.folder,
        env=bench.environ,
        stdout=subprocess.DEVNULL,
    )
    try:
        while not list(folder.glob("*.json")):
            assert process.poll() is None
            time.sleep(0.02)
        with pytest.raises(SetupError, match=f"pid {process.pid}"), bench.state.lock("up"):
            pass
    finally:
        (bench.folder / "go").unlink()
        assert process.wait() == 0
        (bench.folder / "__main__.py").write_text(PROGRAM)


@needs_cli
def test_our_history_is_listed_by_the_cli(bench):
    project = Project.load(bench.folder)
    config = stored_config(project, StackFile.load(project, "dev"))
    now = time.time()
    bench.state.finish(Done("refresh", False, {"same": 4}, now, now + 1, config))
    newest = json.loads(bench.cli("stack", "history", "--json", "--show-secrets"))[0]
    assert (newest["kind"], newest["result"], newest["resourceChanges"]) == ("refresh", "failed", {"same": 4})
    assert newest["config"]["try:token"] == {"value": "t0ken", "secret": True}


@needs_cli
def test_an_up_through_us_makes_the_stack_and_clears_what_a_killed_one_left(bench):
    shutil.copy(bench.folder / "Pulumi.dev.yaml", bench.folder / "Pulumi.new.yaml")
    arguments = ["up", "--yes", "--skip-preview", "--stack", "new"]
    assert officialflow.run(arguments, bench.folder, bench.environ) == 0
    state = FileState(bench.environ["PULUMI_BACKEND_URL"], "try", "new")
    deployment, passphrase, ciphertexts = checkpoint.read(state.load(), bench.keys)
    lost = Resource(
        f"{deployment.resources[0].urn[:-1]}::lost",
        "toy:index:Thing",
        custom=True,
        provider=next(each.provider for each in deployment.resources if each.provider),
    )
    begun = type(deployment)(deployment.resources, (Pending(lost, "creating"),))
    state.save(checkpoint.write(begun, state.fqn, passphrase, ciphertexts))
    assert officialflow.run(arguments, bench.folder, bench.environ) == 0
    assert checkpoint.read(state.load(), bench.keys)[0].pending == ()


def test_without_the_cli_it_is_said_how_to_get_it(tmp_path):
    with pytest.raises(SetupError, match="not on PATH") as caught:
        officialflow.run(["up"], tmp_path, {"PATH": str(tmp_path)})
    assert "pulumi" in caught.value.problems[0].hint


def test_a_new_salt_is_one_of_its_own():
    assert Passphrase.create("").salt != Passphrase.create("").salt
