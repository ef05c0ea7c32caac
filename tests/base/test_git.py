"""Git facts of a folder: what a run says about the code it came from, and what it must never say."""

from __future__ import annotations

import os
import subprocess

import pytest

from amlkit import git
from amlkit.git import Facts, facts, without_credentials

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nowhere",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def run(folder, *command: str) -> str:
    done = subprocess.run(["git", *command], cwd=folder, env=CLEAN, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    (folder / "step").mkdir(parents=True)
    run(folder, "init", "-q", "-b", "main")
    (folder / "step" / "train.py").write_text("x = 1\n")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", "first")
    run(folder, "remote", "add", "origin", "https://me:secret@github.com/team/digits.git")
    return folder


def test_repository_branch_and_commit_are_told_without_credentials(repository):
    commit = run(repository, "rev-parse", "HEAD")
    found = facts(repository, CLEAN)
    assert found == Facts("https://github.com/team/digits.git", "main", commit, dirty=False)
    assert found.properties() == {
        "azureml.git.repository_uri": "https://github.com/team/digits.git",
        "azureml.git.branch": "main",
        "azureml.git.commit": commit,
        "azureml.git.dirty": "False",
        "mlflow.source.git.repoURL": "https://github.com/team/digits.git",
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": commit,
    }


def test_a_changed_and_a_new_file_make_a_folder_dirty_and_one_beside_it_does_not(repository):
    (repository / "other.txt").write_text("new")
    assert facts(repository, CLEAN).dirty is True
    assert facts(repository / "step", CLEAN).dirty is False
    (repository / "step" / "train.py").write_text("x = 2\n")
    assert facts(repository / "step", CLEAN).dirty is True


def test_the_branch_is_empty_on_a_detached_commit(repository):
    run(repository, "checkout", "-q", "--detach")
    assert facts(repository, CLEAN).branch == ""
    run(repository, "checkout", "-q", "-b", "feature/one-two")
    assert facts(repository, CLEAN).branch == "feature/one-two"


def test_a_repository_without_commit_or_remote(tmp_path):
    run(tmp_path, "init", "-q", "-b", "main")
    assert facts(tmp_path, CLEAN) == Facts("", "main", "", dirty=False)


def test_outside_of_a_repository_and_without_git_there_are_none(tmp_path, repository):
    outside = {**CLEAN, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    assert facts(tmp_path, outside) == Facts()
    assert facts(tmp_path / "nowhere", CLEAN) == Facts()
    assert Facts().properties() == {}


def test_without_git_on_the_path_there_are_none(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    assert facts(repository, {**CLEAN, "PATH": str(repository)}) == Facts()


def test_git_is_asked_twice_at_most(repository, monkeypatch):
    started = []
    start = subprocess.Popen
    monkeypatch.setattr(git.subprocess, "Popen", lambda *args, **named: started.append(args) or start(*args, **named))
    facts(repository, CLEAN)
    assert len(started) == 2


def test_azure_mls_variables_are_heard_first(repository):
    said = {
        "AZUREML_GIT_REPOSITORY_URI": "https://token@dev.azure.com/org/p/_git/r",
        "AZUREML_GIT_BRANCH": "release",
        "AZUREML_GIT_COMMIT": "c0ffee",
        "AZUREML_GIT_DIRTY": "true",
        "AZUREML_GIT_BUILD_ID": "7",
        "AZUREML_GIT_BUILD_URI": "https://ci/7",
    }
    expected = Facts("https://dev.azure.com/org/p/_git/r", "release", "c0ffee", True, "7", "https://ci/7")
    assert facts(repository, CLEAN | said) == expected


def test_a_build_of_github_actions_names_its_run_and_the_branch_of_its_detached_checkout(repository):
    run(repository, "checkout", "-q", "--detach")
    said = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "team/digits",
        "GITHUB_HEAD_REF": "feature",
        "GITHUB_REF_NAME": "5/merge",
    }
    found = facts(repository, CLEAN | said)
    assert (found.build_id, found.build_uri) == ("42", "https://github.com/team/digits/actions/runs/42")
    assert found.branch == "feature"


def test_a_build_of_azure_pipelines_names_its_results(repository):
    run(repository, "checkout", "-q", "--detach")
    said = {
        "TF_BUILD": "True",
        "BUILD_BUILDID": "9",
        "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/org/",
        "SYSTEM_TEAMPROJECT": "my project",
        "BUILD_SOURCEBRANCH": "refs/heads/a/b",
    }
    found = facts(repository, CLEAN | said)
    assert found.build_uri == "https://dev.azure.com/org/my%20project/_build/results?buildId=9"
    assert found.branch == "a/b"


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://user:word@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://token@dev.azure.com/o/p/_git/r", "https://dev.azure.com/o/p/_git/r"),
        ("https://dev.azure.com/token@dev.azure.com/o/p", "https://dev.azure.com/o/p"),
        ("https://host:8443/r?access_token=x#y", "https://host:8443/r"),
        ("ssh://git:word@host:22/r", "ssh://git@host:22/r"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/r.git", "/srv/r.git"),
        ("", ""),
    ],
)
def test_credentials_in_addresses_are_removed(address, clean):
    assert without_credentials(address) == clean
