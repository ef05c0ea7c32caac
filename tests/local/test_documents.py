"""The stores below the resources: documents by id, and folders by URI."""

import threading
from pathlib import Path

import pytest

from amlkit.home import Home
from amlkit.local.blobs import Blobs
from amlkit.local.database import Database
from amlkit.local.documents import Documents
from amlkit.local.web import AzureError

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db")


@pytest.fixture
def documents(database: Database) -> Documents:
    return Documents(database)


@pytest.fixture
def blobs(tmp_path: Path, database: Database, documents: Documents) -> Blobs:
    properties = {"datastoreType": "AzureBlob", "accountName": "acct", "containerName": "corpora"}
    documents.put(f"{WORKSPACE}/datastores/store", {"name": "store", "properties": properties})
    share = {"datastoreType": "AzureFile", "accountName": "acct", "fileShareName": "share"}
    documents.put(f"{WORKSPACE}/datastores/share", {"name": "share", "properties": share})
    lake = {"datastoreType": "AzureDataLakeGen2", "accountName": "acct", "filesystem": "raw"}
    documents.put(f"{WORKSPACE}/datastores/lake", {"name": "lake", "properties": lake})
    old = {"datastoreType": "AzureDataLakeGen1", "storeName": "old"}
    documents.put(f"{WORKSPACE}/datastores/old", {"name": "old", "properties": old})
    return Blobs(Home(tmp_path), database, documents)


def test_a_document_is_found_in_any_case_and_keeps_its_first_id(documents: Documents) -> None:
    documents.put("/a/B/c", {"x": 1})
    stored = documents.put("/A/b/C", {"x": 2})
    assert (stored["id"], stored["x"]) == ("/a/B/c", 2)
    assert documents.get("/a/b/c") == stored


def test_children_are_one_segment_below_and_in_the_order_of_their_making(documents: Documents) -> None:
    for id_ in ("/w/data/b", "/w/data/a", "/w/data/a/versions/1", "/w/database/x", "/w/data"):
        documents.put(id_, {})
    assert [each["id"] for each in documents.children("/W", "data")] == ["/w/data/b", "/w/data/a"]


def test_deleting_takes_what_is_below_and_nothing_beside(documents: Documents) -> None:
    for id_ in ("/w/data", "/w/data/a", "/w/data-b", "/w/data0"):
        documents.put(id_, {})
    assert documents.delete("/w/DATA")
    assert not documents.delete("/w/data")
    assert [documents.get(id_) is None for id_ in ("/w/data/a", "/w/data-b", "/w/data0")] == [True, False, False]


def test_a_failed_transaction_leaves_nothing_and_a_reader_sees_only_what_is_committed(
    database: Database, documents: Documents
) -> None:
    seen: list[object] = []

    def fail() -> None:
        with database.transaction():
            documents.put("/a", {})
            seen.append(documents.get("/a") is not None)
            reader = threading.Thread(target=lambda: seen.append(documents.get("/a") is not None))
            reader.start()
            reader.join()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (seen, documents.get("/a")) == ([True, False], None)


def test_writers_on_many_threads_do_not_lose_each_other(database: Database, documents: Documents) -> None:
    documents.put("/count", {"n": 0})

    def add() -> None:
        for _ in range(25):
            with database.transaction():
                current = documents.get("/count")
                assert current is not None
                documents.put("/count", {"n": current["n"] + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (documents.get("/count") or {})["n"] == 100


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("azureml://datastores/store/paths/a/b/", "acct/corpora/a/b"),
        ("azureml://datastores/store/paths/", "acct/corpora"),
        ("azureml://datastores/share/paths/a/b", "acct.file/share/a/b"),
        (f"azureml://{WORKSPACE[1:]}/datastores/share/paths/a", "acct.file/share/a"),
        ("azureml://datastores/lake/paths/a/", "acct/raw/a"),
        ("azureml://datastores/store", "acct/corpora"),
        (f"azureml://{WORKSPACE[1:]}/datastores/store/paths/a", "acct/corpora/a"),
        ("azureml://subscriptions/s/resourcegroups/RG/workspaces/ws/datastores/store/paths/a", "acct/corpora/a"),
        ("https://acct.blob.core.amlkit.test/corpora/a%20b", "acct/corpora/a b"),
        ("https://acct.dfs.core.amlkit.test/corpora", "acct/corpora"),
    ],
)
def test_a_storage_uri_is_a_folder(blobs: Blobs, tmp_path: Path, uri: str, path: str) -> None:
    assert blobs.folder_of(uri, WORKSPACE) == Home(tmp_path).data / path


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("azureml://datastores/store/paths/../../x", 400),
        ("https://acct.blob.core.amlkit.test/corpora/%2E%2E/x", 400),
        ("abfss://corpora@acct.dfs.core.windows.net/x", 400),
        ("file:///etc/passwd", 400),
        ("azureml://datastores/none/paths/x", 404),
        ("azureml://datastores/old/paths/x", 501),
    ],
)
def test_what_is_no_folder_of_ours_is_refused(blobs: Blobs, uri: str, status: int) -> None:
    with pytest.raises(AzureError) as refused:
        blobs.folder_of(uri, WORKSPACE)
    assert refused.value.status == status


def test_storage_is_also_named_by_its_container_and_account(blobs: Blobs) -> None:
    wanted = blobs.container("acct", "corpora") / "a b" / "c"
    assert blobs.folder_of("wasbs://corpora@acct.blob.core.amlkit.test/a%20b/c", WORKSPACE) == wanted
    assert blobs.folder_of("abfss://corpora@acct.dfs.core.amlkit.test/a%20b/c/", WORKSPACE) == wanted


def test_a_web_address_has_a_file_of_its_own_under_its_name(blobs: Blobs) -> None:
    one, two = (blobs.folder_of(f"https://example.org/d/iris.csv?v={n}", WORKSPACE) for n in (1, 2))
    assert (one.name, two.name, one == two) == ("iris.csv", "iris.csv", False)
    assert blobs.folder_of("http://example.org/a/..", WORKSPACE).name == "file"
