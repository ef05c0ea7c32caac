"""Data Lake, through the unmodified azure-storage-file-datalake client: paths, directories, renames, access lists."""

import os
from base64 import b64encode

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.storage.filedatalake import (
    ContentSettings,
    DataLakeDirectoryClient,
    DataLakeLeaseClient,
    FileSystemClient,
)

from .clients import Account, refused


def test_a_file_is_made_appended_flushed_and_read(lake_account: Account, lake: FileSystemClient) -> None:
    file = lake.create_file("a/b.txt", content_settings=ContentSettings(content_type="text/plain"), metadata={"k": "v"})
    file.append_data(b"hello ", 0)
    file.append_data(b"world", 6)
    assert file.download_file().readall() == b""
    file.flush_data(11)
    assert file.download_file().readall() == b"hello world"
    assert file.download_file(offset=6, length=3).readall() == b"wor"
    properties = file.get_file_properties()
    assert (properties.size, properties.metadata) == (11, {"k": "v"})
    assert properties.content_settings.content_type == "text/plain"
    assert (lake_account.folder / "data/a/b.txt").read_bytes() == b"hello world"


def test_pieces_come_in_any_order_and_must_be_whole(lake: FileSystemClient) -> None:
    file = lake.create_file("f")
    file.append_data(b"cd", 2)
    with refused("InvalidFlushPosition"):
        file.flush_data(4)
    file.append_data(b"ab", 0)
    file.flush_data(4)
    file.append_data(b"ef", 4, flush=True)
    assert file.download_file().readall() == b"abcdef"
    with refused("InvalidFlushPosition"):
        file.append_data(b"x", 2)


def test_large_data_goes_up_in_parallel_pieces(lake: FileSystemClient) -> None:
    data = os.urandom(3 << 20)
    file = lake.get_file_client("deep/er/large")
    file.upload_data(data, overwrite=True, chunk_size=1 << 18, max_concurrency=4)
    assert file.download_file(max_concurrency=4).readall() == data
    file.upload_data(b"short", overwrite=True)
    assert file.download_file().readall() == b"short"


def test_both_services_see_the_same_files(lake_account: Account, lake: FileSystemClient) -> None:
    container = lake_account.blob().get_container_client("data")
    lake.get_file_client("d/from-lake").upload_data(b"1", overwrite=True, metadata={"a": "b"})
    container.upload_blob("d/from-blob", b"2", metadata={"c": "d"})
    assert container.get_blob_client("d/from-lake").get_blob_properties().metadata == {"a": "b"}
    assert container.download_blob("d/from-lake").readall() == b"1"
    assert lake.get_file_client("d/from-blob").download_file().readall() == b"2"
    assert lake.get_file_client("d/from-blob").get_file_properties().metadata == {"c": "d"}


def test_directories_are_markers_to_clients_of_blobs(lake_account: Account, lake: FileSystemClient) -> None:
    container = lake_account.blob().get_container_client("data")
    lake.create_directory("d/empty", metadata={"k": "v"})
    properties = container.get_blob_client("d/empty").get_blob_properties()
    assert (properties.size, properties.metadata) == (0, {"k": "v", "hdi_isfolder": "true"})
    assert [blob.name for blob in container.list_blobs()] == ["d", "d/empty"]
    assert all(blob.metadata["hdi_isfolder"] == "true" for blob in container.list_blobs(include=["metadata"]))
    assert [each.name for each in container.walk_blobs()] == ["d/"]
    assert [each.name for each in container.walk_blobs("d/")] == ["d/empty/"]
    with refused("DirectoryIsNotEmpty"):
        container.delete_blob("d")
    container.delete_blob("d/empty")
    assert lake.get_directory_client("d").exists()
    container.upload_blob("marked", b"", metadata={"hdi_isfolder": "true"})
    assert lake.get_directory_client("marked").get_directory_properties().metadata == {"hdi_isfolder": "true"}
    assert (lake_account.folder / "data/marked").is_dir()


def test_paths_are_listed_deep_or_flat_and_in_pages(lake: FileSystemClient) -> None:
    for name in ("a/1", "a/b/2", "c", "a/b/ü & x"):
        lake.get_file_client(name).upload_data(b"12", overwrite=True)
    found = {each.name: each for each in lake.get_paths()}
    assert sorted(found) == ["a", "a/1", "a/b", "a/b/2", "a/b/ü & x", "c"]
    assert found["a/b"].is_directory
    assert (found["c"].is_directory, found["c"].content_length) == (False, 2)
    assert [each.name for each in lake.get_paths(recursive=False)] == ["a", "c"]
    assert [each.name for each in lake.get_paths("a", recursive=False)] == ["a/1", "a/b"]
    pages = [[each.name for each in page] for page in lake.get_paths(max_results=2).by_page()]
    assert pages == [["a", "a/1"], ["a/b", "a/b/2"], ["a/b/ü & x", "c"]]
    with pytest.raises(ResourceNotFoundError):
        list(lake.get_paths("nowhere"))


def test_a_directory_is_renamed_with_all_below_and_their_metadata(lake: FileSystemClient) -> None:
    lake.get_file_client("old/deep/f").upload_data(b"1", overwrite=True, metadata={"k": "v"})
    lake.get_directory_client("old").rename_directory("data/new name")
    assert [each.name for each in lake.get_paths()] == ["new name", "new name/deep", "new name/deep/f"]
    assert lake.get_file_client("new name/deep/f").get_file_properties().metadata == {"k": "v"}
    with refused("SourcePathNotFound"):
        lake.get_directory_client("old").rename_directory("data/other")
    with refused("InvalidRenameSourcePath"):
        lake.get_directory_client("new name").rename_directory("data/new name/deep/inside")


def test_a_file_is_renamed_over_another_only_if_that_is_allowed(lake: FileSystemClient) -> None:
    lake.get_file_client("a").upload_data(b"1", overwrite=True)
    lake.get_file_client("b").upload_data(b"2", overwrite=True)
    with refused("PathAlreadyExists"):
        lake.get_file_client("a").rename_file("data/b", match_condition=MatchConditions.IfMissing)
    moved = lake.get_file_client("a").rename_file("data/b")
    assert moved.download_file().readall() == b"1"
    assert [each.name for each in lake.get_paths()] == ["b"]
    with refused("RenameDestinationParentPathNotFound"):
        moved.rename_file("data/no/where")


def test_directories_are_deleted_with_what_is_in_them(lake_account: Account, lake: FileSystemClient) -> None:
    directory = lake.create_directory("d")
    directory.create_file("f")
    answer = lake_account.raw("dfs", "DELETE", "/data/d?recursive=false")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "DirectoryNotEmpty")
    directory.delete_directory()
    assert not directory.exists()
    with refused("PathNotFound"):
        lake.get_file_client("d/f").delete_file()


def test_making_what_is_there_is_refused_when_asked(lake: FileSystemClient) -> None:
    lake.create_file("f")
    with refused("PathAlreadyExists"):
        lake.create_file("f", match_condition=MatchConditions.IfMissing)
    with refused("PathConflict"):
        lake.create_file("f/below")
    lake.create_directory("d", metadata={"a": "b"})
    with refused("PathConflict"):
        lake.create_file("d")


def test_conditions_are_honoured(lake: FileSystemClient) -> None:
    file = lake.create_file("f")
    etag = file.get_file_properties().etag
    file.set_metadata({"a": "b"}, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        file.set_metadata({"a": "c"}, etag=etag, match_condition=MatchConditions.IfNotModified)
    file.set_http_headers(ContentSettings(content_type="text/x"))
    properties = file.get_file_properties()
    assert (properties.metadata, properties.content_settings.content_type) == ({"a": "b"}, "text/x")


def test_access_lists_are_kept_as_they_were_set(lake: FileSystemClient) -> None:
    directory = lake.create_directory("d")
    before = directory.get_access_control()
    assert (before["owner"], before["permissions"]) == ("$superuser", "rwxr-x---")
    directory.set_access_control(owner="me", permissions="rwxrw-r-t")
    after = directory.get_access_control()
    assert (after["owner"], after["permissions"]) == ("me", "rwxrw-r-t")
    directory.set_access_control(acl="user::rwx,user:7d1b:r-x,group::r--,other::---,default:user:7d1b:rwx")
    found = directory.get_access_control()
    assert (
        found["acl"]
        == "user::rwx,user:7d1b:r-x,group::r--,mask::r-x,other::---,default:user:7d1b:rwx,default:mask::rwx"
    )
    assert found["permissions"].startswith("rwxr-x--")
    assert found["permissions"].endswith("+")
    root = lake._get_root_directory_client().get_access_control()
    assert (root["owner"], root["acl"]) == ("$superuser", "user::rwx,group::r-x,other::---")


def test_access_lists_are_changed_on_everything_below(lake: FileSystemClient) -> None:
    directory = lake.create_directory("d")
    for number in range(5):
        directory.create_file(f"sub/{number}")
    result = directory.set_access_control_recursive("user::rwx,group::r-x,other::r--", batch_size=2)
    assert (result.counters.directories_successful, result.counters.files_successful) == (2, 5)
    assert lake.get_file_client("d/sub/3").get_access_control()["permissions"] == "rwxr-xr--"
    directory.update_access_control_recursive("user:7d1b:rwx")
    assert "user:7d1b:rwx" in lake.get_file_client("d/sub/3").get_access_control()["acl"]
    directory.remove_access_control_recursive("user:7d1b")
    assert "user:7d1b" not in lake.get_file_client("d/sub/3").get_access_control()["acl"]


def test_new_paths_have_the_owner_and_the_permissions_that_were_asked(
    lake_account: Account, lake: FileSystemClient
) -> None:
    file = lake.create_file("f", permissions="0777", umask="0022")
    assert file.get_access_control()["permissions"] == "rwxr-xr-x"
    mine = lake_account.dfs(lake_account).get_file_system_client("data").create_file("mine")
    assert len(mine.get_access_control()["owner"]) == 36
    parent: DataLakeDirectoryClient = lake.create_directory("p")
    parent.set_access_control(
        acl="user::rwx,group::r-x,other::---,default:user::rwx,default:group::rwx,default:other::r--"
    )
    assert parent.create_file("child").get_access_control()["permissions"] == "rwxrwxr--"


def test_data_is_not_put_over_other_data_unless_that_is_asked(lake: FileSystemClient) -> None:
    file = lake.get_file_client("f")
    with refused("PathNotFound"):
        file.upload_data(b"1")
    file.upload_data(b"1", overwrite=True)
    with refused("InvalidFlushPosition"):
        file.upload_data(b"2", overwrite=False)
    assert file.download_file().readall() == b"1"


def test_leases_keep_others_out(lake: FileSystemClient) -> None:
    file = lake.create_file("f")
    lease: DataLakeLeaseClient = file.acquire_lease(15)
    with refused("LeaseIdMissing"):
        file.upload_data(b"x", overwrite=True)
    file.append_data(b"x", 0, lease=lease)
    file.flush_data(1, lease=lease)
    with refused("LeaseIdMissing"):
        file.delete_file()
    lease.release()
    file.delete_file()


def test_file_systems_are_made_described_listed_and_deleted(lake_account: Account) -> None:
    service = lake_account.dfs()
    system = service.create_file_system("one", metadata={"a": "b"})
    with refused("ContainerAlreadyExists"):
        service.create_file_system("one")
    assert system.get_file_system_properties().metadata == {"a": "b"}
    assert [each.name for each in service.list_file_systems()] == ["one"]
    system.delete_file_system()
    assert not system.exists()
    with refused("FilesystemNotFound"):
        system.create_file("f")


def test_the_service_itself_speaks_json(lake_account: Account, lake: FileSystemClient) -> None:
    answer = lake_account.raw("dfs", "GET", "/data/none")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PathNotFound")
    listed = lake_account.raw("dfs", "GET", "/?resource=account").json()
    assert [each["name"] for each in listed["filesystems"]] == ["data"]
    head = lake_account.raw("dfs", "HEAD", "/data?resource=filesystem")
    assert head.headers["x-ms-namespace-enabled"] == "true"
    made = lake_account.raw("dfs", "PUT", "/other?resource=filesystem", headers={"x-ms-properties": "a=Yg=="})
    assert made.status_code == 201
    assert lake_account.raw("dfs", "HEAD", "/other?resource=filesystem").headers["x-ms-properties"] == "a=Yg=="


def test_an_account_without_directories_says_so(flat: Account) -> None:
    system = flat.dfs().create_file_system("data")
    system.get_file_client("a/b").upload_data(b"1", overwrite=True)
    assert flat.blob().get_container_client("data").download_blob("a/b").readall() == b"1"
    with refused("NotImplemented"):
        system.create_directory("d")
    with refused("NotImplemented"):
        system.get_file_client("a/b").rename_file("data/c")


def test_what_a_job_wrote_is_there(lake_account: Account, lake: FileSystemClient) -> None:
    path = lake_account.folder / "data/out/metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert lake.get_file_client("out/metrics.json").download_file().readall() == b"{}"
    assert {each.name for each in lake.get_paths()} == {"out", "out/metrics.json"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (f"k={b64encode(b'1').decode()}", None),
        (f"k={b64encode('日'.encode()).decode()}", "InvalidInput"),
        (
            f"k={b64encode(b'1').decode()},k2={b64encode(bytes([13, 10]) + b'x-ms-lease-state: broken').decode()}",
            "InvalidInput",
        ),
        (f"a<b={b64encode(b'1').decode()}", "InvalidPropertyName"),
    ],
)
def test_metadata_is_what_the_service_of_blobs_can_tell(
    lake_account: Account, lake: FileSystemClient, sent: str, code: str | None
) -> None:
    answer = lake_account.raw("dfs", "PUT", "/data/f?resource=file", headers={"x-ms-properties": sent})
    assert answer.headers.get("x-ms-error-code") == code
    listed = [each.metadata for each in lake_account.blob().get_container_client("data").list_blobs(include="metadata")]
    assert listed == ([] if code else [{"k": "1"}])


@pytest.mark.parametrize("name", ["../up", "a/../../b", "a//b"])
def test_a_path_never_leaves_its_file_system(lake_account: Account, lake: FileSystemClient, name: str) -> None:
    quoted = name.replace("/", "%2F").replace(".", "%2E")
    answer = lake_account.raw("dfs", "PUT", f"/data/{quoted}?resource=file")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidResourceName")
    moved = lake_account.raw("dfs", "PUT", "/data/x", headers={"x-ms-rename-source": f"/data/{quoted}"})
    assert moved.status_code == 400
