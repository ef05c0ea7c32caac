"""Bad set-up: one clear line and a hint, exit code 1, no traceback, and nothing lost once it is set right."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amlkit.home import HOST, Home

from .project import Finished, Project

UP = ("up", "--yes", "--skip-preview")
PREVIEW = ("preview",)
INVOKE = ("invoke", "training")
DESTROY = ("destroy", "--yes", "--skip-preview")
TRUNCATED, NO_CHECKPOINT = 0.5, "[]"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    copy.ok("local", "start")
    try:
        copy.ok(*UP)
        yield copy
        copy.ok("preview", "--expect-no-changes")  # after all of it
    finally:
        copy.ok("local", "stop")


@pytest.mark.parametrize("command", [PREVIEW, UP, DESTROY, ("stack", "export")])
@pytest.mark.parametrize("damage", [TRUNCATED, NO_CHECKPOINT])
def test_a_damaged_state_is_named_and_left_as_it_is(project, command, damage):
    (state,) = (Home(project.root).stacks / ".pulumi" / "stacks").rglob("local.json")
    text = state.read_text()
    damaged = damage if isinstance(damage, str) else text[: int(len(text) * damage)]
    with replaced(state, damaged):
        said = refused(project.amlkit(*command))
        assert state.read_text() == damaged
    assert "damaged state" in said
    assert ".bak" in said


@pytest.mark.parametrize("command", [UP, DESTROY])
def test_a_salt_that_the_passphrase_does_not_fit_is_an_incorrect_passphrase(project, command):
    settings = project.root / "Pulumi.local.yaml"
    text = settings.read_text()
    with replaced(settings, text.replace("encryptionsalt: v1:4", "encryptionsalt: v1:5")):
        said = refused(project.amlkit(*command))
    assert "incorrect passphrase" in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("config:\n  a: [", r"Pulumi\.local\.yaml: not YAML: line 2: "),
        ("config: 3", r"Pulumi\.local\.yaml: its `config` is not a mapping"),
        ("config: {}", r"Pulumi\.local\.yaml: does not say `amlkit:target: local`"),
        (None, r"Pulumi\.local\.yaml: the settings of this stack are gone"),
    ],
)
@pytest.mark.parametrize("command", [PREVIEW, INVOKE])
def test_a_stack_file_that_does_not_say_local_never_leads_to_azure(project, command, text, what):
    with replaced(project.root / "Pulumi.local.yaml", text):
        assert re.search(what, refused(project.amlkit(*command)))


@pytest.mark.parametrize("command", [PREVIEW, UP, DESTROY, INVOKE])
def test_without_a_project_every_command_says_so(project, command):
    with replaced(project.root / "Pulumi.yaml", None):
        assert "no Pulumi.yaml here or in a folder above" in refused(project.amlkit(*command))


def test_a_project_file_that_is_no_yaml_is_named(project):
    with replaced(project.root / "Pulumi.yaml", "{"):
        assert "Pulumi.yaml:1: not YAML" in error_of(project.amlkit(*PREVIEW))


def test_a_damaged_bundle_of_roots_is_named(project):
    with replaced(Home(project.root).ca_bundle, "no certificate"):
        assert "bundle.pem: no roots of trust" in refused(project.amlkit(*PREVIEW))


def test_a_stopped_local_azure_ml_is_said_with_the_way_to_start_it(project):
    project.ok("local", "stop")
    try:
        for command in (PREVIEW, UP, DESTROY, INVOKE, ("runs",)):
            assert "amlkit local start`" in refused(project.amlkit(*command))
    finally:
        project.ok("local", "start")


def test_a_port_that_another_process_took_is_named_and_kept(project):
    project.ok("local", "stop")
    address = Home(project.root).address()
    for port in (address.port, address.proxy_port):
        with socket.create_server((HOST, port)):
            assert f"another process has port {port}" in refused(project.amlkit("local", "start"))
    project.ok("local", "start")
    assert Home(project.root).address() == address


def error_of(ended: Finished) -> str:
    """The one error that a command ended with."""
    assert ended.code == 1, ended.text
    assert "Traceback" not in ended.text
    assert len(re.findall(r"^error: ", ended.stderr, re.MULTILINE)) == 1, ended.text
    return ended.stderr


def refused(ended: Finished) -> str:
    """The same, with the hint that must be there."""
    said = error_of(ended)
    assert len(re.findall(r"^  hint: \S", said, re.MULTILINE)) == 1, said
    return said


@contextmanager
def replaced(path: Path, text: str | None) -> Iterator[None]:
    """Another content for a while, or none: the file is gone."""
    before = path.read_bytes()
    path.unlink()
    try:
        if text is not None:
            path.write_text(text)
        yield
    finally:
        path.write_bytes(before)
