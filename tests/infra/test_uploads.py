"""The upload hook's work against a local Azure ML's blob storage, through the official storage client."""

import hashlib
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from azure.storage.blob import BlobClient
from azure.storage.fileshare import ShareClient

from amlkit import target
from amlkit.errors import DefinitionError, ServiceError, SetupError
from amlkit.home import STORAGE_SUFFIX, Home
from amlkit.infra.data.folder import _files
from amlkit.local import process
from amlkit.transfer import Place, send
from amlkit.transfer.opening import hint

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


def test_blocks_of_a_large_file_that_are_there_are_not_sent_again(local, tmp_path):
    (tmp_path / "big.bin").write_bytes(os.urandom(20 << 20))
    (file,) = _files("d", tmp_path)
    second = (tmp_path / "big.bin").read_bytes()[8 << 20 : 16 << 20]
    other = b"x" * (8 << 20)  # not what the file has there: whoever sends it again is found out
    identity = target.credential(True)
    with BlobClient(
        f"https://smallstore.blob.{STORAGE_SUFFIX}", "snapshots", "blocks/big.bin", credential=identity
    ) as it:
        it.stage_block(f"{hashlib.sha256(second).hexdigest()[:32]}-{1:06}", other)
        it.stage_block(f"{'0' * 32}-{0:06}", other)  # of another content
    moved = []
    watcher = SimpleNamespace(planned=lambda count, size: moved.append((count, size)), moved=moved.append)
    assert send(f"{PLACE}/blocks", [file], immutable=False, watcher=watcher) == 1
    wanted = (tmp_path / "big.bin").read_bytes()
    assert blob(local, "blocks/big.bin").read_bytes() == wanted[: 8 << 20] + other + wanted[16 << 20 :]
    assert (moved[0], sum(moved[1:])) == ((1, 20 << 20), 20 << 20)


def test_what_another_tool_has_sent_is_known_by_its_md5(local, tmp_path):
    (tmp_path / "a.csv").write_text("1")
    identity = target.credential(True)
    with BlobClient(
        f"https://smallstore.blob.{STORAGE_SUFFIX}", "snapshots", "theirs/a.csv", credential=identity
    ) as it:
        it.upload_blob(b"1")
    assert send(f"{PLACE}/theirs", _files("d", tmp_path), immutable=False) == 0


def test_a_file_of_a_share_counts_when_it_is_complete_not_when_it_has_its_size(local, tmp_path):
    share = f"https://smallstore.file.{STORAGE_SUFFIX}"
    identity = target.credential(True)
    with ShareClient(share, "half", credential=identity, token_intent="backup") as client:
        client.create_share()
        client.get_file_client("a.csv").create_file(1)
        (tmp_path / "a.csv").write_text("1")
        for sent in (1, 0):
            assert send(f"{share}/half", _files("d", tmp_path), immutable=True) == sent
        assert client.get_file_client("a.csv").download_file().readall() == b"1"


@pytest.mark.parametrize("place", ["http://a.blob.core.x/c", "https://example.org/c", "https://abc.blob.core.x"])
def test_what_is_no_place_in_storage_is_refused(place, tmp_path):
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(SetupError, match="not an address in a storage account"):
        send(place, _files("d", tmp_path), immutable=True)


@pytest.mark.parametrize(
    ("service", "code", "said"),
    [
        ("blob", "AuthorizationPermissionMismatch", "uploading needs the role `Storage Blob Data Contributor`"),
        ("file", "AuthorizationPermissionMismatch", "needs the role `Storage File Data Privileged Contributor`"),
        ("dfs", "KeyBasedAuthenticationNotPermitted", "takes no keys"),
        ("blob", "AuthorizationFailure", "network rules of `acct`"),
    ],
)
def test_a_refusal_names_the_role_or_the_network_that_is_missing(service, code, said):
    place = Place.of(f"https://acct.{service}.core.windows.net/c")
    assert said in hint(place, 403, code, writes=True)


def test_storage_of_azure_is_refused_where_the_local_azure_ml_is_meant(local, tmp_path):
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(SetupError, match="not storage of the local Azure ML"):
        send("https://acct.blob.core.windows.net/c", _files("d", tmp_path), immutable=True)


def test_when_one_file_fails_the_others_end_half_way(local, tmp_path):
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(os.urandom(64 << 20))
    moved = []

    def stop(size):
        moved.append(size)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        send(f"{PLACE}/stop", _files("d", tmp_path), immutable=False, watcher=SimpleNamespace(planned=max, moved=stop))
    assert sum(moved) < 128 << 20
    assert not blob(local, "stop/a.bin").exists()


def test_a_container_that_does_not_exist_is_a_refusal_with_its_place(local, source):
    place = f"https://smallstore.blob.{STORAGE_SUFFIX}/nowhere/x"
    with pytest.raises(ServiceError, match="ContainerNotFound") as caught:
        send(place, code(source), immutable=True)
    assert caught.value.problems[0].where == place
