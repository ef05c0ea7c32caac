"""`stack …`, `cancel` and `config …` through their one door, in a project folder of their own."""

import json

import pytest

from amlkit.engine.embedded import checkpoint
from amlkit.engine.embedded.filestate import FileState
from amlkit.engine.embedded.secrets import Passphrase
from amlkit.engine.stack import run

from . import states


class Shell:
    """Runs commands in a project folder and keeps what they print."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self.capsys = capsys
        self.environ = {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
        }

    def __call__(self, *words, code=0):
        assert run(list(words), cwd=self.folder, environ=self.environ) == code
        printed = self.capsys.readouterr()
        return printed.err if code else printed.out

    @property
    def state(self):
        return FileState(self.environ["PULUMI_BACKEND_URL"], "try", "dev")


@pytest.fixture(scope="module")
def passphrase():
    return Passphrase.create("")


@pytest.fixture
def shell(tmp_path, capsys):
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: try\nruntime: python\nconfig:\n  greeting: hello\n")
    return Shell(tmp_path, capsys)


@pytest.fixture
def dev(shell, passphrase):
    shell.state.create(passphrase)
    (shell.folder / "Pulumi.dev.yaml").write_text(f"encryptionsalt: {passphrase.salt}\n")
    shell("stack", "select", "dev")
    return shell


@pytest.fixture
def filled(dev, passphrase):
    dev.state.save(checkpoint.write(states.deployment(), states.FQN, passphrase, {}))
    return dev


def test_a_new_stack_is_selected_listed_and_has_its_salt(shell):
    shell("stack", "init", "dev")
    assert "dev*  " in shell("stack", "ls")
    assert json.loads(shell("stack", "ls", "--json"))[0]["resourceCount"] == 0
    assert (shell.folder / "Pulumi.dev.yaml").read_text().startswith("encryptionsalt: v1:")
    assert shell("stack", "--show-name") == "dev\n"


def test_a_stack_is_not_made_twice(dev):
    assert "already exists" in dev("stack", "init", "dev", code=1)


def test_a_salt_that_is_there_is_kept(dev):
    shell = dev
    salt = (shell.folder / "Pulumi.dev.yaml").read_text()
    shell("stack", "rm", "dev", "--yes", "--preserve-config")
    shell("stack", "init", "dev")
    assert (shell.folder / "Pulumi.dev.yaml").read_text() == salt


def test_a_stack_that_is_not_there_exits_6(shell):
    assert "no stack named 'nope' found" in shell("stack", "output", "--stack", "nope", code=6)
    assert "no stack named 'nope' found" in shell("stack", "select", "nope", code=6)
    assert "no stack selected" in shell("stack", "output", code=1)


def test_outputs_hide_secrets_unless_asked(filled):
    assert json.loads(filled("stack", "output", "--json")) == {"b": "id-b", "pw": "[secret]"}
    assert json.loads(filled("stack", "output", "--json", "--show-secrets")) == {"b": "id-b", "pw": "s3cret"}
    assert filled("stack", "output", "b") == "id-b\n"
    assert filled("stack", "output", "pw") == "[secret]\n"
    assert filled("stack", "output", "pw", "--show-secrets") == "s3cret\n"
    assert "    OUTPUT  VALUE\n    b       id-b\n" in filled("stack", "output")


def test_an_output_that_is_not_there_names_those_that_are(filled):
    said = filled("stack", "output", "nope", code=1)
    assert "does not have output property 'nope'" in said
    assert "hint: it has: b, pw" in said


def test_an_export_hides_secrets_unless_asked(filled):
    assert "s3cret" not in filled("stack", "export")
    exported = json.loads(filled("stack", "export", "--show-secrets"))
    secrets = [each["outputs"]["pw"]["plaintext"] for each in exported["deployment"]["resources"][::4]]
    assert secrets == ['"s3cret"', '"s3cret"']
    filled("stack", "export", "--file", str(filled.folder / "out.json"))
    assert json.loads((filled.folder / "out.json").read_text())["version"] == 3


def test_the_overview_is_a_tree(filled):
    text = filled("stack", "--show-urns")
    assert "    ├─ toy:index:Group       g\n" in text
    assert "    │  └─ toy:index:Thing    inside\n" in text
    assert "    └─ pulumi:providers:toy  default_1_0_0\n" in text
    assert f"URN: {states.THING}\n" in text


def test_a_stack_with_resources_is_not_removed_unless_forced(filled):
    assert "still has resources" in filled("stack", "rm", "dev", "--yes", code=1)
    filled("stack", "rm", "dev", "--yes", "--force")
    assert not filled.state.exists()
    assert not (filled.folder / "Pulumi.dev.yaml").exists()
    assert "no stack selected" in filled("stack", code=1)


def test_removal_wants_a_yes(dev):
    assert "--yes must be passed in" in dev("stack", "rm", "dev", "--non-interactive", code=1)
    assert dev.state.exists()


def test_cancel_frees_a_locked_stack(dev):
    with dev.state.lock("up"):
        dev("cancel", "--yes")
        with dev.state.lock("up"):
            pass


def test_settings_are_set_listed_read_and_removed(dev):
    dev("config", "set", "plain", "one")
    dev("config", "set", "--secret", "token", "t0ken")
    dev("config", "set", "azure-native:location", "westeurope")
    assert "t0ken" not in (dev.folder / "Pulumi.dev.yaml").read_text()
    assert dev("config", "get", "token") == "t0ken\n"
    assert dev("config") == (
        "KEY                    VALUE\nazure-native:location  westeurope\ngreeting               hello\n"
        "plain                  one\ntoken                  [secret]\n"
    )
    listed = json.loads(dev("config", "--json"))
    assert listed["try:token"] == {"secret": True}
    assert listed["try:plain"] == {"value": "one", "secret": False}
    dev("config", "rm", "plain")
    assert "configuration key 'plain' not found for stack 'dev'" in dev("config", "get", "plain", code=1)


def test_a_wrong_passphrase_is_one_line_and_a_hint(filled):
    filled.environ["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    said = filled("stack", "output", "--show-secrets", code=1)
    assert said.splitlines()[0] == "error: incorrect passphrase"
    assert len(said.splitlines()) == 2
    filled("stack", "output")  # needs no secret


def test_a_damaged_state_is_one_line_and_a_hint(filled):
    filled.state.file.write_text("{")
    said = filled("stack", "output", code=1)
    assert str(filled.state.file) in said
    assert str(filled.state.backup) in said


@pytest.mark.parametrize(
    "words", [["stack", "nope"], ["stack", "ls", "--nope"], ["config", "get"], ["stack", "output", "--stack"]]
)
def test_a_wrong_command_line_exits_1(shell, words):
    assert "hint: see" in shell(*words, code=1)


def test_help_exits_0(shell):
    assert "init" in shell("stack", "--help")
