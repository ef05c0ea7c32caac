"""The blob service, through the unmodified azure-storage-blob client and, where it hides too much, plain HTTP."""

import base64
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from amlkit.home import HOST, SUBSCRIPTION
from amlkit.local import sas

from .conftest import StandIn


class Storage:
    """One account, and clients of it with each kind of credential."""

    def __init__(self, stand_in: StandIn, account_id: str) -> None:
        self.stand_in = stand_in
        self.id = account_id
        self.account = account_id.rpartition("/")[2]
        self.url = f"https://{self.account}.blob.core.amlkit.test"
        self.key: str = stand_in.arm("POST", f"{account_id}/listKeys").json()["keys"][0]["value"]
        self.folder = stand_in.home.data / self.account

    def client(self, credential: Any = None) -> BlobServiceClient:
        """With the account's key, if no other credential is given."""
        proxy = f"http://{HOST}:{self.stand_in.address.proxy_port}"
        return BlobServiceClient(
            self.url,
            credential or self.key,
            proxies={"https": proxy},
            connection_verify=str(self.stand_in.home.ca_bundle),
            retry_total=0,
            max_single_put_size=1 << 20,
            max_block_size=1 << 20,
            max_single_get_size=1 << 20,
            max_chunk_get_size=1 << 20,
        )

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A bearer credential for whatever is asked."""
        return AccessToken(self.stand_in.token(scopes[0].removesuffix("/.default")), int(time.time()) + 3600)

    def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request that no client shaped: straight to the HTTPS port, as the proxy would carry it."""
        headers = {"Host": f"{self.account}.blob.core.amlkit.test"} | more.pop("headers", {})
        return self.stand_in.http.request(method, path, headers=headers, **more)


@pytest.fixture(scope="module")
def storage(stand_in: StandIn) -> Iterator[Storage]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/blobs"
    stand_in.made(group, {"location": "westeurope"})
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/blobtests"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    stand_in.made(account, body)
    yield Storage(stand_in, account)
    stand_in.arm("DELETE", group)


@pytest.fixture
def container(storage: Storage, request: pytest.FixtureRequest) -> ContainerClient:
    digest = hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    return storage.client().create_container(f"c{digest}")


def folder_of(storage: Storage, container: ContainerClient) -> Path:
    return storage.folder / container.container_name


def test_a_blob_is_a_file_and_comes_back_with_its_headers(storage: Storage, container: ContainerClient) -> None:
    settings = ContentSettings(content_type="text/csv", content_language="de", cache_control="no-cache")
    client = container.upload_blob("a/b/c.csv", b"x,y\n", metadata={"kind": "raw"}, content_settings=settings)
    assert (folder_of(storage, container) / "a/b/c.csv").read_bytes() == b"x,y\n"
    properties = client.get_blob_properties()
    assert (properties.size, properties.metadata) == (4, {"kind": "raw"})
    assert properties.content_settings.content_type == "text/csv"
    assert bytes(properties.content_settings.content_md5) == hashlib.md5(b"x,y\n").digest()
    assert client.download_blob().readall() == b"x,y\n"
    assert [path.name for path in storage.folder.rglob("*") if path.is_file() and path.name != "c.csv"] == []


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, (1 << 20) + 1, (3 << 20) + 7])
def test_blobs_of_any_size_survive_the_way(container: ContainerClient, size: int) -> None:
    content = os.urandom(size)
    container.upload_blob("b", content, validate_content=True)
    assert container.download_blob("b").readall() == content


def test_part_of_a_blob_is_read(container: ContainerClient) -> None:
    container.upload_blob("b", b"0123456789")
    assert container.download_blob("b", offset=3, length=4).readall() == b"3456"
    with pytest.raises(HttpResponseError) as refused:
        container.download_blob("b", offset=100, length=1).readall()
    assert refused.value.error_code == "InvalidRange"


def test_blocks_appear_when_they_are_committed_and_in_the_lists_order(container: ContainerClient) -> None:
    client = container.get_blob_client("b")
    for name in ("1", "2", "3"):
        client.stage_block(name, name.encode() * 3)
    assert not client.exists()
    assert len(client.get_block_list("uncommitted")[1]) == 3
    client.commit_block_list([BlobBlock("3"), BlobBlock("1")], metadata={"a": "b"})
    assert client.download_blob().readall() == b"333111"
    assert client.get_blob_properties().metadata == {"a": "b"}
    with pytest.raises(HttpResponseError) as refused:
        client.commit_block_list([BlobBlock("4")])
    assert refused.value.error_code == "InvalidBlockList"
    assert client.download_blob().readall() == b"333111"


def test_conditions_are_honoured(container: ContainerClient) -> None:
    client = container.upload_blob("b", b"one")
    with pytest.raises(ResourceExistsError):
        container.upload_blob("b", b"two")
    etag = client.get_blob_properties().etag
    container.upload_blob("b", b"two", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        container.upload_blob("b", b"3", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    assert client.download_blob().readall() == b"two"


def test_exactly_one_of_many_writers_creates_a_blob(container: ContainerClient) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        try:
            container.upload_blob("b", str(number).encode())
            won.append(number)
        except ResourceExistsError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [container.download_blob("b").readall()] == [str(number).encode() for number in won]


def test_lists_have_prefixes_delimiters_and_pages(container: ContainerClient) -> None:
    names = ["a-b", "a/b", "a/c/d", "b/100% #1?", "ü & <x>/y'z"]
    for name in names:
        container.upload_blob(name, b"")
    assert list(container.list_blob_names()) == sorted(names)
    assert list(container.list_blob_names(name_starts_with="a/")) == ["a/b", "a/c/d"]
    assert {each.name for each in container.walk_blobs(name_starts_with="a/")} == {"a/b", "a/c/"}
    assert {each.name for each in container.walk_blobs()} == {"a-b", "a/", "b/", "ü & <x>/"}
    pages = [[each.name for each in page] for page in container.list_blobs(results_per_page=2).by_page()]
    assert pages == [names[:2], names[2:4], names[4:]]


def test_a_list_shows_metadata_when_it_is_asked_for(container: ContainerClient) -> None:
    container.upload_blob("b", b"12", metadata={"k": "v"})
    (blob,) = container.list_blobs(include=["metadata"])
    assert (blob.metadata, blob.size) == ({"k": "v"}, 2)
    assert next(iter(container.list_blobs())).metadata in ({}, None)


def test_what_a_step_wrote_into_the_folder_is_a_blob(storage: Storage, container: ContainerClient) -> None:
    path = folder_of(storage, container) / "out/metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    properties = container.get_blob_client("out/metrics.json").get_blob_properties()
    assert (properties.size, properties.content_settings.content_type) == (2, "application/json")
    before = properties.etag
    path.write_text("[1]")
    assert container.get_blob_client("out/metrics.json").get_blob_properties().etag != before


def test_metadata_and_headers_are_replaced_apart(container: ContainerClient) -> None:
    client = container.upload_blob("b", b"x", metadata={"a": "1"})
    client.set_blob_metadata({"b": "2"})
    client.set_http_headers(ContentSettings(content_type="text/x"))
    properties = client.get_blob_properties()
    assert (properties.metadata, properties.content_settings.content_type) == ({"b": "2"}, "text/x")


def test_a_deleted_blob_leaves_no_folders(storage: Storage, container: ContainerClient) -> None:
    container.upload_blob("a/b/c", b"")
    container.delete_blob("a/b/c")
    assert list(folder_of(storage, container).iterdir()) == []
    with pytest.raises(ResourceNotFoundError):
        container.delete_blob("a/b/c")


def test_containers_are_made_described_and_deleted(storage: Storage) -> None:
    service = storage.client()
    container = service.create_container("described", metadata={"a": "b"})
    with pytest.raises(ResourceExistsError):
        service.create_container("described")
    assert container.get_container_properties().metadata == {"a": "b"}
    assert "described" in [each.name for each in service.list_containers()]
    container.delete_container()
    assert not container.exists()
    with pytest.raises(ResourceNotFoundError) as refused:
        container.upload_blob("b", b"")
    assert refused.value.error_code == "ContainerNotFound"


@pytest.mark.parametrize("name", ["../escape", "a/../../../escape", "a//b", "./a", "a/.", "..", "a\\..\\b", "a/"])
def test_a_name_that_is_no_path_in_the_container_is_refused(
    storage: Storage, container: ContainerClient, name: str
) -> None:
    before = sorted(storage.stand_in.home.root.rglob("escape"))
    token = {"Authorization": f"Bearer {storage.stand_in.token('https://storage.azure.com')}"}
    quoted = name.replace("/", "%2F").replace("\\", "%5C").replace(".", "%2E")
    headers = token | {"x-ms-blob-type": "BlockBlob"}
    answer = storage.raw("PUT", f"/{container.container_name}/{quoted}", headers=headers, content=b"x")
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidResourceName")
    assert sorted(storage.stand_in.home.root.rglob("escape")) == before


def test_a_blob_cannot_be_where_a_folder_is(container: ContainerClient) -> None:
    container.upload_blob("a/b", b"")
    for name in ("a", "a/b/c"):
        with pytest.raises(HttpResponseError) as refused:
            container.upload_blob(name, b"")
        assert refused.value.error_code == "ResourceTypeMismatch"


def test_a_bearer_token_for_storage_works_and_another_does_not(storage: Storage, container: ContainerClient) -> None:
    name = container.container_name
    storage.client(storage).get_container_client(name).upload_blob("b", b"1")
    other = {"Authorization": f"Bearer {storage.stand_in.token()}"}
    assert storage.raw("GET", f"/{name}/b", headers=other).status_code == 401
    assert storage.raw("GET", f"/{name}/b").headers["x-ms-error-code"] == "NoAuthenticationInformation"


def test_another_key_is_refused(storage: Storage, container: ContainerClient) -> None:
    wrong = base64.b64encode(b"wrong" * 8).decode()
    with pytest.raises(ClientAuthenticationError):
        storage.client(wrong).get_container_client(container.container_name).upload_blob("b", b"1")


def test_signatures_allow_what_they_say_and_as_long_as_they_say(storage: Storage, container: ContainerClient) -> None:
    container.upload_blob("b", b"1")
    name, soon = container.container_name, datetime.now(UTC) + timedelta(minutes=5)
    past = datetime.now(UTC) - timedelta(minutes=5)
    reading = generate_container_sas(storage.account, name, storage.key, permission="rl", expiry=soon)
    client = storage.client(reading).get_container_client(name)
    assert list(client.list_blob_names()) == ["b"]
    assert client.download_blob("b").readall() == b"1"
    for refuse in (lambda: client.upload_blob("c", b""), lambda: client.delete_blob("b"), client.delete_container):
        with pytest.raises(HttpResponseError) as refused:
            refuse()
        assert refused.value.status_code == 403
    old = generate_container_sas(storage.account, name, storage.key, permission="rl", expiry=past)
    with pytest.raises(ClientAuthenticationError):
        storage.client(old).get_container_client(name).download_blob("b")
    with pytest.raises(ClientAuthenticationError):
        storage.client(reading.replace("sp=rl", "sp=rwl")).get_container_client(name).upload_blob("c", b"")


def test_a_blobs_signature_is_for_that_blob_and_an_accounts_for_all(
    storage: Storage, container: ContainerClient
) -> None:
    for each in ("b", "c"):
        container.upload_blob(each, b"1")
    name, soon = container.container_name, datetime.now(UTC) + timedelta(minutes=5)
    one = generate_blob_sas(storage.account, name, "b", account_key=storage.key, permission="r", expiry=soon)
    client = storage.client(one).get_container_client(name)
    assert client.download_blob("b").readall() == b"1"
    with pytest.raises(ClientAuthenticationError):
        client.download_blob("c")
    whole = generate_account_sas(storage.account, storage.key, resource_types="sco", permission="rwdlc", expiry=soon)
    service = storage.client(whole)
    assert name in [each.name for each in service.list_containers()]
    service.get_container_client(name).upload_blob("d", b"")


def test_the_signature_that_the_stand_in_gives_out_is_one(storage: Storage, container: ContainerClient) -> None:
    token = sas.container_sas(storage.account, container.container_name, storage.key, "rcwl", 60)
    client = storage.client(token).get_container_client(container.container_name)
    client.upload_blob("b", b"1")
    assert list(client.list_blob_names()) == ["b"]


def test_an_account_without_shared_keys_takes_tokens_only(stand_in: StandIn, account: str) -> None:
    other = Storage(stand_in, account)
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    stand_in.arm("PUT", account, body | {"properties": {"allowSharedKeyAccess": False}})
    with pytest.raises(HttpResponseError) as refused:
        other.client().create_container("c-1")
    assert refused.value.error_code == "KeyBasedAuthenticationNotPermitted"
    other.client(other).create_container("c-1")


def test_what_does_not_exist_is_501_by_name(storage: Storage, container: ContainerClient) -> None:
    with pytest.raises(HttpResponseError) as refused:
        container.get_blob_client("b").create_page_blob(512)
    assert "PageBlob" in str(refused.value)
    token = {"Authorization": f"Bearer {storage.stand_in.token('https://storage.azure.com')}"}
    answer = storage.raw("PUT", f"/{container.container_name}/b?comp=tags", headers=token)
    assert answer.status_code == 501
    assert "comp=tags does not exist" in answer.text


def test_an_unknown_account_is_404(stand_in: StandIn) -> None:
    headers = {"Host": "nobody.blob.core.amlkit.test"}
    assert stand_in.http.get("/c/b", headers=headers).status_code == 404


def test_the_environment_alone_points_the_client_at_it(storage: Storage, container: ContainerClient) -> None:
    script = """
import sys
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
client = BlobServiceClient(sys.argv[1], DefaultAzureCredential()).get_container_client(sys.argv[2])
client.upload_blob("b", b"through the proxy")
print(client.download_blob("b").readall().decode())
"""
    assert "through the proxy" in storage.stand_in.script(script, storage.url, container.container_name)


@pytest.mark.parametrize(
    "header", [{"If-Modified-Since": "soon"}, {"If-Unmodified-Since": "x"}, {"Range": f"bytes=0-{'9' * 5000}"}]
)
def test_headers_that_mean_nothing_are_refused(
    storage: Storage, container: ContainerClient, header: dict[str, str]
) -> None:
    container.upload_blob("b", b"x")
    token = {"Authorization": f"Bearer {storage.stand_in.token('https://storage.azure.com')}"}
    assert storage.raw("GET", f"/{container.container_name}/b", headers=token | header).status_code in (400, 416)
