"""First update, update with nothing to do and preview for growing programs; beside the Pulumi CLI where it is on PATH.

    python benchmarks/engine.py [--sizes 10 100 1000] [--rounds 3] [--alone] [--shape fan|chain]

Both engines run the same program with the same plugin, which does nothing, on stacks of their own in a temporary
folder. Each round measures one after the other, because seconds of distant minutes do not compare: what counts is the
ratio, and that of processor time where other work shares the machine. `ms more` is the processor time of each further
resource, the slope from one size to the next: it stays level as long as the cost is linear. `fan`: each resource needs
the one ten before it; `chain`: the one before it.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from amlkit.digest import compact_json

PLUGIN = """#!{python}
import sys
sys.path.insert(0, {root!r})
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from amlkit.engine.embedded.protocol import plugin_pb2, provider_pb2 as pb, provider_pb2_grpc as rpc

class Nothing(rpc.ResourceProviderServicer):
    def Handshake(self, request, context):
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)
    def DiffConfig(self, request, context):
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)
    def Configure(self, request, context):
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)
    def Check(self, request, context):
        return pb.CheckResponse(inputs=request.news)
    def Diff(self, request, context):
        some = request.old_inputs != request.news
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_SOME if some else pb.DiffResponse.DIFF_NONE)
    def Create(self, request, context):
        return pb.CreateResponse(id="" if request.preview else request.name, properties=request.properties)
    def Update(self, request, context):
        return pb.UpdateResponse(properties=request.news)
    def Read(self, request, context):
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
    def Delete(self, request, context):
        return empty_pb2.Empty()
    def Cancel(self, request, context):
        return empty_pb2.Empty()

server = grpc.server(futures.ThreadPoolExecutor(32))
rpc.add_ResourceProviderServicer_to_server(Nothing(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
"""
PROGRAM = """
import os
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, **inputs):
        super().__init__("nothing:index:Thing", name, {"text": None, **inputs})

made = []
for number in range(int(os.environ["THINGS"])):
    needs = made[number - STEP].id if number >= STEP else "none"
    tags = {f"key{each}": f"value {each} of {number}" for each in range(5)}
    made.append(Thing(f"thing{number}", text=f"text {number}", number=number, tags=tags, needs=needs))
pulumi.export("last", made[-1].id)
"""
PASSED = ("PATH", "HOME", "LANG", "TMPDIR")
ROOT = str(Path(__file__).resolve().parents[1])


class Engine:
    """One engine, its command and a project of its own."""

    def __init__(self, name: str, command: list[str], folder: Path, step: int) -> None:
        self.name = name
        self._command = command
        self._project = folder / name / "project"
        for each in ("project", "state", "home", "plugins"):
            (folder / name / each).mkdir(parents=True)
        plugin = folder / name / "plugins/pulumi-resource-nothing"
        plugin.write_text(PLUGIN.format(python=sys.executable, root=ROOT))
        plugin.chmod(0o755)
        settings = {
            "name": "size",
            "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
            "plugins": {"providers": [{"name": "nothing", "path": "../plugins"}]},
        }
        (self._project / "Pulumi.yaml").write_text(compact_json(settings))
        (self._project / "__main__.py").write_text(PROGRAM.replace("STEP", str(step)))
        self._environ = {key: os.environ[key] for key in PASSED if key in os.environ} | {
            "PULUMI_HOME": str(folder / name / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / name / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PYTHONPATH": ROOT,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def seconds(self, size: int, *arguments: str) -> tuple[float, float]:
        """Wall and processor time of a command, which must succeed, with a program of so many resources."""
        environ = self._environ | {"THINGS": str(size)}
        began, used = time.perf_counter(), processor_seconds()
        done = subprocess.run(
            [*self._command, *arguments, "--non-interactive"],
            cwd=self._project,
            env=environ,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name} {arguments[0]}: {done.stdout[-2000:]}")
        return time.perf_counter() - began, processor_seconds() - used


def processor_seconds() -> float:
    """Of all processes that this one waited for, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


Table = list[list[tuple[float, float]]]


def measure(engines: list[Engine], size: int, rounds: int) -> dict[str, Table]:
    """Wall and processor seconds of each engine, a row a round, by operation."""
    found: dict[str, Table] = {name: [] for name in ("first up", "up, nothing to do", "preview", "destroy")}
    flags = ("--yes", "--skip-preview")
    for turn in range(rounds):
        stack = f"s{size}-{turn}"
        for engine in engines:
            engine.seconds(size, "stack", "init", stack)
        for name, arguments in (
            ("first up", ("up", *flags)),
            ("up, nothing to do", ("up", *flags)),
            ("preview", ("preview",)),
            ("destroy", ("destroy", *flags)),
        ):
            found[name].append([engine.seconds(size, *arguments, "--stack", stack) for engine in engines])
    return found


def report(engines: list[Engine], sizes: list[int], rounds: int) -> None:
    """Print a line for each size and operation."""
    names = "".join(f"{name:>9} {'processor':>11} {'ms more':>8}" for name in ("ours", "CLI")[: len(engines)])
    print(f"{'':>5} {'':<18} {names}" + ("  wall ratio, processor ratio" if len(engines) > 1 else ""))
    before: dict[str, list[float]] = {}
    previous = 0
    for size in sizes:
        for name, table in measure(engines, size, rounds).items():
            cells, used = [], []
            for number, column in enumerate(zip(*table, strict=True)):
                wall, processor = (statistics.median(each) for each in zip(*column, strict=True))
                more = (processor - before[name][number]) / (size - previous) * 1000 if name in before else None
                cells.append(f"{wall:7.2f} s {processor:9.2f} s {'' if more is None else f'{more:.2f}':>8}")
                used.append(processor)
            ratios = [f"{ratio(table, which):.2f}" for which in (0, 1)] if len(engines) > 1 else []
            print(f"{size:>5} {name:<18} {''.join(cells)}  {'  '.join(ratios)}", flush=True)
            before[name] = used
        previous = size


def ratio(table: Table, which: int) -> float:
    """The median of ours over the CLI's: wall time (0) or processor time (1)."""
    return statistics.median(ours[which] / cli[which] for ours, cli in table)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000], help="numbers of resources")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--alone", action="store_true", help="without the Pulumi CLI")
    parser.add_argument("--shape", choices=("fan", "chain"), default="fan", help="what needs what")
    options = parser.parse_args()
    step = 10 if options.shape == "fan" else 1
    with tempfile.TemporaryDirectory() as name:
        engines = [Engine("ours", [sys.executable, "-m", "amlkit.engine"], Path(name), step)]
        if shutil.which("pulumi") and not options.alone:
            engines.append(Engine("cli", ["pulumi"], Path(name), step))
        report(engines, options.sizes, options.rounds)


if __name__ == "__main__":
    main()
