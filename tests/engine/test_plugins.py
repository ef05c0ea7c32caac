"""Where plugins are found, and what a plugin that does not start says."""

import subprocess
import sys

import pytest

from amlkit.engine.embedded import plugins
from amlkit.engine.embedded.plugins import Places
from amlkit.errors import SetupError

from .conftest import PLUGIN


def executable(folder, name="pulumi-resource-x", text="#!/bin/sh\n"):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_the_project_comes_before_path_and_path_before_the_home(tmp_path):
    ours, ambient = executable(tmp_path / "project"), executable(tmp_path / "path")
    home = executable(tmp_path / "home/plugins/resource-x-v1.2.3")
    environ = {"PATH": str(tmp_path / "path"), "PULUMI_HOME": str(tmp_path / "home")}

    assert plugins.find("x", "1.2.3", Places(environ, {"x": tmp_path / "project"})) == ours
    assert plugins.find("x", "1.2.3", Places(environ)) == ambient
    assert plugins.find("x", "1.2.3", Places({**environ, "PULUMI_IGNORE_AMBIENT_PLUGINS": "true"})) == home


def test_without_a_version_the_newest_installed_one_is_taken(tmp_path):
    executable(tmp_path / "plugins/resource-x-v1.9.0")
    newest = executable(tmp_path / "plugins/resource-x-v1.10.0")

    assert plugins.find("x", "", Places({"PULUMI_HOME": str(tmp_path), "PATH": ""})) == newest


def test_a_missing_one_says_where_it_was_looked_for(tmp_path):
    executable(tmp_path / "plugins/resource-x-v1.0.0")

    with pytest.raises(SetupError, match=r"`pulumi-resource-x` v2\.0\.0 is not installed") as caught:
        plugins.find("x", "2.0.0", Places({"PULUMI_HOME": str(tmp_path), "PATH": ""}))

    assert "resource-x-v2.0.0" in str(caught.value)


def test_a_folder_of_the_project_without_it_is_named(tmp_path):
    with pytest.raises(SetupError, match="no executable `pulumi-resource-x`"):
        plugins.find("x", "", Places({}, {"x": tmp_path}))


def test_one_that_ends_at_once_shows_what_it_said(tmp_path):
    executable(tmp_path, text="#!/bin/sh\necho no module named grpc >&2\nexit 1\n")
    places = Places({"PATH": "/usr/bin:/bin"}, {"x": tmp_path})

    with pytest.raises(SetupError, match="no module named grpc"):
        plugins.start("x", "", places, "127.0.0.1:1", lambda line: None)


def test_one_runs_in_the_folder_of_the_program(tmp_path):
    executable(tmp_path, text="#!/bin/sh\npwd -P >&2\nexit 1\n")
    folder = tmp_path / "program"
    folder.mkdir()
    places = Places({"PATH": "/usr/bin:/bin"}, {"x": tmp_path}, folder=folder)

    with pytest.raises(SetupError, match=str(folder.resolve())):
        plugins.start("x", "", places, "127.0.0.1:1", lambda line: None)


def test_a_running_one_is_attached_to_by_its_port():
    environ = {"PULUMI_DEBUG_PROVIDERS": "other:1,x:4321"}

    assert plugins.attached_port("x", environ) == 4321
    assert plugins.attached_port("y", environ) is None
    with pytest.raises(SetupError, match="not a port"):
        plugins.attached_port("x", {"PULUMI_DEBUG_PROVIDERS": "x:abc"})


def test_a_plugin_that_was_attached_to_serves_and_outlives_the_update(project):
    process = subprocess.Popen(
        [sys.executable, str(PLUGIN), "127.0.0.1:1"], env=project.environ, stdout=subprocess.PIPE, text=True
    )
    try:
        project.environ["PULUMI_DEBUG_PROVIDERS"] = f"toy:{process.stdout.readline().strip()}"
        project.up('Thing("a")')
        project.up('Thing("a", text="x")')

        assert project.calls() == [("Create", "a"), ("Update", "a")]
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
