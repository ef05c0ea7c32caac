"""Ignore files: `.amlignore`, else `.gitignore`, read as Azure ML's own client reads them. Used by `walk`.

The last pattern that matches a path wins. Unlike git, a pattern with `!` brings a file back although its folder is
excluded. A line that is no pattern (an open `\\`, an impossible range) excludes nothing. Written here and not taken
from a library, because these rules decide digests, which must not move with a version of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

IGNORE_FILES = (".amlignore", ".gitignore")  # the first that is there; they are never merged

Match = Callable[[str], object]
_SET_SIGNS = re.compile(r"[\\\[&~|]")


@dataclass(frozen=True)
class Rule:
    """A line of an ignore file. `drops` is false for one with `!`; `pattern` is a regular expression for whole paths.

    `inside`: it ends with a slash, so that it matches what is in a folder and not the folder. `anchor`: the folders, by
    name from the root, in which alone it can match something; empty if it can anywhere.
    """

    number: int
    text: str
    drops: bool
    pattern: str
    inside: bool
    anchor: tuple[str, ...]


class Rules:
    """The patterns of one ignore file; paths are relative to the folder that it holds for, posix."""

    def __init__(self, name: str = "", rules: Iterable[Rule] = ()) -> None:
        self.name = name
        self.rules = tuple(rules)
        runs = groupby(reversed(self.rules), key=lambda rule: rule.drops)
        self._last_first: list[tuple[bool, Match]] = [(drops, _any_of(run)) for drops, run in runs]
        self._inside = _any_of(rule for rule in self.rules if rule.drops and rule.inside)
        self._brings_back = any(not rule.drops for rule in self.rules)
        self.drops: Match = self._decide if self._brings_back else _any_of(self.rules)
        """Is this path left out? A folder is named without a slash."""

    @classmethod
    def of(cls, folder: Path) -> Rules:
        """Those of a folder's own ignore file."""
        found = next((folder / name for name in IGNORE_FILES if (folder / name).is_file()), None)
        return cls() if found is None else cls.parse(found.read_bytes(), found.name)

    @classmethod
    def parse(cls, content: bytes, name: str = "") -> Rules:
        """Those of a file's content; a byte order mark and the kind of line endings do not count."""
        text = content.decode("utf-8-sig", errors="surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
        numbered = enumerate(text.split("\n"), start=1)
        return cls(name, (rule for number, line in numbered if (rule := read_line(line, number)) is not None))

    def prunes(self, folder: str) -> bool:
        """Is everything in a folder left out, whatever it may be?"""
        if not self._brings_back:
            return bool(self.drops(folder) or self._inside(f"{folder}/"))
        parts = tuple(folder.split("/"))
        for rule in reversed(self.rules):
            if rule.drops and _takes_all(rule, folder):
                return True
            if not rule.drops and _can_match_in(parts, rule.anchor):
                return False
        return False

    def below(self, folder: str, source: str) -> Rules:
        """Those for what is in a folder: these, because ignore files further down have no say."""
        return self

    def why(self, path: str, *, is_folder: bool) -> str:
        """The rule that leaves a file, or all that is in a folder, out; for people."""
        matches = (
            rule for rule in reversed(self.rules) if (_takes_all(rule, path) if is_folder else _matches(rule, path))
        )
        rule = next(matches, None)
        return f"`{rule.text}`, line {rule.number} of `{self.name}`" if rule and rule.drops else ""

    def _decide(self, path: str) -> bool:
        for drops, match in self._last_first:
            if match(path):
                return drops
        return False


def read_line(line: str, number: int = 0) -> Rule | None:
    """One line as a rule; None for blanks, comments, and what is no pattern."""
    text = line.strip()
    if not text or text.startswith("#") or text == "/":
        return None
    body = text.removeprefix("!")
    segments = _collapsed(body.split("/"))
    if segments == [""]:
        return None
    anchored = segments[0] == "" or len(segments) > 2 or (len(segments) == 2 and segments[1] != "")
    inside = segments == ["**", ""]
    if segments[0] == "":
        segments = segments[1:]
    elif not anchored and segments[0] != "**":
        segments = ["**", *segments]
    if segments[-1] == "" and len(segments) > 1:
        segments[-1], inside = "**", True
    try:
        pattern = r".+/.*" if body == "**/" else _whole(segments)
        re.compile(pattern)
    except (ValueError, re.error):
        return None
    ends_inside = inside or (len(segments) > 1 and segments[-1] == "**")
    return Rule(number, text, body == text, f"{pattern}$", ends_inside, _anchor(segments) if anchored else ())


def _collapsed(segments: list[str]) -> list[str]:
    """Without repetitions of `**`."""
    return [part for i, part in enumerate(segments) if part != "**" or i == 0 or segments[i - 1] != "**"]


def _whole(segments: list[str]) -> str:
    """The expression for the whole path, and for everything below it.

    What follows a wildcard is taken where it is first found, and never looked for again: the next wildcard can bridge
    all that a later place could. So no pattern takes exponential time, unless a set in it matches slashes, which a `*`
    cannot bridge.
    """
    if segments == ["**"]:
        return ".+"
    names = {i: _name(segment) for i, segment in enumerate(segments) if segment not in ("*", "**")}
    once = "(?:" if any(crosses for _, crosses in names.values()) else "(?>"
    parts, slash, close, last = [], False, "", len(segments) - 1
    for i, segment in enumerate(segments):
        if segment == "**":
            parts += [close, "/.*" if i == last else f"{once}(?:.+?/)??" if i == 0 else f"{once}(?:/.+?)??"]
            slash, close = i > 0, "" if i == last else "(?=/|$))"
            continue
        parts += ["/"] if slash else []
        parts.append("[^/]+" if segment == "*" else _with_stars(names[i][0], once))
        parts += [close, "(?:/.*)?"] if i == last else []
        slash = True
    return "".join(parts)


def _with_stars(parts: list[str], once: str) -> str:
    """The expression for one name, from those of what is between its `*`."""
    first, *more = parts
    return first + "".join(f"{once}[^/]*?{part})" for part in more[:-1]) + "".join(f"[^/]*{part}" for part in more[-1:])


def _name(glob: str) -> tuple[list[str], bool]:
    """The expressions of what is between the `*` of one name; and does a set in it match a slash?

    Raises:
        ValueError: it ends with an escape of nothing.
    """
    parts, crosses, i = [""], False, 0
    while i < len(glob):
        char, i = glob[i], i + 1
        if char == "\\":
            if i == len(glob):
                raise ValueError(glob)
            parts[-1] += re.escape(glob[i])
            i += 1
        elif char == "[" and (end := _bracket_end(glob, i)):
            found = _bracket(glob[i : end - 1])
            parts[-1] += found
            crosses = crosses or re.match(found, "/") is not None
            i = end
        elif char == "*":
            parts.append("")
        else:
            parts[-1] += "[^/]" if char == "?" else re.escape(char)
    return parts, crosses


def _bracket_end(glob: str, start: int) -> int:
    """Behind the `]` that closes what opened before `start`; 0 if nothing does."""
    i = start + 1 if glob[start : start + 1] == "!" else start
    i += glob[i : i + 1] == "]"
    return glob.find("]", i) + 1


def _bracket(content: str) -> str:
    """The expression for the characters between brackets; `!` negates and `^` does not, as in Azure ML's client."""
    sign = {"!": "^", "^": r"\^"}.get(content[:1], "")
    rest = content[1:] if sign else content
    return f"[{sign}{_SET_SIGNS.sub(_escaped, rest)}]"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _anchor(segments: list[str]) -> tuple[str, ...]:
    """The names without wildcards that a pattern begins with, but for its last one."""
    found = []
    for segment in segments[:-1]:
        if re.search(r"[*?\[\\]", segment):
            break
        found.append(segment)
    return tuple(found)


def _any_of(rules: Iterable[Rule]) -> Match:
    patterns = list(dict.fromkeys(rule.pattern for rule in rules))
    return re.compile("|".join(patterns)).match if patterns else _never


def _never(_: str) -> None:
    return None


def _matches(rule: Rule, path: str) -> bool:
    return re.match(rule.pattern, path) is not None


def _takes_all(rule: Rule, path: str) -> bool:
    """Does a rule match a path in such a way that it matches everything below it too?"""
    return _matches(rule, path) or (rule.inside and _matches(rule, f"{path}/"))


def _can_match_in(folder: tuple[str, ...], anchor: tuple[str, ...]) -> bool:
    common = min(len(folder), len(anchor))
    return folder[:common] == anchor[:common]
