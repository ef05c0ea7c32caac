"""Property values: what stays secret, what counts as equal, what assets become."""

import pytest

from amlkit.engine.embedded import values
from amlkit.engine.embedded.goal import seconds
from amlkit.errors import EngineError
from amlkit.propertyvalues import ARCHIVE, ASSET, OUTPUT, SIGNATURE, UNKNOWN, secret


def test_true_is_not_one_and_a_secret_is_not_its_value():
    assert values.equal({"a": [1, 2.0]}, {"a": (1.0, 2)})
    assert not values.equal(True, 1)
    assert not values.equal(secret(1), 1)
    assert not values.equal({"a": None}, {})


def test_outputs_named_like_secret_inputs_become_secret():
    outputs = values.mark_outputs({"a": 1, "b": 2, "id": 3, "c": secret(4)}, {"a": secret(0), "b": 0}, ["id", "b"])

    assert outputs == {"a": secret(1), "b": secret(2), "id": 3, "c": secret(4)}


def test_what_a_plugin_without_secrets_answers_is_marked_by_name_at_any_depth():
    given = {"deep": {"x": secret(1), "y": 2}, "list": [secret(3)]}

    assert values.annotate({"deep": {"x": 1, "y": 2}, "list": [3], "n": 4}, given) == {
        "deep": {"x": secret(1), "y": 2},
        "list": secret([3]),
        "n": 4,
    }


def test_what_the_state_holds_as_secret_stays_so_after_a_read():
    old = {"a": secret(1), "b": {"c": [1, secret(2)]}, "d": 4}

    assert values.remark({"a": 9, "b": {"c": [1, 8, 7]}, "d": 5, "e": 6}, old) == {
        "a": secret(9),
        "b": {"c": [1, secret(8), 7]},
        "d": 5,
        "e": 6,
    }


def test_outputs_on_the_wire_become_what_they_carry():
    known = {SIGNATURE: OUTPUT, "value": 1, "secret": True, "dependencies": ["u"]}

    assert values.flatten_outputs({"a": [known], "b": {SIGNATURE: OUTPUT}}) == {"a": [secret(1)], "b": UNKNOWN}


def test_contents_of_assets_are_left_out_and_put_back():
    asset, archive = {SIGNATURE: ASSET, "path": "f", "hash": "1"}, {SIGNATURE: ARCHIVE, "path": "d", "hash": "2"}
    bare = values.elided({"a": asset, "b": [archive]})

    assert bare == {"a": {SIGNATURE: ASSET, "hash": "1"}, "b": [{SIGNATURE: ARCHIVE, "hash": "2"}]}
    assert values.with_contents(bare["a"], [asset]) == asset


def test_contents_are_equal_where_their_hashes_are():
    one, other = {SIGNATURE: ARCHIVE, "path": "d", "hash": "1"}, {SIGNATURE: ARCHIVE, "assets": {}, "hash": "1"}

    assert values.equal({"a": one}, {"a": other})
    assert not values.equal(one, {**one, "hash": "2"})
    assert not values.equal(one, {**one, SIGNATURE: ASSET})
    assert not values.equal(one, {"hash": "1"})


def test_every_text_inside_a_secret_is_known_for_masking():
    assert set(values.known_secrets({"a": secret({"x": ["one", "two"]}), "b": "three"})) == {"one", "two"}


@pytest.mark.parametrize(("text", "expected"), [("5m", 300), ("1h30m", 5400), ("1.5s", 1.5), ("300ms", 0.3)])
def test_durations_are_in_seconds(text, expected):
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["5", "m", "5x", "-1s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(EngineError):
        seconds(text)
