"""What blobs can do beyond being put and read: copies, leases, batches, block lists, append blobs, policies."""

import os

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobBlock, BlobType, ContainerClient, PartialBatchErrorException, StandardBlobTier

from .clients import Account, refused


def test_a_blob_is_copied_in_its_account_and_from_another_with_a_signature(
    account_of: object, container: ContainerClient
) -> None:
    source = container.upload_blob("a", b"1" * 100, metadata={"k": "v"})
    copy = container.get_blob_client("b/c")
    assert copy.start_copy_from_url(source.url)["copy_status"] == "success"
    properties = copy.get_blob_properties()
    assert (properties.metadata, properties.copy.status, properties.copy.progress) == ({"k": "v"}, "success", "100/100")
    put = container.get_blob_client("put")
    put.upload_blob_from_url(source.url)
    assert put.download_blob().readall() == b"1" * 100
    other = account_of().blob().create_container("data")  # type: ignore[operator]
    with refused("CannotVerifyCopySource"):
        other.get_blob_client("x").start_copy_from_url(source.url)
    from .test_authorization import SOON, blob

    key = container.credential.account_key
    signature = blob.generate_blob_sas(
        container.account_name, "data", "a", account_key=key, permission="r", expiry=SOON
    )
    other.get_blob_client("x").start_copy_from_url(f"{source.url}?{signature}")
    assert other.download_blob("x").readall() == b"1" * 100
    with refused("NotImplemented"):
        other.get_blob_client("x").start_copy_from_url("https://example.com/x")
    with refused("NoPendingCopyOperation"):
        copy.abort_copy("1")


def test_blocks_come_from_a_url_and_from_the_blob_that_is_there(container: ContainerClient) -> None:
    source = container.upload_blob("source", b"0123456789")
    client = container.get_blob_client("b")
    client.stage_block_from_url("AAA=", source.url, source_offset=2, source_length=3)
    client.stage_block("BBB=", b"xyz")
    client.commit_block_list([BlobBlock("AAA="), BlobBlock("BBB=")])
    assert client.download_blob().readall() == b"234xyz"
    committed, uncommitted = client.get_block_list("all")
    assert ([(each.id, each.size) for each in committed], uncommitted) == ([("AAA=", 3), ("BBB=", 3)], [])
    client.stage_block("CCC=", b"!")
    client.commit_block_list([BlobBlock("BBB="), BlobBlock("CCC="), BlobBlock("BBB=")])
    assert client.download_blob().readall() == b"xyz!xyz"


def test_many_blobs_are_deleted_in_one_request(container: ContainerClient) -> None:
    for number in range(20):
        container.upload_blob(f"d/{number}", b"")
    container.delete_blobs(*(f"d/{number}" for number in range(19)))
    assert list(container.list_blob_names()) == ["d/19"]
    with pytest.raises(PartialBatchErrorException) as partial:
        container.delete_blobs("d/19", "none")
    assert [part.status_code for part in partial.value.parts] == [202, 404]
    container.upload_blob("t", b"")
    container.set_standard_blob_tier_blobs(StandardBlobTier.COOL, "t")
    assert container.get_blob_client("t").get_blob_properties().blob_tier == "Cool"


def test_batches_take_tokens_too(flat: Account, container: ContainerClient) -> None:
    container.upload_blob("a", b"")
    flat.blob(flat).get_container_client("data").delete_blobs("a")
    assert list(container.list_blob_names()) == []


def test_an_append_blob_grows_and_is_no_block_blob(container: ContainerClient) -> None:
    client = container.get_blob_client("log")
    client.create_append_blob(metadata={"k": "v"})
    for number in range(3):
        client.append_block(f"{number}\n".encode())
    assert client.download_blob().readall() == b"0\n1\n2\n"
    properties = client.get_blob_properties()
    assert (properties.blob_type, properties.metadata) == (BlobType.APPENDBLOB, {"k": "v"})
    with refused("AppendPositionConditionNotMet"):
        client.append_block(b"x", appendpos_condition=1)
    with refused("InvalidBlobType"):
        container.upload_blob("block", b"").append_block(b"x")
    container.upload_blob("log2", b"ab", blob_type=BlobType.APPENDBLOB)
    container.upload_blob("log2", b"cd", blob_type=BlobType.APPENDBLOB)
    assert container.download_blob("log2").readall() == b"abcd"


def test_a_lease_keeps_others_out_of_a_blob(container: ContainerClient) -> None:
    client = container.upload_blob("b", b"1")
    lease = client.acquire_lease(15)
    with refused("LeaseIdMissing"):
        client.upload_blob(b"2", overwrite=True)
    with refused("LeaseIdMismatchWithBlobOperation"):
        client.upload_blob(b"2", overwrite=True, lease="00000000-0000-0000-0000-000000000001")
    with refused("LeaseAlreadyPresent"):
        client.acquire_lease(15)
    client.upload_blob(b"2", overwrite=True, lease=lease)
    lease.renew()
    lease.change("00000000-0000-0000-0000-000000000002")
    assert client.get_blob_properties().lease.state == "leased"
    assert lease.break_lease(0) == 0
    assert client.get_blob_properties().lease.state == "broken"
    client.upload_blob(b"3", overwrite=True)


def test_a_lease_keeps_others_from_deleting_a_container(flat: Account, container: ContainerClient) -> None:
    lease = container.acquire_lease()
    with refused("LeaseIdMissing"):
        container.delete_container()
    container.upload_blob("still", b"writable")
    assert next(iter(flat.blob().list_containers())).lease.state == "leased"
    container.delete_container(lease=lease)


def test_settings_of_the_service_are_kept(flat: Account) -> None:
    from azure.storage.blob import CorsRule

    service = flat.blob()
    assert service.get_service_properties()["cors"] == []
    service.set_service_properties(cors=[CorsRule(["https://a"], ["GET"], max_age_in_seconds=5)])
    assert service.get_service_properties()["cors"][0].allowed_origins == "https://a"
    assert flat.blob().get_account_information()["is_hns_enabled"] is False


def test_names_of_metadata_are_checked_and_containers_made_anew_have_none(flat: Account) -> None:
    container = flat.blob().create_container("again", metadata={"k": "v"})
    container.upload_blob("b", b"", metadata={"k": "v"})
    container.delete_container()
    container = flat.blob().create_container("again")
    assert container.get_container_properties().metadata == {}
    with refused("InvalidMetadata"):
        container.upload_blob("b", b"", metadata={"not-a-name": "v"})


def test_what_was_said_of_a_container_ends_with_it_whoever_deletes_it(flat: Account) -> None:
    container = flat.blob().create_container("again", metadata={"k": "v"})
    container.acquire_lease()
    path = f"{flat.id}/blobServices/default/containers/again"
    assert flat.stand_in.arm("DELETE", path).status_code in (200, 204)
    flat.stand_in.made(path, {})
    properties = container.get_container_properties()
    assert (properties.metadata, properties.lease.state) == ({}, "available")


def test_two_writers_of_blocks_leave_one_whole_blob(container: ContainerClient) -> None:
    first, second = os.urandom(3 << 20), os.urandom(3 << 20)
    client = container.get_blob_client("b")
    client.upload_blob(first, max_concurrency=2)
    with pytest.raises(ResourceExistsError):
        client.upload_blob(second)
    client.upload_blob(second, overwrite=True, max_concurrency=2)
    assert client.download_blob(max_concurrency=2).readall() == second


def test_snapshots_are_refused_by_name(container: ContainerClient) -> None:
    with refused("NotImplemented"):
        container.upload_blob("b", b"").create_snapshot()


@pytest.mark.parametrize("name", ["/".join(["d" * 100] * 50), "d" * 1025, "d/" * 600 + "f"])
@pytest.mark.parametrize("service", ["blob", "dfs", "file"])
def test_a_name_that_is_too_long_is_refused(flat: Account, service: str, name: str) -> None:
    headers = {"x-ms-file-request-intent": "backup"}
    made = {"blob": "restype=container", "dfs": "resource=filesystem", "file": "restype=share"}[service]
    flat.raw(service, "PUT", f"/data?{made}", headers=headers)
    answer = flat.raw(service, "HEAD", f"/data/{name}", headers=headers)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidResourceName")


@pytest.mark.parametrize("prefix", ["../", "a%00/", "d" * 300 + "/x", "/etc/"])
def test_a_prefix_that_no_name_can_have_lists_nothing(flat: Account, container: ContainerClient, prefix: str) -> None:
    container.upload_blob("a", b"1")
    answer = flat.raw("blob", "GET", f"/data?restype=container&comp=list&prefix={prefix}")
    assert (answer.status_code, "<Blob>" in answer.text) == (200, False)


def test_a_list_goes_round_in_no_circle_and_leaves_out_what_is_no_text(
    flat: Account, container: ContainerClient
) -> None:
    container.upload_blob("real/a", b"1")
    folder = flat.folder / "data/real"
    (folder / "up").symlink_to("..")
    (folder / "again").symlink_to("..")
    (folder / os.fsdecode(b"\xff")).touch()
    assert [each.name for each in container.list_blobs()] == ["real/a"]


def test_a_block_that_is_refused_leaves_nothing_behind(flat: Account, container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"1")
    blob.acquire_lease()
    with refused("LeaseIdMissing"):
        blob.stage_block("1", b"2" * (3 << 20))
    assert not [path for path in (flat.stand_in.home.folder / "uploads").glob("*") if path.is_file()]


@pytest.mark.parametrize("encoding", ["utf-32", "nobody-knows"])
def test_xml_in_an_unknown_encoding_is_refused(flat: Account, container: ContainerClient, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><BlockList/>'
    for path in ("/data/a?comp=blocklist", "/data?restype=container&comp=acl", "/?restype=service&comp=properties"):
        answer = flat.raw("blob", "PUT", path, content=body)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument"), path


def test_a_copy_from_what_is_no_url_is_refused(flat: Account, container: ContainerClient) -> None:
    headers = {"x-ms-copy-source": "http://[::1"}
    answer = flat.raw("blob", "PUT", "/data/a", headers=headers)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidHeaderValue")
