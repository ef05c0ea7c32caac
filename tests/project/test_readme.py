"""The README keeps its word: its example is the file that the tests run, its commands exist, no placeholder is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amlkit.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_smallest_example_is_the_file_that_the_tests_run():
    assert blocks("python") == [(ROOT / "examples" / "smallest.py").read_text()]


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_command_is_named(verb):
    commands = next(part for part in README.split("\n\n") if part.startswith("Commands: "))
    assert re.search(rf"\b{verb}\b", commands)


def test_no_command_is_named_that_does_not_exist():
    inline = re.findall(r"`amlkit ([a-z]+)", README)
    shown = re.findall(r"\.venv/bin/amlkit ([a-z]+)", "".join(blocks("text")))
    assert shown
    assert inline
    assert {*inline, *shown} <= set(COMMANDS)


def test_every_folder_of_the_map_is_there():
    folders = re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE)
    assert folders
    assert [name for name in folders if not (ROOT / name).is_dir()] == []


def test_nothing_is_left_to_fill_in():
    assert re.findall(r"@[A-Z_]+@|TODO|FIXME", README) == []
    assert all(blocks("text"))
