"""Hashes of assets and archives. Those in hex were taken from the Pulumi CLI."""

import hashlib
import io
import os
import tarfile
import tracemalloc
import zipfile

import pytest

from amlkit.engine.embedded import tarstream
from amlkit.engine.embedded.archives import hash_assets
from amlkit.errors import EngineError
from amlkit.propertyvalues import ARCHIVE, ASSET, SIGNATURE

EMPTY = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def text(content):
    return {SIGNATURE: ASSET, "text": content}


def archive(**source):
    return {SIGNATURE: ARCHIVE, **source}


def digest(value, folder):
    return hash_assets(value, folder)["hash"]


def digest_of(folder, **files):
    return digest(archive(assets={name: text(content) for name, content in files.items()}), folder)


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("folder/", "")
        for name, content in files.items():
            file.writestr(name, content)


def tarred(path, *members):
    with tarfile.open(path, "w") as file:
        for info, content in members:
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


def test_an_asset_has_the_hash_of_its_bytes(tmp_path):
    (tmp_path / "f").write_text("text")
    wanted = hashlib.sha256(b"text").hexdigest()

    for asset in (text("text"), {SIGNATURE: ASSET, "path": "f"}, {SIGNATURE: ASSET, "uri": f"file://{tmp_path}/f"}):
        assert hash_assets({"deep": [asset]}, tmp_path) == {"deep": [{**asset, "hash": wanted}]}


def test_an_archive_has_the_hash_of_a_tar_without_owners_and_times(tmp_path):
    nested = archive(assets={"text": text("2"), "none": archive(assets={})})

    assert digest(archive(assets={}), tmp_path) == EMPTY
    hashed = hash_assets(archive(assets={"more": nested}), tmp_path)
    assert hashed["assets"]["more"]["hash"] == "74e4059320d076317f46bab4a5a01b7b1c298aaf5612675f6ab8dd72b1e545a8"
    assert hashed["assets"]["more"]["assets"]["none"]["hash"] == EMPTY


def test_a_folder_is_its_files_without_links_to_folders_and_bookkeeping(tmp_path):
    for name in ("site/b/x", "site/b-c", "site/b/.pulumi/state", "site/.pulumi"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "site/link").symlink_to("b-c")
    (tmp_path / "site/folder").symlink_to("b")

    # The files of `b` stand where its name does, though `b-c` is less than `b/x`.
    same = archive(
        assets={"b": archive(assets={"x": text("site/b/x")}), "b-c": text("site/b-c"), "link": text("site/b-c")}
    )
    assert digest(archive(path="site/"), tmp_path) == digest(same, tmp_path)
    (tmp_path / "elsewhere").symlink_to("site")
    assert digest(archive(path="elsewhere"), tmp_path) == EMPTY


def test_an_archive_in_a_file_counts_as_it_is_alone_and_by_its_members_inside_another(tmp_path):
    zipped(tmp_path / "a.zip", a="1", **{"./b//c": "2"})
    tarred(tmp_path / "a.tar", (tarfile.TarInfo("a"), b"1"), (tarfile.TarInfo("./b/c"), b"2"))
    wanted = digest_of(tmp_path, **{"in/a": "1", "in/b/c": "2"})

    for name in ("a.zip", "a.tar"):
        assert digest(archive(path=name), tmp_path) == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert digest(archive(assets={"in": archive(path=name)}), tmp_path) == wanted


def test_of_members_with_one_name_the_first_counts(tmp_path):
    zipped(tmp_path / "a.zip", b="twice")

    both = archive(assets={"a": archive(path="a.zip"), "a/b": text("once")})
    assert digest(both, tmp_path) == digest_of(tmp_path, **{"a/b": "twice"})


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [
        ("a" * 100, 1, 512),
        ("a" * 101, 1, 3 * 512),
        ("a" * 60 + "/" + "b" * 60, 1, 512),
        ("zoë", 1, 3 * 512),
        ("large", 1 << 33, 3 * 512),
    ],
)
def test_names_and_sizes_that_do_not_fit_get_a_record_and_are_read_by_others(name, size, wanted):
    header = tarstream.header(name.encode(), size)

    assert len(header) == wanted
    with tarfile.open(fileobj=io.BytesIO(header + bytes(1024)), mode="r:") as tar:
        assert (tar.firstmember.name, tar.firstmember.size, tar.firstmember.mode) == (name, size, 0o600)


def test_a_large_file_is_not_held_in_memory(tmp_path):
    (tmp_path / "big").mkdir()
    with (tmp_path / "big/file").open("wb") as file:
        file.truncate(64 << 20)

    tracemalloc.start()
    digest(archive(path="big"), tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({SIGNATURE: ASSET, "path": "f"}, "asset `f` cannot be read: No such file"),
        ({SIGNATURE: ASSET, "path": "."}, "is a folder, not a file"),
        (archive(path="nowhere"), "archive `nowhere` cannot be read: No such file"),
        (archive(path="n.zip"), "archive `n.zip` cannot be read: No such file"),
        (archive(assets={"a": archive(path="bad.zip")}), "archive `bad.zip` cannot be read: File is not a zip file"),
        (archive(assets={"a": archive(path="bad.tgz")}), "archive `bad.tgz` cannot be read: "),
        (archive(assets={"a": archive(path="link.tar")}), "neither a file nor a folder: `l`"),
        (archive(assets={"a": archive(path="cut.tar")}), "cannot be read: unexpected end of data"),
        (archive(path="bad"), "`.*bad` is neither a folder nor an archive"),
        (archive(path="broken"), "archive `broken` cannot be read at `.*broken/link`: No such file"),
        (archive(assets={"a": "text"}), "archive member `a` is neither an asset nor an archive"),
        (archive(assets={"a/": text("1")}), "not a name for a file in an archive: `a/`"),
        (archive(uri="https://example.com/a.zip"), "`https://example.com/a.zip`: assets and archives by address"),
        (archive(uri="file:///a/b"), "`file:///a/b` is not an archive"),
        (archive(uri="file://host/a.zip"), "not the address of a file: `file://host/a.zip`"),
        ({SIGNATURE: ASSET, "uri": "file:a"}, "not the address of a file: `file:a`"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, value, named):
    for name in ("bad", "bad.zip", "bad.tgz"):
        (tmp_path / name).write_text("bad")
    link, file = tarfile.TarInfo("l"), tarfile.TarInfo("f")
    link.type, link.linkname = tarfile.SYMTYPE, "f"
    tarred(tmp_path / "link.tar", (link, b""))
    tarred(tmp_path / "cut.tar", (file, bytes(5000)))
    os.truncate(tmp_path / "cut.tar", 2000)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/link").symlink_to("gone")

    with pytest.raises(EngineError, match=named):
        hash_assets({"a": value}, tmp_path)
