"""Ignore files, judged by azure-ai-ml's own code: random files and paths, and where we differ on purpose."""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlkit.components.ignore import Rules, read_line

ATOMS = ["a", "b", "ab", "*", "?", "**", "/", "[ab]", "[!a]", "[^a]", "[]a]", "[", "]", "\\a", "!", "#", " ", ".", "-"]
LINE = st.lists(st.sampled_from([*ATOMS, "a.py", "*.py", "x y"]), min_size=1, max_size=6).map("".join)
NAME = st.sampled_from(["a", "b", "ab", "aa", "a.py", "x y", "!", "#", "-", "[", "]", "^", "\\", "é"])
PATH = st.lists(NAME, min_size=1, max_size=4).map("/".join)


def azure_drops(lines: list[str], path: str) -> bool:
    from azure.ai.ml._utils._pathspec import GitWildMatchPattern

    dropped = False
    for line in lines:
        try:
            pattern = GitWildMatchPattern(line.rstrip())
        except Exception:  # it fails as a whole on a line that we skip
            continue
        if pattern.include is not None and pattern.match_file(path) is not None:
            dropped = pattern.include
    return dropped


@settings(max_examples=600, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=5), st.lists(PATH, min_size=1, max_size=8))
def test_random_patterns_decide_as_azure_mls_own_client_does(lines, paths):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        rules = Rules.parse("\n".join(lines).encode())
        for path in paths:
            assert bool(rules.drops(path)) == azure_drops(lines, path), (lines, path)
            assert (rules.why(path, is_folder=False) != "") == bool(rules.drops(path))


@settings(max_examples=600, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=5), PATH, PATH)
def test_a_folder_that_is_not_walked_holds_nothing_that_counts(lines, folder, below):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        rules = Rules.parse("\n".join(lines).encode())
        if rules.prunes(folder):
            assert rules.drops(f"{folder}/{below}"), (lines, folder, below)


@pytest.mark.parametrize(
    ("lines", "folder"),
    [
        ("node_modules/", "node_modules"),
        ("node_modules", "a/node_modules"),
        ("/data/", "data"),
        ("!keep\n/data/", "data"),
        ("/data/\n!/src/keep.csv", "data"),
        ("*", "anything"),
    ],
)
def test_excluded_folders_are_known_from_outside(lines, folder):
    assert Rules.parse(lines.encode()).prunes(folder)


@pytest.mark.parametrize(
    ("lines", "folder"),
    [("data/\n!data/keep.csv", "data"), ("data/\n!keep.csv", "data"), ("data/*", "data"), ("*.csv", "data")],
)
def test_folders_that_may_hold_something_are_looked_into(lines, folder):
    assert not Rules.parse(lines.encode()).prunes(folder)


@pytest.mark.parametrize("line", ["a\\", "[z-a]", "!", "/", "# a", "   "])
def test_a_line_that_is_no_pattern_excludes_nothing_where_azure_mls_client_may_fail(line):
    assert read_line(line) is None


def test_byte_order_mark_and_line_endings_do_not_count():
    for content in (b"\xef\xbb\xbf*.csv\r\n!a.csv\r\n", b"*.csv\n!a.csv", b"*.csv  \r!a.csv\r"):
        rules = Rules.parse(content)
        assert [bool(rules.drops(path)) for path in ("a.csv", "b.csv", "a.py")] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "path", "more"),
    [
        ("*a*a*a*a*a*a*a*a*a*a*b", "a" * 200, "b"),
        ("*[ab]*?a*[ab]*a*?a*a*a*a*c", "a" * 200, "c"),
        ("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", "a/" * 60 + "a", "/b"),
    ],
)
def test_no_pattern_takes_exponential_time(line, path, more):
    rules = Rules.parse(line.encode())
    began = time.process_time()
    assert not rules.drops(path)
    assert rules.drops(path + more)
    assert time.process_time() - began < 1
