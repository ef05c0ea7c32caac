"""Nothing is imported twice: not in one process, and not in two where one of them has no use for it.

Each process of a command notes the files whose code is executed, by an audit hook that its interpreter installs first.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

NOTING = """
import os, sys

def _noted(event, arguments, file=open(os.path.join({folder!r}, str(os.getpid())), "w", buffering=1)):
    if event == "exec" and arguments[0].co_name == "<module>" and not arguments[0].co_filename.startswith("<"):
        file.write(arguments[0].co_filename + "\\n")

sys.addaudithook(_noted)
"""
PROGRAM = 'a = Thing("a", text="one")\nThing("b", text=a.shout)\npulumi.export("x", a.shout)'
ROOT = Path(__file__).resolve().parents[2]
SHARED = ("google/protobuf/", "grpc/", "pulumi/runtime/proto/", "typing_extensions.py", "yaml/")
"""What both ends of a call must have, and what the SDK imports for itself that reads the engine's `Pulumi.yaml`."""


@dataclass(frozen=True)
class Processes:
    """The files that each process of one command executed, by what the process is."""

    engine: Counter
    program: Counter
    plugin: Counter


@pytest.fixture
def watched(cold_project, tmp_path):
    """Runs a command in a project of its own, returns its processes."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "first").mkdir()
    (tmp_path / "first/sitecustomize.py").write_text(NOTING.format(folder=str(tmp_path / "notes")))

    def run(*command):
        path = cold_project.environ.get("PYTHONPATH", "")
        cold_project.environ["PYTHONPATH"] = f"{tmp_path / 'first'}:{path}"
        cold_project.run(*command, program=PROGRAM)
        found = [Counter(file.read_text().splitlines()) for file in (tmp_path / "notes").iterdir()]
        return Processes(
            engine=one(found, "amlkit/engine/__main__.py"),
            program=one(found, "amlkit/engine/embedded/child.py"),
            plugin=one(found, "pulumi-resource-toy"),
        )

    return run


def one(processes, file):
    """The process that executed a file; there is one of each kind."""
    (found,) = [each for each in processes if any(name.endswith(file) for name in each)]
    return found


def libraries(process):
    """What a process executed of installed packages, without their folder."""
    return {name.rpartition("site-packages/")[2] for name in process if "site-packages/" in name}


def ours(process):
    return {str(Path(name).relative_to(ROOT)) for name in process if Path(name).is_relative_to(ROOT / "amlkit")}


def test_no_file_is_executed_twice_in_a_process(watched):
    up = watched("up", "--yes", "--skip-preview")
    again = [{name for name, times in process.items() if times > 1} for process in vars(up).values()]
    assert again == [set(), set(), set()]


def test_engine_and_program_have_the_wire_alone_in_common(watched):
    preview = watched("preview")
    common = libraries(preview.engine) & libraries(preview.program)
    assert {name for name in common if not name.startswith(SHARED)} == set()
    assert ours(preview.program) == {"amlkit/engine/embedded/child.py"}
    assert "pulumi/__init__.py" in libraries(preview.program) - libraries(preview.engine)
