"""`amlkit data` against the local Azure ML's blob storage, file shares and Data Lake."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from amlkit.delivery import scratch
from amlkit.home import STORAGE_SUFFIX, SUBSCRIPTION

from .conftest import COMMAND

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/amlkit-scratch"
STORES = ("workspaceblobstore", "workspacefilestore", "lake", "open", "keyless")


@pytest.fixture(scope="module")
def service(place):
    """Beside the default datastores: a Data Lake, and two blob datastores that the account's key opens no more."""
    with place.stand_in.pointed() as service:
        workspace = scratch.made(service)
        _account(service, "amlkitlake", {"isHnsEnabled": True})
        _account(service, "amlkitkeyless", {"allowSharedKeyAccess": False})
        lake = {"datastoreType": "AzureDataLakeGen2", "accountName": "amlkitlake", "filesystem": "corpora"}
        blob = {"datastoreType": "AzureBlob", "accountName": "amlkitkeyless", "containerName": "corpora"}
        gen1 = {"datastoreType": "AzureDataLakeGen1", "storeName": "old1"}
        for name, properties, kind in (
            ("lake", lake, "None"),
            ("open", blob, "None"),
            ("keyless", blob, "AccountKey"),
            ("gen1", gen1, "None"),
        ):
            body = {"properties": {**properties, "credentials": {"credentialsType": kind}}}
            service.arm("PUT", f"{workspace.id}/datastores/{name}", "2024-10-01", body)
        yield service


def _account(service, name, properties):
    id_ = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}"
    sku = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "location": "westeurope"}
    service.arm("PUT", id_, "2023-05-01", {**sku, "properties": properties})
    service.arm("PUT", f"{id_}/blobServices/default/containers/corpora", "2023-05-01", {"properties": {}})


@pytest.fixture
def files(place, service, request):
    """A folder of files in the working directory, and a path in a datastore of its own."""
    name = hashlib.md5(request.node.name.encode()).hexdigest()[:12]
    folder = place.folder / name
    (folder / "deep/er").mkdir(parents=True)
    (folder / "a.csv").write_text("1,2\n")
    (folder / "deep/b c.txt").write_text("b")
    (folder / "deep/er/empty").write_bytes(b"")
    (folder / "deep/er/big").write_bytes(os.urandom(9 << 20))  # more than goes in one request
    return folder


def contents(folder):
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.md5(path.read_bytes()).hexdigest() for path in found}


def upload(place, *words):
    return json.loads(place.ok("data", "upload", *map(str, words), "-o", "json"))


def download(place, *words):
    return json.loads(place.ok("data", "download", *map(str, words), "-o", "json"))


@pytest.mark.parametrize("store", STORES)
def test_a_folder_goes_there_and_comes_back_and_only_what_changed_goes_again(place, files, store):
    goal, back = f"{store}/data/{files.name}", files.parent / f"{files.name}-back"
    sent = upload(place, files.name, goal)
    assert sent["uri"] == f"azureml://datastores/{store}/paths/data/{files.name}/"
    assert (sent["files"], sent["sent"]) == (4, 4)
    assert upload(place, files.name, goal)["sent"] == 0
    assert download(place, goal, back)["files"] == 4
    assert contents(back) == contents(files)
    assert download(place, goal, back)["files"] == 0
    (files / "a.csv").write_text("3,4\n")
    assert upload(place, files.name, goal)["sent"] == 1
    assert download(place, goal, back)["files"] == 1
    assert contents(back) == contents(files)


@pytest.mark.parametrize("store", STORES)
def test_what_lies_there_is_listed_by_folders_or_all_of_it(place, files, store):
    goal = f"{store}/data/{files.name}"
    upload(place, files.name, goal)
    flat = json.loads(place.ok("data", "ls", goal, "-o", "json"))
    assert [(each["name"].rpartition("/")[2], each["is_folder"]) for each in flat] == [("a.csv", False), ("deep", True)]
    assert flat[0]["size"] == 4
    everything = place.ok("data", "ls", goal, "-r").splitlines()
    assert [line.split("Z  ")[1] for line in everything] == ["a.csv", "deep/b c.txt", "deep/er/big", "deep/er/empty"]
    assert "9.0 MB" in everything[2]


@pytest.mark.parametrize("store", STORES)
def test_one_file_goes_and_comes_by_its_name(place, files, store):
    sent = upload(place, files / "a.csv", f"{store}/one/{files.name}")
    assert sent["uri"] == f"azureml://datastores/{store}/paths/one/{files.name}/a.csv"
    assert upload(place, files / "a.csv", sent["uri"])["sent"] == 0
    download(place, f"{store}/one/{files.name}/a.csv", files / "got")
    assert contents(files / "got") == {"a.csv": hashlib.md5(b"1,2\n").hexdigest()}
    assert [line.split()[-1] for line in place.ok("data", "ls", sent["uri"]).splitlines()] == [
        f"one/{files.name}/a.csv"
    ]


def test_uploaded_data_is_plain_files_that_a_run_reads(place, files, service):
    for store in ("workspacefilestore", "lake"):
        uri = upload(place, files.name, f"{store}/read/{files.name}")["uri"]
        (place.folder / "reads.yml").write_text(
            f"""$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
type: command
command: cat ${{{{inputs.data}}}}/a.csv > ${{{{outputs.out}}}}/copy.csv
environment: {{image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"}}
inputs: {{data: {{type: uri_folder, path: "{uri}"}}}}
outputs: {{out: {{type: uri_folder, path: "azureml://datastores/{store}/paths/written/{files.name}/"}}}}
"""
        )
        place.ok("run", "reads.yml")
        download(place, f"{store}/written/{files.name}", files.parent / f"{files.name}-{store}")
        assert (files.parent / f"{files.name}-{store}/copy.csv").read_text() == "1,2\n"


def test_datastores_are_listed(place, service):
    lines = place.ok("data", "ls").splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["gen1", "AzureDataLakeGen1"],
        ["keyless", "AzureBlob"],
        ["lake", "AzureDataLakeGen2"],
        ["open", "AzureBlob"],
        ["workspaceartifactstore", "AzureBlob"],
        ["workspaceblobstore", "AzureBlob"],
        ["workspacefilestore", "AzureFile"],
        ["workspaceworkingdirectory", "AzureFile"],
    ]
    assert lines[5].endswith("(default)")
    assert (
        json.loads(place.ok("data", "ls", "-o", "json"))[2]["url"] == f"https://amlkitlake.dfs.{STORAGE_SUFFIX}/corpora"
    )


def test_registered_data_is_a_version_named_by_its_content_that_stays(place, files, service):
    first = upload(place, files.name, f"lake/versions/{files.name}", "--register", "digits")
    assert upload(place, files.name, f"lake/versions/{files.name}", "--register", "digits") == {**first, "sent": 0}
    (files / "a.csv").write_text("3,4\n")
    second = upload(place, files.name, f"lake/versions/{files.name}", "--register", "digits")
    assert second["asset"] != first["asset"]
    for sent, text in ((first, "1,2\n"), (second, "3,4\n")):
        name, version = sent["asset"].split(":")[1:]
        document = service.arm("GET", f"{scratch.ID}/data/{name}/versions/{version}", "2024-10-01").json()
        assert document["properties"]["dataType"] == "uri_folder"
        assert document["properties"]["dataUri"] == sent["uri"]
        download(place, sent["uri"], files.parent / version)
        assert (files.parent / version / "a.csv").read_text() == text


def test_a_file_and_a_table_are_registered_as_what_they_are(place, files, service):
    one = upload(place, files / "a.csv", "workspacefilestore/t", "--register", "one")
    (files / "MLTable").write_text("paths: [{file: ./a.csv}]\n")
    table = upload(place, files.name, "open/t", "--register", "table", "--type", "mltable")
    kinds = []
    for sent in (one, table):
        name, version = sent["asset"].split(":")[1:]
        document = service.arm("GET", f"{scratch.ID}/data/{name}/versions/{version}", "2024-10-01").json()
        kinds.append(document["properties"]["dataType"])
    assert kinds == ["uri_file", "mltable"]


def test_a_killed_upload_goes_on_and_does_not_send_what_is_there(place, files):
    big = files / "deep/er/big"
    big.write_bytes(os.urandom(160 << 20))
    goal = f"workspaceblobstore/killed/{files.name}"
    staged = place.stand_in.home.folder / "uploads"
    before = _size(staged)
    running = subprocess.Popen([*COMMAND, "data", "upload", files.name, goal], cwd=place.folder)
    end = time.monotonic() + 60
    while _size(staged) < before + (24 << 20):
        assert time.monotonic() < end
        assert running.poll() is None
        time.sleep(0.005)  # another process writes, and tells nobody
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not json.loads(place.ok("data", "ls", f"{goal}/deep/er", "-o", "json"))[-1]["name"].endswith("big")
    upload(place, files.name, goal)
    back = files.parent / f"{files.name}-killed"
    download(place, goal, back)
    assert contents(back) == contents(files)


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def test_a_broken_download_goes_on_where_it_was(place, files, monkeypatch):
    from amlkit.delivery import datastores
    from amlkit.delivery.datafiles import download as fetch
    from amlkit.delivery.stacks import Workspace
    from amlkit.transfer import receiving

    upload(place, files / "deep/er/big", f"workspaceblobstore/broken/{files.name}")
    monkeypatch.setattr(receiving, "_WINDOW", 2 << 20)
    moved = []

    class Watcher:
        stops = True

        def planned(self, count, size):
            moved.clear()

        def moved(self, size):
            moved.append(size)
            if self.stops and len(moved) == 3:
                raise KeyboardInterrupt

    with place.stand_in.pointed() as service:
        workspace, watcher = Workspace(scratch.ID, service), Watcher()
        store = datastores.find(workspace, "workspaceblobstore")
        with pytest.raises(KeyboardInterrupt):
            fetch(workspace, store, f"broken/{files.name}", files / "got", watcher)
        assert list(contents(files / "got")) != ["big"]
        watcher.stops = False
        fetch(workspace, store, f"broken/{files.name}", files / "got", watcher)
    assert moved[0] == 2 << 20  # the last window is taken again, the one before it is not
    assert contents(files / "got") == {"big": contents(files)["deep/er/big"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ls", "workspacebobstore"), "no such datastore in the workspace\n  hint: did you mean `workspaceblobstore`?"),
        (("ls", "lake/none"), "lake/none: there is nothing"),
        (("download", "workspacefilestore/none", "x"), "there is nothing"),
        (
            ("upload", "nothere", "lake/x"),
            "nothere: no such file or folder\n  hint: the path on this machine",
        ),
        (("upload", ".", "https://x/y"), "not a datastore and a path in it: https://x/y"),
        (("upload", ".", "lake/../x"), "not a path in a datastore: ../x"),
        (("upload", ".", "gen1/x"), "gen1: a datastore of type AzureDataLakeGen1 cannot be looked into"),
        (("upload", "Pulumi.yaml", "lake/x", "--type", "mltable"), "--type: is for what is registered"),
        (("upload", "Pulumi.yaml", "lake/x", "--register", "a b"), "--register: not a name for data: a b"),
        (
            ("upload", "Pulumi.yaml", "lake/x", "--register", "a", "--type", "uri_folder"),
            "--type: Pulumi.yaml is not of type uri_folder",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_its_place(place, service, words, said):
    assert said in place.refused("data", *words)


def test_links_that_lead_out_of_the_folder_are_refused(place, files):
    (files / "out").symlink_to("/etc/hostname")
    assert f"{files.name}/out: a link that leads out of the folder" in place.refused(
        "data", "upload", files.name, "lake/links"
    )


def test_the_local_azure_ml_does_not_go_into_itself(place, files):
    (files / ".amlkit").mkdir()
    (files / ".amlkit/local.db").write_text("x")
    assert upload(place, files.name, f"lake/itself/{files.name}")["files"] == 4


def test_names_that_cannot_be_files_here_are_refused(place, files, service):
    from amlkit.transfer import receiving
    from amlkit.transfer.stores import Entry

    assert [problem.where for problem in receiving._clashes([Entry("a"), Entry("a/b"), Entry("c/d")])] == ["a"]
    assert not any(map(receiving._is_path, ("../a", "a//b", "/a", "a/..", "a\\b", "")))


def test_what_cannot_be_sent_is_refused_all_at_once_before_anything_is(place, files):
    (files / "nowhere").symlink_to("gone")
    os.mkfifo(files / "pipe")
    (files / os.fsdecode(b"b\xff.txt")).write_text("x")
    said = place.refused("data", "upload", files.name, "workspaceblobstore/odd")
    assert "3 problems" in said
    assert f"{files.name}/nowhere: a link to nothing" in said
    assert f"{files.name}/pipe: neither a file nor a folder" in said
    assert f"{files.name}/b\\udcff.txt: its name is not UTF-8" in said
    assert "there is nothing" in place.refused("data", "ls", "workspaceblobstore/odd")
    assert "pipe: neither a file nor a folder" in place.refused("data", "upload", files / "pipe", "workspaceblobstore")


def test_names_are_listed_on_one_line_each(place, files):
    (files / "a\nb\x1b[31m").write_text("x")
    upload(place, files.name, "workspaceblobstore/lines")
    assert [line.split()[-1] for line in place.ok("data", "ls", "workspaceblobstore/lines").splitlines()] == [
        r"a\nb\x1b[31m",
        "a.csv",
        "deep/",
    ]


@pytest.mark.parametrize("store", STORES[:3])
@pytest.mark.parametrize("size", [4, 9 << 20])
def test_a_file_that_changes_while_it_is_sent_is_never_marked_as_sent(place, files, store, size):
    from amlkit.delivery import datastores
    from amlkit.delivery.datafiles import upload as send
    from amlkit.delivery.stacks import Workspace
    from amlkit.errors import DefinitionError

    file = files / "changes"
    file.write_bytes(b"1" * size)

    class Changer:
        def planned(self, count, size):
            file.write_bytes(b"2" * file.stat().st_size)
            os.utime(file, ns=(1, 1))

        def moved(self, size):
            pass

    with place.stand_in.pointed() as service:
        workspace = Workspace(scratch.ID, service)
        with pytest.raises(DefinitionError, match="changed while it was sent"):
            send(workspace, file, datastores.find(workspace, store), f"changing/{size}", Changer())
    file.write_bytes(b"1" * size)
    assert upload(place, file, f"{store}/changing/{size}")["sent"] == 1
    download(place, f"{store}/changing/{size}/changes", files / "back")
    assert contents(files / "back") == {"changes": contents(files)["changes"]}


def test_two_downloads_of_the_same_at_once_both_have_it(place, files):
    upload(place, files / "deep/er/big", "workspaceblobstore/twice")
    line = [*COMMAND, "data", "download", "workspaceblobstore/twice/big", str(files / "got")]
    both = [subprocess.Popen(line, cwd=place.folder, stderr=subprocess.PIPE) for _ in range(2)]
    assert [(each.communicate()[1], each.returncode)[1] for each in both] == [0, 0]
    assert contents(files / "got") == {"big": contents(files)["deep/er/big"]}
