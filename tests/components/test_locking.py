"""Locks: made by uv from an environment file, kept while that does not change. The index is a folder of wheels."""

from __future__ import annotations

import zipfile

import pytest

from amlkit.components import environment, locking
from amlkit.components.environment import Conda, Curated, Image, Requirements
from amlkit.components.locking import State, lock, state_of, target_of
from amlkit.errors import DefinitionError, SetupError


def wheel(folder, name: str, version: str, *needs: str) -> None:
    folder.mkdir(exist_ok=True)
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {each}" for each in needs),
    ]
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.py"), "")
        archive.writestr(zipfile.ZipInfo(f"{info}/METADATA"), "\n".join(lines) + "\n")
        archive.writestr(
            zipfile.ZipInfo(f"{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "")


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "wheels"
    wheel(folder, "tiny", "1.0", "small>=1")
    wheel(folder, "small", "1.0")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def step(tmp_path):
    folder = tmp_path / "step"
    folder.mkdir()
    (folder / "environment.yaml").write_text("dependencies:\n- python=3.11\n- pip:\n  - tiny\n")
    return folder


def versions(file) -> list[str]:
    return [line.split()[0] for line in file.read_text().splitlines() if "==" in line]


def test_a_lock_has_every_package_with_hashes_and_is_read_without_a_problem(index, step):
    made = lock(target_of(step / "environment.yaml"))
    assert (made.state, made.packages, made.changes) == (State.WRITTEN, 2, ("+ small 1.0", "+ tiny 1.0"))
    found, problems = environment.read(Conda("environment.yaml"), step, "x")
    assert problems == ()
    assert [item.name for item in found.lock.requirements] == ["small", "tiny"]
    assert "://" not in (step / "environment.lock").read_text()


def test_an_unchanged_file_keeps_the_bytes_and_asks_nobody(index, step, monkeypatch):
    target = target_of(step / "environment.yaml")
    lock(target)
    before = (step / "environment.lock").stat()
    (step / "environment.yaml").write_text("# a word\ndependencies: [pip, 'python=3.11', {pip: [tiny]}]\n")
    monkeypatch.setattr(locking, "find_uv", lambda: pytest.fail("uv was asked"))
    assert lock(target).state is State.UNCHANGED
    assert (step / "environment.lock").stat() == before


def test_locked_versions_stay_until_an_upgrade_is_asked_for(index, step):
    target = target_of(step / "environment.yaml")
    lock(target)
    wheel(index, "small", "2.0")
    wheel(index, "other", "1.0")
    (step / "environment.yaml").write_text("dependencies:\n- python=3.11\n- pip:\n  - tiny\n  - other\n")
    assert state_of(target) is State.STALE
    assert lock(target).changes == ("+ other 1.0",)
    assert lock(target, upgrade=True).changes == ("~ small 1.0 → 2.0",)
    assert lock(target, upgrade=True).state is State.UNCHANGED


def test_a_lock_that_is_missing_or_made_by_other_means_is_told_apart(index, step):
    target = target_of(step / "environment.yaml")
    assert state_of(target) is State.MISSING
    (step / "environment.lock").write_text("tiny==1.0 --hash=sha256:" + "0" * 64 + "\n")
    assert state_of(target) is State.UNMARKED


def test_requirements_files_with_others_inside_and_bounds_are_followed(index, step):
    wheel(index, "small", "2.0")
    (step / "requirements.txt").write_text("-r more.txt\n-c bounds.txt\n")
    (step / "more.txt").write_text("tiny \\\n  >=1\n")
    (step / "bounds.txt").write_text("small<2\n")
    target = target_of(step / "requirements.txt")
    lock(target)
    assert versions(step / "requirements.lock") == ["small==1.0", "tiny==1.0"]
    (step / "bounds.txt").write_text("small<3\n")
    assert state_of(target) is State.STALE


def test_what_uv_cannot_resolve_is_said_in_its_words_and_nothing_is_written(index, step):
    (step / "environment.yaml").write_text("dependencies:\n- python=3.11\n- pip:\n  - tiny>=9\n")
    with pytest.raises(DefinitionError, match=r"(?s)environment.yaml: uv cannot lock it\n.*tiny>=9") as failed:
        lock(target_of(step / "environment.yaml"))
    assert "amlkit-lock-" not in str(failed.value)
    assert [file.name for file in step.iterdir()] == ["environment.yaml"]


def test_without_uv_the_next_move_is_named(index, step, monkeypatch):
    monkeypatch.setattr(locking.shutil, "which", lambda *_, **__: None)
    with pytest.raises(SetupError, match="uv is not installed"):
        lock(target_of(step / "environment.yaml"))


def test_an_environment_without_packages_has_a_lock_that_says_so(index, step):
    (step / "environment.yaml").write_text("dependencies:\n- python=3.11\n")
    assert lock(target_of(step / "environment.yaml")).packages == 0
    assert "Nothing to lock" in (step / "environment.lock").read_text()
    assert environment.read(Conda("environment.yaml"), step, "x")[1] == ()


def test_each_environment_file_is_locked_once_and_images_have_none(tmp_path):
    sources = [Conda("environment.yaml"), Image("a"), Requirements("r.txt"), Curated("c"), Conda("environment.yaml")]
    found = locking.targets((source, tmp_path) for source in sources)
    assert [target.file.name for target in found] == ["environment.yaml", "r.txt"]
