"""The table of the docs keeps its word: its tests exist, all of them are named, and so do its commands and files."""

from __future__ import annotations

import re
from pathlib import Path

from amlkit.cli import COMMANDS

HERE = Path(__file__).parent
TABLE = (HERE.parents[1] / "docs" / "article.md").read_text()


def test_every_test_of_the_article_is_in_the_table_and_the_other_way_round():
    files = (HERE / "test_article.py", HERE / "test_attachments.py", HERE / "test_steps.py")
    written = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert set(re.findall(r"`(test_\w+)`", TABLE)) == written


def test_every_row_names_a_test_or_says_that_it_is_not_there_yet():
    rows = re.findall(r"^\| (?!---|the article \|).*\|$", TABLE, re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if ("`test_" in row) == ("**not there yet**" in row)] == []


def test_every_command_and_file_that_is_named_exists():
    assert set(re.findall(r"`amlkit (\w+)", TABLE)) <= set(COMMANDS)
    for link in re.findall(r"\]\(([^)]+)\)", TABLE):
        assert (HERE.parents[1] / "docs" / link).exists(), link
