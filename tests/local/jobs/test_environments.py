"""Environments: built by uv from conda files, once for everybody, with what cannot be honoured said in the log."""

import hashlib
import os
import subprocess
import sys
import threading
import zipfile

import pytest

from amlkit.local.jobs.builds import Builds
from amlkit.local.jobs.conda import BadEnvironmentError, requirements
from amlkit.local.jobs.environments import BuildError, Environments, cache_folder
from amlkit.local.jobs.interpreters import fits, host
from amlkit.local.jobs.records import EnvironmentSpec, Status
from amlkit.local.web import AzureError

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


def test_a_package_that_fails_to_build_is_named_before_its_own_words(environments, tmp_path):
    source = tmp_path / "wordy"
    source.mkdir()
    (source / "pyproject.toml").write_text("[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['.']\n")
    (source / "b.py").write_text("for number in range(40): print(f'word {number}')\nraise SystemExit(3)\n")
    with pytest.raises(BuildError, match=r"(?s)Failed to build .wordy.*\n…\n.*word 39"):
        environments.build(conda(f"wordy @ {source.as_uri()}"), tmp_path / "log")


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
    assert len([log for log in tmp_path.glob("log-*") if "Installed 1 package" in log.read_text()]) == 1


def test_a_python_that_nobody_has_is_replaced_by_the_nearest_and_said(environments, tmp_path):
    made = environments.build(conda(python="3.99"), tmp_path / "log")
    assert made.notes[0].startswith("Python 3.99 is not on this machine and could not be fetched; the nearest is used")
    assert said_by(made, "import sys; print(sys.version_info[0])") == "3\n"


def test_what_is_left_out_is_said(environments, tmp_path):
    made = environments.build(conda(others=["cudatoolkit=11", "conda-forge::git=2"]), tmp_path / "log")
    assert made.notes[0].endswith("of conda that are not here: cudatoolkit=11, conda-forge::git=2")
    assert made.notes[1].endswith("the step runs on this machine: image:1")


def test_conda_packages_that_pip_has_too_come_from_there_and_that_is_said():
    needed = requirements(
        conda("Scikit_Learn==1.5.0", others=["numpy=1.26", "scikit-learn=1.4", "pandas>=2,<3", "git"])
    )
    assert needed.lines == ("Scikit_Learn==1.5.0", "numpy==1.26.*", "pandas>=2,<3")
    assert needed.moved == ("numpy==1.26.*", "scikit-learn==1.4.*", "pandas>=2,<3")
    assert needed.ignored == ("git",)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("", "numpy"),
        ("=1.26", "numpy==1.26.*"),
        ("==1.26.4", "numpy==1.26.4"),
        ("=1.26.4=py311_0", "numpy==1.26.4.*"),
        (" 1.26.*", "numpy==1.26.*"),
        (">=1,<2", "numpy>=1,<2"),
    ],
)
def test_versions_of_conda_are_said_in_pips_words(version, line):
    assert requirements(conda(others=[f"numpy{version}"])).lines == (line,)


def test_variables_of_a_conda_file_are_not_set_and_that_is_said():
    spec = EnvironmentSpec(conda="dependencies: [python]\nvariables:\n  A: b\n")
    assert requirements(spec).ignored == ("`variables`",)


@pytest.mark.parametrize(
    ("reference", "python", "first"),
    [
        ("azureml://registries/azureml/environments/sklearn-1.5/versions/14", "", "scikit-learn==1.5.*"),
        ("azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest", "3.8", "scikit-learn==1.0.*"),
        ("AzureML-ACPT-pytorch-1.13-py38-cuda11.7-gpu:3", "3.8", "torch==1.13.*"),
        ("azureml://registries/azureml/environments/python-sdk-v2/labels/latest", "", "azure-ai-ml"),
    ],
)
def test_packages_stand_for_curated_environments(reference, python, first):
    needed = requirements(EnvironmentSpec(image=reference))
    assert (needed.python, needed.lines[0], needed.image) == (python, first, reference)


@pytest.mark.parametrize(
    "reference",
    [
        "azureml://registries/azureml/environments/automl-gpu/versions/1",
        "azureml://registries/ours/environments/sklearn-1.5/versions/1",
        "azureml:AzureML-sklearn@latest",
    ],
)
def test_a_curated_environment_that_nothing_stands_for_is_refused_by_name(reference):
    with pytest.raises(
        BadEnvironmentError, match=rf"not in the local Azure ML: {reference}; curated .*sklearn-<version>"
    ):
        requirements(EnvironmentSpec(image=reference))


def test_what_stands_for_a_curated_environment_is_said(environments, tmp_path):
    reference = "azureml://registries/azureml/environments/minimal-ubuntu20.04/versions/1"
    made = environments.build(EnvironmentSpec("minimal:1", reference), tmp_path / "log")
    assert made.notes == (
        "the curated environment `minimal-ubuntu20.04` is an image; what stands for it here: nothing but Python",
    )


@pytest.mark.parametrize("cores", [2, 16])
def test_packages_are_compiled_when_they_are_installed_if_many_cores_can_do_it(wheel, tmp_path, cores):
    made = Environments(tmp_path / "cache", os.environ, cores).build(
        conda(f"tiny @ {wheel.as_uri()}"), tmp_path / "log"
    )
    assert len(list(made.folder.glob("lib/python*/site-packages/__pycache__/tiny.*.pyc"))) == (cores == 16)
    assert str(made.folder) in said_by(made, "import tiny; print(tiny.__file__)")


def test_steps_that_want_one_environment_at_the_same_time_build_it_once_and_all_have_its_log(
    environments, wheel, tmp_path
):
    builds, done, told = Builds(environments), threading.Event(), []
    spec = conda(f"tiny @ {wheel.as_uri()}")

    def tell(made, error):
        told.append((made, error))
        if len(told) == 3:
            done.set()

    logs = [tmp_path / f"log{number}" for number in range(3)]
    for log in logs:
        builds.want(spec, log, tell)
    assert done.wait(60)
    assert {error for _, error in told} == {""}
    assert len({made.folder for made, _ in told}) == 1
    assert "tiny" in logs[0].read_text()
    assert len({log.read_text() for log in logs}) == 1


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


def test_a_curated_environment_runs_if_something_stands_for_it_and_is_refused_at_submit_if_not(lab):
    known = "azureml://registries/azureml/environments/minimal-ubuntu20.04/versions/1"
    job = lab.run({"c": {"type": "command", "componentId": lab.component("known", "true", environment=known)}})
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert "what stands for it here: nothing but Python" in lab.log(lab.steps(job.name)["c"])
    unknown = lab.component("unknown", "true", environment="azureml:AzureML-nothing-1.0@latest")
    with pytest.raises(AzureError, match=r"not in the local Azure ML: azureml:AzureML-nothing-1\.0@latest"):
        lab.start({"c": {"type": "command", "componentId": unknown}})
