"""Reasons name what differs."""

from __future__ import annotations

from amlkit.fingerprint import Fingerprint, Ingredient, Outcome, compare


def fingerprint(**ingredients):
    return Fingerprint("content", tuple(Ingredient.of(name, value) for name, value in ingredients.items()))


def test_equal_ingredients_are_a_hit():
    assert compare(fingerprint(code={"a.py": "1"}), fingerprint(code={"a.py": "1"})).outcome is Outcome.REUSED


def test_a_step_that_never_ran_is_a_first_run():
    assert str(compare(None, fingerprint(code="x"))) == "first run"


def test_a_miss_names_the_ingredient_and_the_file():
    before = fingerprint(code={"a.py": "1", "b.py": "1"}, parameters={"rate": 0.1})
    now = fingerprint(code={"a.py": "2", "c.py": "1"}, parameters={"rate": 0.1})
    assert str(compare(before, now)) == "code changed: a.py changed, b.py removed, c.py added"


def test_the_first_difference_in_order_is_the_reason():
    before = fingerprint(code="1", parameters={"rate": 0.1})
    assert compare(before, fingerprint(code="2", parameters={"rate": 0.2})).ingredient == "code"
    assert str(compare(before, fingerprint(code="1", parameters={"rate": 0.2}))) == "parameters changed: rate changed"


def test_a_record_survives_storing():
    record = fingerprint(code={"a.py": "1"}, parameters={})
    assert Fingerprint.from_json(record.as_json()) == record


def test_another_rule_set_never_hits():
    content = fingerprint(code="1")
    azure = Fingerprint("azure", content.ingredients)
    assert content.key != azure.key
    assert "content → azure" in str(compare(content, azure))
