"""`amlkit lock` in a project of two steps and on single files; uv finds its packages in a folder of wheels."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from amlkit.cli import main; main()"]
Amlkit = Callable[..., subprocess.CompletedProcess[str]]

STEPS = '''
from amlkit import Compute, Conda, Curated, Folder, Input, Output, PythonScriptStep, Requirements, output, pipeline

cpu = Compute("cpu")


class One(PythonScriptStep, script="one.py", environment=Conda("one.yaml")):
    """First."""

    x: Output[Folder] = output()


class Two(PythonScriptStep, script="two.py", environment=Requirements("two.txt")):
    """Second."""

    x: Input[Folder]


class Three(PythonScriptStep, script="two.py", environment=Curated("sklearn-1.5:1")):
    """Third."""

    x: Input[Folder]


@pipeline
def flow() -> None:
    """All."""
    x = One(compute=cpu).x
    Two(x=x, compute=cpu)
    Three(x=x, compute=cpu)


PIPELINES = (flow,)
'''


def wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (folder / "pipelines.py").write_text(STEPS)
    for script in ("one.py", "two.py"):
        (folder / script).write_text("")
    (folder / "one.yaml").write_text("dependencies: [python=3.11, {pip: [tiny]}]\n")
    (folder / "two.txt").write_text("tiny\n")
    wheel(tmp_path / "wheels", "tiny", "1.0")
    return folder


@pytest.fixture
def amlkit(project: Path) -> Amlkit:
    places = {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(project.parent / "wheels")}
    variables = {**os.environ, **places, "UV_CACHE_DIR": str(project.parent / "cache")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *words]
        return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=60)

    return run


def test_a_project_is_locked_checked_and_found_stale(project: Path, amlkit: Amlkit) -> None:
    missing = amlkit("lock", "--check")
    assert missing.returncode == 1
    assert "one.lock: it is missing" in missing.stderr
    assert "two.lock: it is missing" in missing.stderr
    made = amlkit("lock")
    assert (made.returncode, made.stderr) == (0, "")
    lines = ["one.lock  written, 1 package", "  + tiny 1.0", "two.lock  written, 1 package", "  + tiny 1.0"]
    assert made.stdout.splitlines() == lines
    assert amlkit("lock", "--check").returncode == 0
    assert sorted(file.name for file in project.glob("*.lock")) == ["one.lock", "two.lock"]
    (project / "one.yaml").write_text("dependencies: [python=3.12, {pip: [tiny]}]\n")
    stale = amlkit("lock", "--check")
    assert stale.returncode == 1
    assert "one.lock: `one.yaml` has changed since it was made" in stale.stderr
    assert "two.lock" not in stale.stderr
    assert "  hint: lock it: `" in stale.stderr


def test_single_files_and_pipelines_can_be_named(project: Path, amlkit: Amlkit) -> None:
    assert amlkit("lock", "two.txt", "--python", "3.12").returncode == 0
    assert sorted(file.name for file in project.glob("*.lock")) == ["two.lock"]
    assert amlkit("lock", "flow").returncode == 0
    assert sorted(file.name for file in project.glob("*.lock")) == ["one.lock", "two.lock"]


def test_an_upgrade_takes_newer_versions_and_says_which(project: Path, amlkit: Amlkit) -> None:
    amlkit("lock")
    wheel(project.parent / "wheels", "tiny", "2.0")
    assert "unchanged" in amlkit("lock", "one.yaml").stdout
    assert "  ~ tiny 1.0 → 2.0" in amlkit("lock", "--upgrade", "one.yaml").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lock", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("lock", "flows"), "did you mean `flow`?"),
        (("lock", "--check", "--upgrade"), "writes nothing"),
    ],
)
def test_what_cannot_be_locked_is_named_with_exit_code_1(amlkit: Amlkit, words: tuple[str, ...], said: str) -> None:
    done = amlkit(*words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
