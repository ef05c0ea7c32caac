"""The guides keep their word: their Python compiles and imports what there is, their commands and options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from amlkit.cli import root

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IMPORTS = re.compile(r"^from amlkit[\w.]* import (?:\([^)]*\)|.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

each_guide = pytest.mark.parametrize("guide", [*GUIDES, ROOT / "README.md"], ids=lambda path: path.stem)


def blocks(guide: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(guide.read_text()) if language in languages]


def commands(guide: Path) -> list[list[str]]:
    """The command lines of its blocks; what stands two blanks behind one explains it."""
    shown = re.findall(r"^(?:\$ )?amlkit ([a-z].*)$", "\n".join(blocks(guide, "", "console", "text")), re.MULTILINE)
    return [shlex.split(re.split(r"  | #", line)[0]) for line in shown]


@each_guide
def test_python_compiles_and_imports_what_there_is(guide):
    for text in blocks(guide, "python", "py"):
        compile(text, guide.name, "exec")
        for line in IMPORTS.findall(text):
            exec(line, {})


@each_guide
def test_commands_and_their_options_exist(guide):
    for line in commands(guide):
        command, words = root, list(line)
        while isinstance(command, click.Group):
            name = words.pop(0)
            found = command.get_command(click.Context(command), name)
            assert found, f"there is no command {name}: amlkit {shlex.join(line)}"
            command = found
        if command.context_settings.get("allow_extra_args"):  # Pulumi's own verbs
            continue
        known = {option for parameter in command.params for option in parameter.opts}
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= known, f"amlkit {shlex.join(line)}"


@each_guide
def test_links_lead_to_files(guide):
    links = LINK.findall(guide.read_text())
    assert [link for link in links if not (guide.parent / link).exists()] == []


def test_the_readme_names_every_guide():
    text = (ROOT / "README.md").read_text()
    assert [guide.name for guide in GUIDES if f"docs/{guide.name}" not in text] == []
