"""The state file: what is written comes back, in Pulumi's shape, and what is not understood is refused by name."""

import json
from dataclasses import replace

import pytest

from amlkit.engine.embedded import checkpoint
from amlkit.engine.embedded.resource import Deployment, Resource
from amlkit.engine.embedded.secrets import Passphrase
from amlkit.errors import SetupError

from . import states
from .states import FQN, THING


@pytest.fixture(scope="module")
def passphrase():
    return Passphrase.create("")


@pytest.fixture
def written(passphrase):
    return checkpoint.write(states.deployment(), FQN, passphrase, {})


def latest(text):
    return json.loads(text)["checkpoint"]["latest"]


def raw_of(text, urn=THING):
    return next(each for each in latest(text)["resources"] if each["urn"] == urn)


def edited(text, change):
    document = json.loads(text)
    change(document)
    return json.dumps(document)


def test_everything_comes_back(written, passphrase):
    found, manager, _ = checkpoint.read(written, lambda salt: passphrase)
    assert found == states.deployment()
    assert manager is passphrase


def test_the_salt_of_the_file_asks_for_the_passphrase(written, passphrase):
    asked = []
    checkpoint.read(written, lambda salt: asked.append(salt) or passphrase)
    assert asked == [passphrase.salt]


def test_no_secret_is_written_in_clear(written):
    assert "s3cret" not in written
    assert set(raw_of(written)["inputs"]["pw"]) == {"4dabf18193072939515e22adb298388d", "ciphertext"}


def test_an_unchanged_state_keeps_every_ciphertext(written, passphrase):
    found, manager, ciphertexts = checkpoint.read(written, lambda salt: passphrase)
    again = checkpoint.write(found, FQN, manager, ciphertexts)
    assert latest(again)["resources"] == latest(written)["resources"]


def test_a_changed_secret_gets_a_new_ciphertext_and_the_others_keep_theirs(written, passphrase):
    found, manager, ciphertexts = checkpoint.read(written, lambda salt: passphrase)
    changed = replace(found, resources=(*found.resources[:-1], states.deployment("other").resources[-1]))
    again = checkpoint.write(changed, FQN, manager, ciphertexts)
    assert raw_of(again)["inputs"]["pw"] != raw_of(written)["inputs"]["pw"]
    assert raw_of(again)["inputs"]["deep"] == raw_of(written)["inputs"]["deep"]


def test_empty_fields_are_left_out_and_custom_never_is(written):
    assert list(raw_of(written, states.GROUP)) == ["urn", "custom", "type", "parent"]
    empty = checkpoint.write(Deployment(), FQN, None, {})
    assert list(latest(empty)) == ["manifest", "metadata"]


def test_fields_stand_in_pulumis_order(written):
    assert list(raw_of(written)) == [
        *("urn", "custom", "id", "type", "inputs", "outputs", "parent", "protect", "dependencies", "initErrors"),
        *("provider", "propertyDependencies", "additionalSecretOutputs", "customTimeouts", "importID"),
        *("retainOnDelete", "deletedWith", "created", "modified", "sourcePosition", "ignoreChanges"),
        "replaceOnChanges",
    ]


def test_hooks_make_it_version_4(passphrase):
    hooked = Resource(states.ROOT, "pulumi:pulumi:Stack", resource_hooks={"BeforeCreate": ("upload",)})
    text = checkpoint.write(Deployment((hooked,)), FQN, None, {})
    assert json.loads(text)["version"] == 4
    assert json.loads(text)["features"] == ["hooks"]
    assert checkpoint.read(text, lambda salt: passphrase)[0].resources == (hooked,)


def test_fields_that_the_engine_does_not_know_pass_through_but_the_stack_trace_does_not(written, passphrase):
    text = edited(
        written,
        lambda document: document["checkpoint"]["latest"]["resources"][-1].update(
            {"newField": {"a": [1]}, "hideDiff": ["x"], "aliases": ["urn:old"], "stackTrace": [{"sourcePosition": "p"}]}
        ),
    )
    found, manager, ciphertexts = checkpoint.read(text, lambda salt: passphrase)
    again = raw_of(checkpoint.write(found, FQN, manager, ciphertexts))
    assert again["newField"] == {"a": [1]}
    assert again["hideDiff"] == ["x"]
    assert again["aliases"] == ["urn:old"]
    assert "stackTrace" not in again


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.update(version=5), "version 5"),
        (lambda d: d.update(version=4, features=["hooks", "byteString"]), "`byteString`"),
        (lambda d: d["checkpoint"]["latest"]["resources"][4].update(taint=True), "`taint`"),
        (lambda d: d["checkpoint"]["latest"]["resources"][4].update(viewOf="urn"), "`viewOf`"),
        (lambda d: d["checkpoint"]["latest"]["secrets_providers"].update(type="cloud"), "`cloud`"),
        (lambda d: d["checkpoint"]["latest"]["resources"].pop(3), "does not come before it"),
        (lambda d: d["checkpoint"]["latest"]["resources"].pop(1), "a provider that does not come before it"),
        (lambda d: d["checkpoint"]["latest"]["resources"].reverse(), "does not come before it"),
        (lambda d: d["checkpoint"]["latest"]["resources"].append(d["checkpoint"]["latest"]["resources"][4]), "two res"),
        (lambda d: d["checkpoint"]["latest"]["resources"][2].update(id="x"), "is no custom resource"),
        (lambda d: d["checkpoint"]["latest"]["resources"][2].pop("type"), "damaged state"),
        (lambda d: d.pop("checkpoint"), "not a checkpoint"),
    ],
)
def test_what_is_not_sound_or_not_done_is_refused_by_name(written, passphrase, change, named):
    with pytest.raises(SetupError, match=named):
        checkpoint.read(edited(written, change), lambda salt: passphrase)


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_what_is_no_checkpoint_is_refused(text, passphrase):
    with pytest.raises(SetupError, match="damaged state"):
        checkpoint.read(text, lambda salt: passphrase)


def test_a_replaced_resource_may_share_its_urn(passphrase):
    root, provider, *_, thing = states.deployment().resources
    thing = replace(thing, dependencies=(), property_dependencies={}, deleted_with="")
    both = Deployment((root, provider, thing, replace(thing, delete=True, id="old")))
    text = checkpoint.write(both, FQN, passphrase, {})
    assert checkpoint.read(text, lambda salt: passphrase)[0] == both


def test_an_unsound_state_is_never_written(passphrase):
    orphan = Resource(THING, "toy:index:Thing", custom=True, parent=states.ROOT)
    with pytest.raises(ValueError, match="not sound"):
        checkpoint.write(Deployment((orphan,)), FQN, passphrase, {})


def test_a_wrong_passphrase_is_told(written):
    with pytest.raises(SetupError, match="incorrect passphrase"):
        checkpoint.read(written, lambda salt: Passphrase(salt, "wrong"))
