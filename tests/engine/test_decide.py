"""The decision about a registration, as a pure function; and the order of deletes."""

import pytest

from amlkit.engine.embedded import order, paths
from amlkit.engine.embedded.decide import (
    Diff,
    decide,
    forced_diff,
    object_diff,
    settled,
    with_ignored,
    with_replace_on_changes,
    with_unknowns,
)
from amlkit.engine.embedded.resource import Resource
from amlkit.engine.events import Op
from amlkit.errors import EngineError
from amlkit.propertyvalues import UNKNOWN, secret


def thing(name="a", **fields):
    return Resource(f"urn:pulumi:dev::try::toy:index:Thing::{name}", "toy:index:Thing", custom=True, id=name, **fields)


OLD, NEW = thing(inputs={"x": 1}), thing(inputs={"x": 2})


def test_nothing_differs():
    assert decide(OLD, OLD, Diff(False), None).op is Op.SAME


def test_what_differs_is_updated_and_named():
    decision = decide(OLD, NEW, Diff(True, changed=("x",)), None)

    assert (decision.op, decision.reason, decision.changes) == (Op.UPDATE, "x", {"x": "update"})


def test_a_key_to_replace_replaces():
    decision = decide(OLD, NEW, Diff(True, replaces=("x",), detailed={"x": "update-replace"}), None)

    assert (decision.op, decision.reason, decision.delete_first) == (Op.REPLACE, "x", False)


@pytest.mark.parametrize(
    ("option", "provider", "first"), [(None, True, True), (False, True, False), (True, False, True)]
)
def test_the_program_has_the_last_word_on_what_goes_first(option, provider, first):
    diff = Diff(True, replaces=("x",), delete_before_replace=provider)

    assert decide(OLD, NEW, diff, option).delete_first is first


def test_an_unfinished_replacement_is_finished():
    assert decide(thing(pending_replacement=True), NEW, Diff(False), None).op is Op.REPLACE


def test_an_unfinished_creation_is_updated():
    assert decide(thing(init_errors=("slow",)), NEW, Diff(False), None).op is Op.UPDATE


def test_a_provider_that_cannot_tell_is_settled_without_secret_marks():
    hidden = thing(inputs={"x": secret(1)})

    assert settled(Diff(None), hidden, {"x": 1}).changes is False
    assert settled(Diff(None), hidden, {"x": 2}).changed == ("x",)


def test_replaced_targets_force_a_replacement():
    target = thing("t").urn

    assert forced_diff(thing(), thing(deleted_with=target), {target}) == Diff(True, replaces=("deletedWith",))
    assert forced_diff(thing(), thing(replace_with=(target,)), {target}) == Diff(True, replaces=("replaceWith",))
    assert forced_diff(thing(), thing(), {target}) is None


@pytest.mark.parametrize(
    ("pattern", "path", "replaces"),
    [
        ("*", "a.b", True),
        ("a", "a.b", True),
        ("a.b", "a", False),
        ("a.*.c", "a[0].c", True),
        ("a[0]", "a[1]", False),
        ('a["b.c"]', 'a["b.c"]', True),
    ],
)
def test_replace_on_changes_takes_paths(pattern, path, replaces):
    diff = with_replace_on_changes(Diff(True, detailed={path: "update"}), [pattern], init_errors=False)

    assert diff.replace is replaces


def test_an_unfinished_creation_replaces_if_anything_does():
    assert with_replace_on_changes(Diff(False), ["*"], init_errors=True).replace


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("*", {"t": {"x": 1, "y": 1}, "l": [1, 2], "gone": 0}),
        ("t.x", {"t": {"x": 1, "y": 9}, "l": [8, 9], "new": 0}),
        ("t", {"t": {"x": 1, "y": 1}, "l": [8, 9], "new": 0}),
        ("l[1]", {"t": {"x": 9, "y": 9}, "l": [8, 2], "new": 0}),
        ("new", {"t": {"x": 9, "y": 9}, "l": [8, 9]}),
        ("gone", {"t": {"x": 9, "y": 9}, "l": [8, 9], "new": 0, "gone": 0}),
        ("t.*", {"t": {"x": 1, "y": 1}, "l": [8, 9], "new": 0}),
    ],
)
def test_ignored_changes_put_old_values_back(path, expected):
    old = {"t": {"x": 1, "y": 1}, "l": [1, 2], "gone": 0}
    new = {"t": {"x": 9, "y": 9}, "l": [8, 9], "new": 0}

    assert with_ignored(new, old, [path]) == expected


@pytest.mark.parametrize("text", ["", "a..b", "a[x]", 'a["b'])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(EngineError):
        paths.parse(text)


def test_differences_are_named_by_their_paths():
    old = {"a": {"x": [1, 2], "odd.key": 1}, "b": True, "c": 1}
    new = {"a": {"x": [1, 3, 4], "odd.key": 2}, "b": 1, "d": UNKNOWN, "c": UNKNOWN}

    assert object_diff(old, new) == {
        'a["odd.key"]': "update",
        "a.x[1]": "update",
        "a.x[2]": "add",
        "b": "update",
        "c": "update",
        "d": "add",
    }


def test_inputs_that_come_from_something_replaced_are_unknown():
    root = thing("root")
    dependant = thing(inputs={"x": 1, "y": 2}, property_dependencies={"x": (root.urn,), "y": ()})

    assert with_unknowns(dependant, {root.urn}) == {"x": UNKNOWN, "y": 2}
    assert with_unknowns(dependant, set()) is None


def test_deletes_go_in_layers_dependants_first():
    a = thing("a")
    b = thing("b", dependencies=(a.urn,))
    c = thing("c", property_dependencies={"x": (b.urn,)})
    d = thing("d", parent=a.urn)

    layers = order.delete_layers([a, b, c, d], lambda each: each)

    assert [[each.id for each in layer] for layer in layers] == [["c"], ["b", "d"], ["a"]]


def test_a_replaced_resource_goes_after_what_still_names_it():
    old, new = thing("a", delete=True), thing("a")
    user = thing("u", dependencies=(old.urn,))

    layers = order.delete_layers([old, user, new], lambda each: each)

    assert layers[0] == [user]


def test_dependants_are_found_through_others_but_not_through_parents():
    a = thing("a")
    b = thing("b", dependencies=(a.urn,))
    c = thing("c", deleted_with=b.urn)
    child = thing("child", parent=a.urn)

    assert order.dependants([a, b, c, child], a, lambda each: each, ()) == [b, c]
    assert order.dependants([a, b, c, child], a, lambda each: each, {b.urn}) == []
