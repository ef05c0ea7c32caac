"""Passphrase secrets: our own, and texts that the Pulumi CLI made."""

import pytest

from amlkit.engine.embedded.secrets import Keyring, Passphrase, passphrase_from
from amlkit.errors import SetupError

# made by the Pulumi CLI with the passphrase `hunter2`
CLI_SALT = "v1:Gl5Vczik5RE=:v1:ZGVUdd95Fc9uhp2j:UE/F/99CSfrJpz1mNx161ljUn1PLog=="
CLI_SECRET = "v1:LQeFhJ/pKNlV5WtX:d7l8YqpMxlW8ncol8q/FnJ2cw8eM"


@pytest.fixture(scope="module")
def ours():
    return Passphrase.create("correct horse")


def test_a_secret_of_the_cli_is_read():
    assert Passphrase(CLI_SALT, "hunter2").decrypt(CLI_SECRET) == "tok3n"


def test_what_was_encrypted_comes_back(ours):
    for text in ("", "ünïcode ✓", "x" * 1_000_000):
        assert ours.decrypt(ours.encrypt(text)) == text


def test_the_same_text_is_encrypted_differently_each_time(ours):
    assert ours.encrypt("a") != ours.encrypt("a")


def test_another_process_opens_it_with_salt_and_passphrase(ours):
    sealed = ours.encrypt("later")
    assert Passphrase(ours.salt, "correct horse").decrypt(sealed) == "later"


def test_a_wrong_passphrase_is_named_as_such():
    with pytest.raises(SetupError, match="incorrect passphrase") as caught:
        Passphrase(CLI_SALT, "wrong").decrypt(CLI_SECRET)
    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.problems[0].hint


def test_a_wrong_passphrase_encrypts_nothing():
    with pytest.raises(SetupError, match="incorrect passphrase"):
        Passphrase(CLI_SALT, "wrong").encrypt("text")


@pytest.mark.parametrize("salt", ["", "v1:", "v2:Gl5Vczik5RE=:v1:a:b", "v1:***:v1:a:b"])
def test_a_damaged_salt_is_refused(salt):
    with pytest.raises(SetupError, match="not a salt"):
        Passphrase(salt, "x").decrypt(CLI_SECRET)


@pytest.mark.parametrize("text", ["", "plain", "v1:AAAA:BBBB", "v1:***:***"])
def test_a_damaged_secret_is_refused(ours, text):
    with pytest.raises(SetupError, match="cannot be decrypted"):
        ours.decrypt(text)


def test_a_secret_of_another_salt_is_refused(ours):
    with pytest.raises(SetupError, match="cannot be decrypted"):
        ours.decrypt(CLI_SECRET)


def test_the_key_is_not_derived_before_it_is_needed():
    Passphrase("not even a salt", "x")


def test_the_passphrase_comes_from_the_environment(tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text("from a file\n")
    assert passphrase_from({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "from a file"
    with pytest.raises(SetupError, match="passphrase must be set with PULUMI_CONFIG_PASSPHRASE or"):
        passphrase_from({})
    with pytest.raises(SetupError, match="No such file"):
        passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "none")})


def test_a_keyring_derives_each_key_once():
    keys = Keyring({"PULUMI_CONFIG_PASSPHRASE": "hunter2"})
    assert keys(CLI_SALT) is keys(CLI_SALT)
