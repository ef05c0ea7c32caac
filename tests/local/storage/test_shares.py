"""File shares, through the unmodified azure-storage-file-share client."""

import os
from datetime import UTC, datetime

import pytest
from azure.storage.blob import ContainerClient
from azure.storage.fileshare import ContentSettings, NTFSAttributes, ShareClient

from .clients import Account, refused


def test_a_file_goes_up_and_comes_down(flat: Account, share: ShareClient) -> None:
    file = share.create_directory("a").get_file_client("b.bin")
    data = os.urandom(9 << 20)
    file.upload_file(data, content_settings=ContentSettings(content_type="x/y"), metadata={"k": "v"}, max_concurrency=3)
    assert file.download_file(max_concurrency=3).readall() == data
    assert file.download_file(offset=5_000_000, length=1000).readall() == data[5_000_000:5_001_000]
    properties = file.get_file_properties()
    assert (properties.size, properties.metadata) == (len(data), {"k": "v"})
    assert properties.content_settings.content_type == "x/y"
    assert (flat.shares / "data/a/b.bin").read_bytes() == data
    file.upload_file(b"")
    assert file.download_file().readall() == b""


def test_directories_are_made_one_by_one(share: ShareClient) -> None:
    with refused("ParentNotFound"):
        share.get_directory_client("a/b").create_directory()
    with refused("ParentNotFound"):
        share.get_file_client("a/f").upload_file(b"x")
    top = share.create_directory("a", metadata={"k": "v"})
    with refused("ResourceAlreadyExists"):
        share.create_directory("a")
    below = top.create_subdirectory("b")
    below.upload_file("f", b"x")
    assert top.get_directory_properties().metadata == {"k": "v"}
    with refused("DirectoryNotEmpty"):
        below.delete_directory()
    below.delete_file("f")
    below.delete_directory()
    assert not below.exists()
    with refused("ResourceNotFound"):
        below.delete_directory()


def test_a_directory_is_listed_in_pages(share: ShareClient) -> None:
    share.create_directory("sub")
    for name in ("a", "b & ü", "c"):
        share.get_file_client(name).upload_file(b"12")
    found = {
        each["name"]: each for each in share.list_directories_and_files(include=["timestamps", "Etag", "Attributes"])
    }
    assert sorted(found) == ["a", "b & ü", "c", "sub"]
    assert (found["sub"]["is_directory"], found["a"]["is_directory"], found["a"]["size"]) == (True, False, 2)
    assert found["a"]["last_modified"] is not None
    pages = [[each["name"] for each in page] for page in share.list_directories_and_files(results_per_page=3).by_page()]
    assert pages == [["a", "b & ü", "c"], ["sub"]]
    assert [each["name"] for each in share.list_directories_and_files(name_starts_with="b")] == ["b & ü"]


def test_ranges_are_written_cleared_and_listed(share: ShareClient) -> None:
    file = share.get_file_client("f")
    file.create_file(1 << 20)
    assert list(file.list_ranges()) == []
    file.upload_range(b"x" * 4096, offset=8192, length=4096)
    assert [(each.start, each.end) for each in file.list_ranges()] == [(8192, 12287)]
    assert file.download_file(offset=8190, length=4).readall() == b"\0\0xx"
    file.clear_range(offset=8192, length=4096)
    assert file.download_file(offset=8192, length=4096).readall() == bytes(4096)
    with refused("InvalidRange"):
        file.upload_range(b"y" * 512, offset=1 << 20, length=512)
    file.resize_file(10)
    assert file.get_file_properties().size == 10


def test_metadata_stays_when_a_range_is_written(share: ShareClient) -> None:
    file = share.get_file_client("f")
    file.create_file(4, metadata={"k": "v"})
    file.upload_range(b"abcd", offset=0, length=4)
    assert file.get_file_properties().metadata == {"k": "v"}
    file.set_file_metadata({"other": "1"})
    file.set_http_headers(ContentSettings(content_language="de"))
    properties = file.get_file_properties()
    assert (properties.metadata, properties.content_settings.content_language) == ({"other": "1"}, "de")


def test_attributes_and_times_are_kept(share: ShareClient) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    file = share.get_file_client("f")
    file.create_file(1, file_attributes=NTFSAttributes(read_only=True), file_last_write_time=moment)
    properties = file.get_file_properties()
    assert (properties.file_attributes, properties.last_write_time) == ("ReadOnly", moment)
    key = share.create_permission_for_share("O:BAG:BAD:(A;;FA;;;BA)")
    assert share.get_permission_for_share(key) == "O:BAG:BAD:(A;;FA;;;BA)"
    other = share.get_file_client("g")
    other.create_file(1, permission_key=key)
    assert other.get_file_properties().permission_key == key
    with refused("FileInvalidPermissionKey"):
        other.set_http_headers(ContentSettings(), permission_key="1*1")


def test_files_and_directories_are_renamed(share: ShareClient) -> None:
    directory = share.create_directory("a")
    directory.upload_file("f", b"1", metadata={"k": "v"})
    moved = directory.rename_directory("b")
    file = moved.get_file_client("f")
    assert (file.download_file().readall(), file.get_file_properties().metadata) == (b"1", {"k": "v"})
    share.get_file_client("g").upload_file(b"2")
    with refused("ResourceAlreadyExists"):
        file.rename_file("g")
    assert file.rename_file("g", overwrite=True).download_file().readall() == b"1"


def test_a_file_is_copied_from_a_share_and_from_a_container(
    share: ShareClient, container: ContainerClient, flat: Account
) -> None:
    share.get_file_client("f").upload_file(b"1", metadata={"k": "v"})
    copy = share.get_file_client("g")
    assert copy.start_copy_from_url(share.get_file_client("f").url)["copy_status"] == "success"
    assert (copy.download_file().readall(), copy.get_file_properties().metadata) == (b"1", {"k": "v"})
    assert copy.get_file_properties().copy.status == "success"
    container.upload_blob("b", b"2")
    copy.start_copy_from_url(container.get_blob_client("b").url)
    assert copy.download_file().readall() == b"2"
    with refused("CannotVerifyCopySource"):
        copy.start_copy_from_url(share.get_file_client("none").url)
    other = container.get_blob_client("from-share")
    other.start_copy_from_url(share.get_file_client("f").url)
    assert other.download_blob().readall() == b"1"


def test_leases_keep_others_out(share: ShareClient) -> None:
    file = share.get_file_client("f")
    file.upload_file(b"1")
    lease = file.acquire_lease()
    with refused("LeaseIdMissing"):
        file.delete_file()
    with refused("LeaseIdMissing"):
        file.upload_range(b"2", offset=0, length=1)
    file.upload_range(b"2", offset=0, length=1, lease=lease)
    lease.release()
    file.delete_file()


def test_shares_are_made_described_listed_and_deleted(flat: Account) -> None:
    service = flat.file()
    share = service.create_share("one", quota=7, metadata={"a": "b"})
    with refused("ShareAlreadyExists"):
        service.create_share("one")
    properties = share.get_share_properties()
    assert (properties.quota, properties.metadata) == (7, {"a": "b"})
    share.set_share_quota(9)
    assert [(each.name, each.quota) for each in service.list_shares()] == [("one", 9)]
    share.get_file_client("f").upload_file(b"12345")
    assert share.get_share_stats() == 5
    assert list(share.get_directory_client().list_handles()) == []
    assert service.get_service_properties()["cors"] == []
    share.delete_share()
    with refused("ShareNotFound"):
        share.get_share_properties()
    with refused("ShareNotFound"):
        share.get_file_client("f").upload_file(b"x")


def test_shares_and_containers_of_one_name_are_apart(
    flat: Account, share: ShareClient, container: ContainerClient
) -> None:
    assert share.share_name == container.container_name
    share.get_file_client("f").upload_file(b"share")
    assert list(container.list_blob_names()) == []
    assert list(flat.folder.iterdir()) == [flat.folder / "data"]


def test_what_a_job_wrote_is_there(flat: Account, share: ShareClient) -> None:
    path = flat.shares / "data/out/metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert share.get_file_client("out/metrics.json").download_file().readall() == b"{}"
    assert share.get_directory_client("out").exists()


@pytest.mark.parametrize("name", ["../up", "a/../../b", "a//b"])
def test_a_path_never_leaves_its_share(flat: Account, share: ShareClient, name: str) -> None:
    quoted = name.replace("/", "%2F").replace(".", "%2E")
    headers = {"x-ms-type": "file", "x-ms-content-length": "1", "x-ms-file-request-intent": "backup"}
    answer = flat.raw("file", "PUT", f"/data/{quoted}", headers=headers)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "InvalidResourceName")


def test_snapshots_of_shares_are_refused_by_name(share: ShareClient) -> None:
    with refused("NotImplemented"):
        share.create_snapshot()
