"""Which files of a folder are a step's code, and that the digest is the same everywhere."""

from __future__ import annotations

import os
import time

import pytest

from amlkit.components import snapshot


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
