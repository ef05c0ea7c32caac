"""The settings of a rehearsal: another target; secrets are the stack's own if its passphrase is given; nothing else."""

from __future__ import annotations

import pytest
import yaml

from amlkit.delivery.rehearsal import prepare
from amlkit.delivery.stacks import Stack
from amlkit.engine.embedded.secrets import Passphrase
from amlkit.home import SUBSCRIPTION, Home

GIVEN = {"PULUMI_CONFIG_PASSPHRASE": "open sesame"}
OTHER = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def passphrase():
    return Passphrase.create("open sesame")


@pytest.fixture
def stack(tmp_path, passphrase):
    config = {
        "amlkit:target": "azure",
        "azure-native:subscriptionId": OTHER,
        "p:plain": {"nested": [1, True, "x"]},
        "p:token": {"secure": passphrase.encrypt("dapi-1")},
        "p:users": [{"name": "a", "key": {"secure": passphrase.encrypt("k-1")}}],
    }
    document = {"encryptionsalt": passphrase.salt, "config": config}
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("# ours\n" + yaml.safe_dump(document))
    return Stack(Home(tmp_path), "prod", is_local=True, is_rehearsal=True)


def written(prepared):
    """The settings, and what decrypts them."""
    document = yaml.safe_load(prepared.file.read_text())
    return document["config"], Passphrase(document["encryptionsalt"], "")


def test_nothing_but_the_target_is_another_with_the_passphrase(stack):
    own = (stack.home.root / "Pulumi.prod.yaml").read_text()
    prepared = prepare(stack, GIVEN)
    config, manager = written(prepared)
    assert manager.decrypt(config.pop("p:token")["secure"]) == "dapi-1"
    assert manager.decrypt(config.pop("p:users")[0]["key"]["secure"]) == "k-1"
    expected = {"amlkit:target": "local", "azure-native:subscriptionId": OTHER, "p:plain": {"nested": [1, True, "x"]}}
    assert config == expected
    assert prepared.notice == ()
    assert (stack.home.root / "Pulumi.prod.yaml").read_text() == own
    assert "dapi-1" not in prepared.file.read_text()


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "the stack's passphrase is not given"),
        ({"PULUMI_CONFIG_PASSPHRASE": ""}, "the passphrase that is given is not the stack's"),
    ],
)
def test_secrets_that_cannot_be_decrypted_are_placeholders_that_stay_secret(stack, environment, why):
    prepared = prepare(stack, environment)
    config, manager = written(prepared)
    assert manager.decrypt(config["p:token"]["secure"]) == "placeholder-of-token"
    assert manager.decrypt(config["p:users"][0]["key"]["secure"]) == "placeholder-of-key"
    assert config["p:users"][0]["name"] == "a"
    assert prepared.notice[0] == f"note: 2 secrets are placeholders, because {why}: p:token, p:users"
    assert "PULUMI_CONFIG_PASSPHRASE" in prepared.notice[1]


def test_a_service_that_keeps_secrets_is_not_asked(stack):
    path = stack.home.root / "Pulumi.prod.yaml"
    document = yaml.safe_load(path.read_text()) | {"secretsprovider": "azurekeyvault://v/keys/k", "encryptedkey": "abc"}
    path.write_text(yaml.safe_dump(document))
    prepared = prepare(stack, GIVEN)
    assert prepared.why == "the stack keeps them with a service that is not asked"
    assert set(yaml.safe_load(prepared.file.read_text())) == {"encryptionsalt", "config"}


def test_the_salt_stays_so_that_the_state_can_be_read_again(stack):
    first = yaml.safe_load(prepare(stack, {}).file.read_text())["encryptionsalt"]
    assert yaml.safe_load(prepare(stack, GIVEN).file.read_text())["encryptionsalt"] == first


def test_a_stack_without_a_subscription_is_rehearsed_in_the_local_one(stack):
    (stack.home.root / "Pulumi.prod.yaml").write_text("config:\n  amlkit:target: azure\n")
    config = yaml.safe_load(prepare(stack, {}).file.read_text())["config"]
    assert config == {"amlkit:target": "local", "azure-native:subscriptionId": SUBSCRIPTION}


def test_the_files_of_the_stacks_may_lie_in_a_folder_of_their_own(stack):
    root = stack.home.root
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\nstackConfigDir: stacks  # ours\n")
    (root / "stacks").mkdir()
    (root / "Pulumi.prod.yaml").rename(root / "stacks/Pulumi.prod.yaml")
    found = written(prepare(stack, GIVEN))[0]
    assert found["amlkit:target"] == "local"
    assert found["azure-native:subscriptionId"] == OTHER
    assert stack.home.settings_folder == root / "stacks"
