"""The upload hook's work against a local Azure ML's blob storage, through the official storage client."""

import os
from dataclasses import replace

import pytest

from amlkit import target
from amlkit.errors import DefinitionError, ServiceError
from amlkit.home import STORAGE_SUFFIX, Home
from amlkit.infra.data_folder import _files
from amlkit.local import process
from amlkit.transfer import send

from .manifests import of_file
from .stack import STRIPPED, Stack

PLACE = f"https://smallstore.blob.{STORAGE_SUFFIX}/snapshots"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A local Azure ML with a storage account, and this process pointed at it."""
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "Pulumi.yaml").write_text("name: uploads")
    home = Home(folder)
    ambient = {name: value for name, value in os.environ.items() if not name.startswith(STRIPPED)}
    process.start(home, environment=ambient)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in home.environment(home.address()).items():
            patch.setenv(name, value)
        _forget()
        Stack(home, "embedded", {}).furnish(configure=False)
        yield home
    _forget()
    process.stop(home)


def _forget():
    target.client.cache_clear()
    target.credential.cache_clear()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "run.py"
    path.write_bytes(b"print(1)\r\nprint(2)\r\n")
    return path


def code(source):
    return of_file(source).assets[0].files


def blob(local, path):
    return local.data / "smallstore" / "snapshots" / path


def test_text_arrives_with_normalised_line_endings_and_only_once(local, source):
    assert send(f"{PLACE}/one", code(source), immutable=True) == 1
    assert blob(local, "one/run.py").read_bytes() == b"print(1)\nprint(2)\n"
    assert send(f"{PLACE}/one", code(source), immutable=True) == 0


def test_a_file_that_changed_since_compile_is_refused_before_anything_is_sent(local, source):
    files = code(source)
    source.write_text("print(3)\n")
    with pytest.raises(DefinitionError, match="changed since the pipeline was compiled"):
        send(f"{PLACE}/two", files, immutable=True)
    assert not blob(local, "two/run.py").exists()


def test_changed_data_of_the_same_size_is_sent_again_and_the_rest_is_not(local, tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("1")
    assert send(f"{PLACE}/data", _files("d", tmp_path), immutable=False) == 2
    (tmp_path / "b.csv").write_text("2")
    assert send(f"{PLACE}/data", _files("d", tmp_path), immutable=False) == 1
    assert blob(local, "data/b.csv").read_text() == "2"


def test_a_half_sent_snapshot_is_completed(local, tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("1")
    files = tuple(replace(file, is_text=True) for file in _files("d", tmp_path))
    send(f"{PLACE}/half", files[:1], immutable=True)
    assert send(f"{PLACE}/half", files, immutable=True) == 1


def test_a_container_that_does_not_exist_is_a_refusal_with_its_place(local, source):
    place = f"https://smallstore.blob.{STORAGE_SUFFIX}/nowhere/x"
    with pytest.raises(ServiceError, match="ContainerNotFound") as caught:
        send(place, code(source), immutable=True)
    assert caught.value.problems[0].where == place
