"""The format of a case, and reading it.

    title: A link that moves is replaced, and what hangs on it
    covers: create-before-delete; its dependants

    $ up
    a = Thing("a", zone="1")
    Thing("b", zone=a.shout)

    ! fault Create b
    $ up
    a = Thing("a", zone="2")
    Thing("b", zone=a.shout)

    $ up

The header ends with an empty line. Text before the first `$` begins every program. A line `$ …` is a command of the
CLI (`up`, `refresh`, `destroy`, `preview`, `import` get the flags that make them print events and ask nothing); the
text under it is the program from then on. `$ … @official` is carried out by the official engine alone: the embedded
one goes on from what that left. Lines `! …` prepare the command that follows:

    ! fault METHOD NAME [before|after] [error|partial|hang|exit] [always]   what the provider does, once
    ! cloud ID {"text": "x"}   change what exists, behind the engine's back        ! cloud ID gone
    ! file NAME "content"      write a file in the project's folder ("…" is JSON)
    ! env NAME=VALUE           from here on
    ! git COMMAND …            a command of git in the project's folder
    ! meanwhile WORD …         once the provider hangs: `interrupt`, `kill`, `kill-plugin`, `kill-program`, `release`,
                               `run COMMAND`; more than one are separated by `;`

Further header lines: `differs: why` with `differs-in: code messages …` (what the CLI does and the embedded engine does
otherwise on purpose); `refused: words` (not carried out by the embedded engine: each command fails with these words);
`alternate: no` (the story cannot change engines midway: what for).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
TOPICS = ("commands", "steps", "options", "hooks", "values", "state", "config", "failure", "takeover", "refused")
HEADER = ("title", "covers", "differs", "differs-in", "refused", "alternate")
OBSERVED = (
    *("code", "steps", "changes", "messages", "printed", "aside", "events", "course", "debug", "notes"),
    *("calls", "order", "state", "history", "settings", "cloud"),
)


class BadCaseError(Exception):
    """A case file that does not read."""


@dataclass(frozen=True)
class Step:
    """One command, what is prepared before it, and the program from then on (None: as it was)."""

    command: tuple[str, ...]
    program: str | None
    prepared: tuple[tuple[str, ...], ...] = ()
    meanwhile: tuple[tuple[str, ...], ...] = ()
    official: bool = False


@dataclass(frozen=True)
class Case:
    """A case; `name` is `topic/name`."""

    name: str
    title: str
    covers: str
    steps: tuple[Step, ...]
    differs: str = ""
    differs_in: tuple[str, ...] = ()
    refused: str = ""
    alternate: str = ""
    rough: bool = field(default=False)
    """Something dies or hangs in it: the embedded engine and the plugin need processes of their own."""

    @property
    def topic(self) -> str:
        return self.name.partition("/")[0]

    @property
    def expectation(self) -> Path:
        return FOLDER / f"{self.name}.json"

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.case"


def every() -> list[Case]:
    """All cases, in the order of the topics."""
    return [read(path) for topic in TOPICS for path in sorted((FOLDER / topic).glob("*.case"))]


def named(name: str) -> Case:
    """The case `topic/name`."""
    return read(FOLDER / f"{name}.case")


def read(path: Path) -> Case:
    """A case from its file; `BadCaseError` says what is wrong where."""
    name = f"{path.parent.name}/{path.stem}"
    head, _, body = path.read_text().partition("\n\n")
    header: dict[str, str] = {}
    for line in head.splitlines():
        key, mark, value = line.partition(": ")
        if not mark or key not in HEADER:
            raise BadCaseError(f"{name}: not a line of the header: {line}")
        header[key] = value.strip()
    differs_in = tuple(header.get("differs-in", "").split())
    if missing := {"title", "covers"} - header.keys():
        raise BadCaseError(f"{name}: the header lacks {', '.join(sorted(missing))}")
    if bool(header.get("differs")) != bool(differs_in) or set(differs_in) - set(OBSERVED):
        raise BadCaseError(f"{name}: `differs` goes with `differs-in`, which takes {', '.join(OBSERVED)}")
    steps = tuple(_steps(name, body))
    kinds = {word for step in steps for line in step.prepared if line[0] == "fault" for word in line}
    return Case(
        name,
        header["title"],
        header["covers"],
        steps,
        header.get("differs", ""),
        differs_in,
        header.get("refused", ""),
        header.get("alternate", "").removeprefix("no: "),
        rough=bool(kinds & {"hang", "exit"}) or "SIGKILL" in body,
    )


def _steps(name: str, body: str) -> list[Step]:
    common: list[str] = []
    steps: list[Step] = []
    lines: list[str] = common
    prepared: list[tuple[str, ...]] = []
    for line in [*body.splitlines(), "$ end"]:
        if line.startswith("! "):
            prepared.append(_words(name, line))
        elif line.startswith("$ "):
            if steps:
                steps[-1] = _with_program(steps[-1], common, lines)
            if line == "$ end":
                break
            lines = []
            steps.append(_step(name, line, prepared))
            prepared = []
        else:
            lines.append(line)
    if not steps:
        raise BadCaseError(f"{name}: no command")
    return steps


def _step(name: str, line: str, prepared: list[tuple[str, ...]]) -> Step:
    words = shlex.split(line[2:])
    official = words[-1] == "@official"
    command = tuple(words[:-1] if official else words)
    meanwhile = [part for words in prepared if words[0] == "meanwhile" for part in _parts(words[1:])]
    before = tuple(words for words in prepared if words[0] != "meanwhile")
    for each in before:
        if each[0] not in ("fault", "cloud", "file", "env", "git"):
            raise BadCaseError(f"{name}: not known: ! {' '.join(each)}")
    return Step(command, None, before, tuple(meanwhile), official)


def _parts(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [tuple(part.split()) for part in " ".join(words).split(";")]


def _words(name: str, line: str) -> tuple[str, ...]:
    words = line[2:].split(None, 2)
    if words[0] in ("cloud", "file"):
        if len(words) != 3 or (words[2] != "gone" and not _is_json(words[2])):
            raise BadCaseError(f"{name}: needs a name and JSON: {line}")
        return tuple(words)
    return tuple(line[2:].split())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _with_program(step: Step, common: list[str], lines: list[str]) -> Step:
    if not "".join(lines).strip():
        return step
    program = "\n".join([*common, *lines]).strip() + "\n"
    return Step(step.command, program, step.prepared, step.meanwhile, step.official)
