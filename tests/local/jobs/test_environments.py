"""Environments: built by uv from conda files, once for everybody, with what cannot be honoured said in the log."""

import hashlib
import os
import subprocess
import sys
import zipfile

import pytest

from amlkit.local.jobs.conda import BadEnvironmentError, requirements
from amlkit.local.jobs.environments import BuildError, Environments, cache_folder
from amlkit.local.jobs.interpreters import fits, host
from amlkit.local.jobs.records import EnvironmentSpec, Status

OURS = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def wheel(tmp_path):
    """A package of one module that says which version it is."""
    file = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny.py", "VERSION = '1.0'\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return file


@pytest.fixture
def environments(tmp_path):
    return Environments(tmp_path / "cache", os.environ)


def conda(*pip, python=OURS, others=()):
    lines = [f"- python={python}", *(f"- {each}" for each in others), "- pip:", *(f"  - {line}" for line in pip)]
    return EnvironmentSpec("e:1", "image:1", "\n".join(["dependencies:", *lines]) + "\n")


def said_by(made, code):
    return subprocess.run([made.scripts / "python", "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_locked_package_is_installed(environments, wheel, tmp_path):
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    spec = conda(f"tiny @ {wheel.as_uri()} --hash=sha256:{sha256}")
    assert environments.ready(spec) is None
    made = environments.build(spec, tmp_path / "log")
    assert said_by(made, "import tiny; print(tiny.VERSION)") == "1.0\n"
    assert environments.ready(spec) == made
    assert "tiny" in (tmp_path / "log").read_text()


def test_a_wrong_hash_fails_with_uvs_words_and_leaves_nothing(environments, wheel, tmp_path):
    spec = conda(f"tiny @ {wheel.as_uri()} --hash=sha256:{'0' * 64}")
    with pytest.raises(BuildError, match=r"(?s)cannot be built\n.*[Hh]ash"):
        environments.build(spec, tmp_path / "log")
    assert environments.ready(spec) is None
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".lock"]


def test_two_processes_build_once(wheel, tmp_path):
    script = f"""if True:
        import os, pathlib
        from amlkit.local.jobs.environments import Environments
        from tests.local.jobs.test_environments import conda
        made = Environments(pathlib.Path({str(tmp_path)!r}) / "cache", os.environ)
        made.build(conda("tiny @ {wheel.as_uri()}"), pathlib.Path({str(tmp_path)!r}) / f"log-{{os.getpid()}}")
    """
    both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(list(tmp_path.glob("log-*"))) == 1


def test_a_python_that_nobody_has_is_replaced_by_the_nearest_and_said(environments, tmp_path):
    made = environments.build(conda(python="3.99"), tmp_path / "log")
    assert made.notes[0].startswith("Python 3.99 is not on this machine and could not be fetched; the nearest is used")
    assert said_by(made, "import sys; print(sys.version_info[0])") == "3\n"


def test_what_is_left_out_is_said(environments, tmp_path):
    made = environments.build(conda(others=["numpy", "conda-forge::git=2"]), tmp_path / "log")
    assert made.notes[0].endswith("only Python and pip's: numpy, conda-forge::git=2")
    assert made.notes[1].endswith("the step runs on this machine: image:1")


def test_an_image_alone_gives_the_hosts_python(environments, tmp_path):
    made = environments.build(EnvironmentSpec("e:1", "image:1"), tmp_path / "log")
    assert said_by(made, "import sys; print('.'.join(map(str, sys.version_info[:3])))").strip() == host().text


@pytest.mark.parametrize(
    ("request_", "version", "fit"),
    [
        ("", (3, 12, 1), True),
        ("3.11", (3, 11, 7), True),
        ("3.1", (3, 11, 7), False),
        ("3.11.7", (3, 11, 6), False),
        (">=3.9,<3.12", (3, 11, 7), True),
        (">=3.9,<3.11", (3, 11, 0), False),
        ("~=3.9", (3, 11, 7), True),
        ("!=3.11", (3, 11, 7), False),
        (">3.11", (3, 11, 7), False),
        ("<=3.11", (3, 11, 7), True),
        ("soon", (3, 11, 7), False),
    ],
)
def test_version_requests(request_, version, fit):
    assert fits(request_, version) is fit


@pytest.mark.parametrize("text", ["- a", "dependencies: x", "dependencies: [{npm: [a]}]", "a: [b"])
def test_a_conda_file_that_is_none_is_refused(text):
    with pytest.raises(BadEnvironmentError, match="conda file"):
        requirements(EnvironmentSpec(conda=text))


def test_the_cache_is_shared_between_checkouts():
    assert str(cache_folder({"AMLKIT_CACHE": "/c"})) == "/c/environments"
    assert str(cache_folder({"XDG_CACHE_HOME": "/x"})) == "/x/amlkit/environments"


def test_a_step_waits_for_its_own_environment_only(lab, wheel):
    bare = lab.component("bare", "true")
    packed = lab.environment("packed", condaFile=conda(f"tiny @ {wheel.as_uri()}").conda)
    command = 'python -c "import tiny; print(tiny.VERSION)"'
    job = lab.run(
        {
            "bare": {"type": "command", "componentId": bare},
            "packed": {"type": "command", "componentId": lab.component("packed", command, environment=packed)},
        }
    )
    assert (job.status, job.error) == (Status.COMPLETED, "")
    steps = lab.steps(job.name)
    assert lab.log(steps["packed"]).splitlines()[-1] == "1.0"
    assert "tiny" in lab.log(steps["packed"], "azureml-logs/20_image_build_log.txt")
    assert steps["bare"].ended < steps["packed"].started


def test_what_a_step_installs_is_its_own(lab, wheel):
    pip = lab.environment("pip", condaFile=f"dependencies:\n- python={OURS}\n- pip\n")
    install = lab.component("i", f"pip install -q --no-index {wheel} && python -c 'import tiny'", environment=pip)
    look = lab.component("l", "python -c 'import tiny'", environment=pip)
    for component, status in ((install, Status.COMPLETED), (look, Status.FAILED)):
        job = lab.run({"c": {"type": "command", "componentId": component}})
        assert job.status is status, job.error
    assert "No module named 'tiny'" in job.error


def test_a_build_that_fails_fails_its_step(lab):
    broken = lab.environment("broken", condaFile=conda("nothing @ file:///nowhere/nothing-1.0-py3-none-any.whl").conda)
    component = lab.component("c", "true", environment=broken)
    job = lab.run({"c": {"type": "command", "componentId": component}})
    assert job.status is Status.FAILED
    assert job.error.startswith("step `c` failed: the environment cannot be built\n")
    assert "nowhere" in job.error
