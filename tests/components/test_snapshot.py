"""Which files of a folder are a step's code, and that the digest is the same everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from amlkit.components import snapshot
from amlkit.components.ignore import IGNORE_FILES, Rules
from amlkit.components.snapshot import Limits, over_limits


def fill(folder, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def paths(folder) -> list[str]:
    return [file.path for file in snapshot.take(folder).files]


def test_all_files_in_the_order_of_their_paths(tmp_path):
    fill(tmp_path, "train.py", "a/b.py", "a.py", "Z.txt", ".hidden")
    assert paths(tmp_path) == [".hidden", "Z.txt", "a.py", "a/b.py", "train.py"]


def test_secrets_caches_and_environments_are_never_taken_whatever_the_ignore_file_says(tmp_path):
    never = [".git/config", ".env", "prod.env", ".env.local", "key.pem", "id_rsa", "id_ed25519.pub", "a/.git"]
    never += ["__pycache__/train.pyc", "old.pyc", "a/.venv/bin/python", ".azureml/config.json", ".netrc"]
    never += [".aws/credentials", ".ssh/config", ".azure/token", ".kube/config", ".npmrc", ".htpasswd", "a/kubeconfig"]
    fill(tmp_path, "train.py", "env/pyvenv.cfg", "env/lib/x.py", *never)
    (tmp_path / ".amlignore").write_text("!*\n!.env\n!.git/\n!__pycache__/\n")
    assert paths(tmp_path) == ["train.py"]


def test_amlignore_replaces_gitignore(tmp_path):
    fill(tmp_path, "train.py", "a.csv", "b.log")
    (tmp_path / ".gitignore").write_text("*.csv\n")
    assert paths(tmp_path) == ["b.log", "train.py"]
    (tmp_path / ".amlignore").write_text("*.log\n")
    assert paths(tmp_path) == ["a.csv", "train.py"]
    (tmp_path / ".amlignore").write_text("")
    assert paths(tmp_path) == ["a.csv", "b.log", "train.py"]


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("data/\n!data/keep.csv\n", ["data/keep.csv", "sub/data/x.csv", "train.py"]),
        ("/data\n", ["sub/data/x.csv", "train.py"]),
        ("**/*.csv\n", ["train.py"]),
        ("*\n!train.py\n", ["train.py"]),
        ("\ufeff# a comment\r\n*.csv   \r\n", ["train.py"]),
    ],
)
def test_patterns_are_those_of_git_and_the_last_match_wins(tmp_path, lines, left):
    fill(tmp_path, "train.py", "data/keep.csv", "data/other.csv", "sub/data/x.csv")
    (tmp_path / ".amlignore").write_text(lines, newline="")
    expected = [path for path in left if path != "sub/data/x.csv" or lines.startswith("/")]
    assert paths(tmp_path) == expected


def test_an_ignore_file_further_down_has_no_say(tmp_path):
    fill(tmp_path, "a/x.csv", "a/train.py")
    (tmp_path / "a" / ".gitignore").write_text("*.csv\n")
    assert paths(tmp_path) == ["a/train.py", "a/x.csv"]


def test_an_excluded_folder_is_not_walked(tmp_path, monkeypatch):
    fill(tmp_path, "train.py", "node_modules/a/b.js", ".git/objects/x", "data/x.csv")
    (tmp_path / ".gitignore").write_text("node_modules/\n")
    walked = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: walked.append(os.fspath(path)) or scan(path))
    paths(tmp_path)
    assert sorted(walked) == [str(tmp_path), str(tmp_path / "data")]


def test_links_that_lead_outside_or_to_no_file_are_told_about_and_not_taken(tmp_path):
    (tmp_path / "secret").write_text("x")
    step = tmp_path / "step"
    fill(step, "train.py")
    (step / "inside.py").symlink_to("train.py")
    (step / "outside").symlink_to("../secret")
    (step / "broken").symlink_to("nowhere")
    (step / "self").symlink_to(".")
    taken = snapshot.take(step)
    assert [file.path for file in taken.files] == ["inside.py", "train.py"]
    assert [path for path, _ in taken.refused] == ["broken", "outside", "self"]


def test_line_endings_of_text_do_not_count_and_those_of_other_files_do(tmp_path):
    for name, content in (("unix", b"a\nb\n"), ("dos", b"a\r\nb\r\n")):
        fill(tmp_path / name, "x")
        (tmp_path / name / "train.PY").write_bytes(content)
    unix, dos = snapshot.take(tmp_path / "unix"), snapshot.take(tmp_path / "dos")
    assert unix.digest == dos.digest
    assert [file.size for file in dos.files] == [4, 1]
    assert dos.files[0].read() == b"a\nb\n"
    for name, content in (("unix", b"a\n"), ("dos", b"a\r\n")):
        (tmp_path / name / "model.bin").write_bytes(content)
    assert snapshot.take(tmp_path / "unix").digest != snapshot.take(tmp_path / "dos").digest


def test_modes_times_and_place_do_not_count(tmp_path):
    for name in ("one", "two"):
        fill(tmp_path / name, "train.py", "a/b.py")
    (tmp_path / "two" / "train.py").chmod(0o755)
    os.utime(tmp_path / "two" / "train.py", (0, 0))
    assert snapshot.take(tmp_path / "one").digest == snapshot.take(tmp_path / "two").digest


def test_a_renamed_file_and_a_changed_byte_count(tmp_path):
    fill(tmp_path, "train.py")
    first = snapshot.take(tmp_path).digest
    (tmp_path / "train.py").rename(tmp_path / "fit.py")
    second = snapshot.take(tmp_path).digest
    (tmp_path / "fit.py").write_text("x")
    assert len({first, second, snapshot.take(tmp_path).digest}) == 3


def test_a_pipe_is_not_waited_for(tmp_path):
    fill(tmp_path, "train.py")
    os.mkfifo(tmp_path / "pipe")
    start = time.monotonic()
    assert paths(tmp_path) == ["train.py"]
    assert time.monotonic() - start < 5


def test_a_name_that_is_not_text_is_told_about(tmp_path):
    fill(tmp_path, "train.py")
    (tmp_path / os.fsdecode(b"\xff.py")).touch()
    assert [path for path, _ in snapshot.take(tmp_path).refused] == ["\udcff.py"]


PATTERN = st.sampled_from(
    ["a", "b/", "/a", "*.csv", "!b", "!a/x.csv", "a/*", "**/x.csv", "b/**", "!*.csv", "/a/b/", "c?"]
)
IGNORED = st.lists(PATTERN, min_size=1, max_size=4).map("\n".join)
NAME = st.sampled_from(["a", "b", "c1", "x.csv", "y.py"])
TREE = st.lists(st.lists(NAME, min_size=1, max_size=4).map("/".join), min_size=1, max_size=10)
SHARED = st.lists(st.lists(NAME, min_size=1, max_size=3).map("/".join), min_size=1, max_size=5)
PLACES = st.sampled_from(
    ["code/.amlignore", "code/.gitignore", "code/a/.gitignore", "shared/.gitignore", "shared/b/.amlignore"]
)


def grown(folder: Path, files: list[str], ignores: dict[str, str]) -> None:
    """What of a random list of paths can be at the same time, and ignore files."""
    for name in files:
        path = folder / name
        if not path.exists() and not any(parent.is_file() for parent in path.parents):
            fill(folder, name)
    for name, text in ignores.items():
        path = folder / name
        if not any(parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def azure_paths(code: Path, includes: list[str]) -> set[str]:
    """What azure-ai-ml would upload of a component, without the ignore files."""
    from azure.ai.ml._utils._asset_utils import get_upload_files_from_folder
    from azure.ai.ml.entities._component._additional_includes import AdditionalIncludes
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    merged = AdditionalIncludes(origin_code_value=".", base_path=code, configs=includes)
    with merged.merge_local_code_and_additional_includes() as folder:
        found = get_upload_files_from_folder(folder, ignore_file=ComponentIgnoreFile(folder))
    return {path for _, path in found if path.rpartition("/")[2] not in IGNORE_FILES}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREE, SHARED, st.dictionaries(PLACES, IGNORED, max_size=3), st.booleans())
def test_random_folders_hold_what_azure_mls_own_client_would_upload(
    tmp_path_factory, files, shared, ignores, includes_more
):
    root = tmp_path_factory.mktemp("random")
    grown(root, [*(f"code/{name}" for name in files), *(f"shared/{name}" for name in shared)], ignores)
    assume((root / "shared").is_dir())
    assume(not any(Rules.parse(text.encode()).drops(".") for text in ignores.values()))  # ours take no folder for `.`
    includes = ["../shared"] if includes_more else []
    taken = snapshot.take(root / "code", includes=includes)
    assert {file.path for file in taken.files} == azure_paths(root / "code", includes)


def test_included_folders_and_files_come_under_their_own_names(tmp_path):
    fill(tmp_path, "steps/train/train.py", "shared/utils.py", "shared/deep/more.py", "version.txt")
    taken = snapshot.take(tmp_path / "steps" / "train", includes=["../../shared", "../../version.txt"])
    assert [file.path for file in taken.files] == ["shared/deep/more.py", "shared/utils.py", "train.py", "version.txt"]
    assert taken.refused == ()
    assert taken.files[0].read() == b"shared/deep/more.py"


def test_what_is_included_counts_in_the_digest(tmp_path):
    fill(tmp_path, "train/train.py", "shared/utils.py")
    first = snapshot.take(tmp_path / "train", includes=["../shared"]).digest
    (tmp_path / "shared" / "utils.py").write_text("other")
    assert snapshot.take(tmp_path / "train", includes=["../shared"]).digest != first
    assert snapshot.take(tmp_path / "train").digest not in (first, "")


def test_names_that_two_places_give_are_told_about(tmp_path):
    fill(tmp_path, "train/train.py", "train/shared/own.py", "shared/a.py", "one/x/a.py", "two/x/a.py", "two/x/b.py")
    taken = snapshot.take(tmp_path / "train", includes=["../shared"])
    assert taken.refused == (("../shared", "the step's own code has a `shared` already"),)
    taken = snapshot.take(tmp_path / "train", includes=["../one/x", "../two/x", "../nowhere"])
    assert [path for path, _ in taken.refused] == ["../nowhere", "x/a.py"]
    assert "x/b.py" in [file.path for file in taken.files]


def test_secrets_and_links_out_of_an_included_folder_are_not_taken(tmp_path):
    fill(tmp_path, "train/train.py", "shared/.env", "shared/key.pem", "shared/a.py", "outside")
    (tmp_path / "shared" / "link").symlink_to("../outside")
    taken = snapshot.take(tmp_path / "train", includes=["../shared"])
    assert [file.path for file in taken.files] == ["shared/a.py", "train.py"]
    assert taken.refused == (("shared/link", "the link leads out of the folder"),)


def test_too_much_code_is_told_about_with_what_takes_the_most_room(tmp_path):
    fill(tmp_path, "train.py", "data/a.csv", "data/b.csv", "data/c.csv")
    (tmp_path / "big.bin").write_bytes(b"0" * 3 * 2**20)
    taken = snapshot.take(tmp_path)
    size, files = over_limits(taken, "train.code", Limits(files=3, size=2**20), {})
    assert (size.what, files.what) == ("the code has 3 MB, the limit is 1 MB", "the code has 5 files, the limit is 3")
    assert "big.bin (3 MB)" in size.hint
    assert "data/ (3 files)" in files.hint
    assert list(over_limits(taken, "x", Limits(1, 1), {"AML_SNAPSHOT_NO_FILE_LIMIT": "True"})) == []
    assert list(over_limits(taken, "x", variables={})) == []


def test_what_is_left_out_is_told_with_the_rule(tmp_path):
    fill(tmp_path, "train.py", "step.py", "data/a.csv", "x.log", ".env", "__pycache__/a.pyc")
    (tmp_path / ".amlignore").write_text("# not these\ndata/\n*.log\n")
    told = {}
    snapshot.take(tmp_path, frozenset(("step.py",)), tell=told.__setitem__)
    assert told["data/"] == "`data/`, line 2 of `.amlignore`"
    assert told["x.log"] == "`*.log`, line 3 of `.amlignore`"
    assert told[".env"] == "may hold a secret"
    assert told["step.py"] == "defines the step"
    assert sorted(told) == [".amlignore", ".env", "__pycache__/", "data/", "step.py", "x.log"]


@pytest.fixture
def many(tmp_path):
    """A checkout that remembers, with enough files for that, written long ago."""
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    (tmp_path / ".amlkit").mkdir()
    code = tmp_path / "code"
    fill(code, *(f"part{number % 7}/file{number}.py" for number in range(250)))
    return code


def settle(monkeypatch) -> None:
    """Let the clock of the digests be an hour later, so that files written now count as left alone."""
    later = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr("amlkit.components.hashes.time.time_ns", lambda: later)


def reads(monkeypatch) -> list[str]:
    from amlkit.components import hashes

    opened: list[str] = []
    content = hashes._content
    monkeypatch.setattr(
        hashes, "_content", lambda source, size: opened.append(Path(source).name) or content(source, size)
    )
    return opened


def test_untouched_files_are_not_read_again(many, monkeypatch):
    settle(monkeypatch)
    first = snapshot.take(many)
    opened = reads(monkeypatch)
    second = snapshot.take(many)
    assert (second.digest, second.files, opened) == (first.digest, first.files, [])
    (many / "part0" / "file0.py").write_text("changed")
    assert snapshot.take(many).digest != first.digest
    assert opened == ["file0.py"]


def test_a_change_that_keeps_size_and_time_is_seen(many, monkeypatch):
    settle(monkeypatch)
    file = many / "part1" / "file1.py"
    first, stat = snapshot.take(many), file.stat()
    file.write_text(file.read_text()[::-1])
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert snapshot.take(many).digest != first.digest


def test_files_that_were_written_just_now_are_read_again(many, monkeypatch):
    snapshot.take(many)
    opened = reads(monkeypatch)
    snapshot.take(many)
    assert len(opened) == 250


def test_a_damaged_memory_is_forgotten(many, monkeypatch):
    settle(monkeypatch)
    first = snapshot.take(many)
    for memory in (many.parent / ".amlkit" / "snapshots").iterdir():
        memory.write_bytes(b"\xff damaged \n\n")
    assert snapshot.take(many).digest == first.digest


def test_removed_and_renamed_files_count_although_the_rest_is_remembered(many, monkeypatch):
    settle(monkeypatch)
    digests = {snapshot.take(many).digest}
    (many / "part0" / "file0.py").rename(many / "part0" / "file0_.py")
    digests.add(snapshot.take(many).digest)
    (many / "part0" / "file0_.py").unlink()
    digests.add(snapshot.take(many).digest)
    assert len(digests) == 3


def test_large_text_has_its_line_endings_normalised_across_the_parts_it_is_read_in(tmp_path):
    lines = b"".join(b"%07d\n" % number for number in range(300_000))
    for name, content in (("unix", lines), ("dos", lines.replace(b"\n", b"\r\n"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_bytes(content)
        (tmp_path / name / "b.csv").write_bytes(b"x" + content + b"\r")
    unix, dos = snapshot.take(tmp_path / "unix"), snapshot.take(tmp_path / "dos")
    assert unix.digest == dos.digest
    assert [file.size for file in dos.files] == [len(file.read()) for file in unix.files]


def test_umask_locale_and_time_zone_do_not_count(tmp_path):
    script = """if True:
        import os, pathlib, sys
        os.umask(int(sys.argv[2], 8))
        from amlkit.components import snapshot
        folder = pathlib.Path(sys.argv[1])
        (folder / "a").mkdir(parents=True)
        for name in sorted(["a/é.py", "Z.py", "a.txt", "ä.csv"], reverse=sys.argv[2] == "77"):
            (folder / name).write_text("1", encoding="utf-8")
        print(snapshot.take(folder).digest)
    """
    found = []
    for mask, locale, zone in (
        ("22", "C.UTF-8", "UTC"),
        ("77", "C", "Asia/Tokyo"),
        ("0", "de_DE.UTF-8", "America/Lima"),
    ):
        variables = {**os.environ, "LC_ALL": locale, "TZ": zone, "PYTHONUTF8": "1"}
        command = [sys.executable, "-c", script, str(tmp_path / mask), mask]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        found.append(done.stdout.strip())
    assert re.fullmatch("[0-9a-f]{64}", found[0])
    assert len(set(found)) == 1


def test_a_link_to_itself_is_reported(tmp_path):
    fill(tmp_path, "a.py")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "there").symlink_to("back")
    (tmp_path / "back").symlink_to("there")
    taken = snapshot.take(tmp_path)
    assert [file.path for file in taken.files] == ["a.py"]
    assert [path for path, _ in taken.refused] == ["back", "loop", "there"]
    assert all(reason.startswith("the link leads to ") for _, reason in taken.refused)
