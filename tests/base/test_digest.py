"""Digests: equal for equal values, different for different types, the same on every machine."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlkit import digest

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_golden_digest_never_changes():
    value = {"form": 1, "inputs": ["a", 0.1, 3, True, None, b"x"]}
    assert digest.of(value) == "252f155578ef47407f6e04330a4f6e34a41150e44b1a4ed2a26888811c623203"


@given(PLAIN, PLAIN)
def test_canonical_bytes_are_equal_only_for_equal_values_of_one_type(one, other):
    assert (digest.canonical(one) == digest.canonical(other)) == (_typed(one) == _typed(other))


def _typed(value):
    if isinstance(value, dict):
        return ("dict", sorted(((key, _typed(item)) for key, item in value.items()), key=repr))
    if isinstance(value, list):
        return ("list", [_typed(item) for item in value])
    return (type(value).__name__, repr(value))


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(value):
    assert digest.of(value) == digest.of(dict(reversed(value.items())))


def test_a_tree_is_the_same_in_any_order_and_changes_with_any_file(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_bytes(b"2")
    (tmp_path / "one.txt").write_bytes(b"1")
    pairs = [("one.txt", hashlib.sha256(b"1").hexdigest()), ("b/two.txt", hashlib.sha256(b"2").hexdigest())]
    assert digest.of_folder(tmp_path) == digest.of_tree(pairs) == digest.of_tree(reversed(pairs))
    (tmp_path / "one.txt").write_bytes(b"3")
    assert digest.of_folder(tmp_path) != digest.of_tree(pairs)


def test_what_cannot_be_digested_is_named():
    with pytest.raises(TypeError, match="cannot digest a set"):
        digest.of({"a": {1, 2}})
    with pytest.raises(TypeError, match="nan"):
        digest.of(float("nan"))


def test_a_registered_version_fits_azure():
    assert len(digest.version_of({"a": 1})) == digest.VERSION_LENGTH <= 30
