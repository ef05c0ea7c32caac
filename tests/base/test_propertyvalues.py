"""Values survive the wire: integers stay integers, secrets and unknowns stay what they are."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from amlkit import propertyvalues as values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON))
def test_there_and_back_is_the_same(value):
    back = values.from_struct(values.to_struct(value))
    assert back == value
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_secrets_are_unwrapped_at_any_depth():
    assert values.unsecret({"a": [values.secret({"b": values.secret(1)})]}) == {"a": [{"b": 1}]}


def test_unknowns_are_found_at_any_depth():
    assert values.has_unknown({"a": [{"b": values.UNKNOWN}]})
    assert not values.has_unknown({"a": ["known"]})
