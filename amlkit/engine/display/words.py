"""Pulumi's words and symbols for operations, and the lines made of them; used by every textual display."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..embedded import paths
from ..events import Op, StepEvent
from .look import Look

_DEFAULT = Look()

TITLES: Mapping[tuple[str, bool], str] = {
    ("up", True): "Previewing update",
    ("up", False): "Updating",
    ("refresh", True): "Previewing refresh",
    ("refresh", False): "Refreshing",
    ("destroy", True): "Previewing destroy",
    ("destroy", False): "Destroying",
    ("import", True): "Previewing import",
    ("import", False): "Importing",
}


@dataclass(frozen=True)
class Words:
    """How one operation is named: in a preview, while it runs, when it is done."""

    symbol: str
    plan: str
    running: str
    done: str
    colour: str


WORDS: Mapping[Op, Words] = {
    Op.SAME: Words("  ", "", "", "", ""),
    Op.CREATE: Words("+ ", "create", "creating", "created", "green"),
    Op.UPDATE: Words("~ ", "update", "updating", "updated", "yellow"),
    Op.REPLACE: Words("+-", "replace", "replacing", "replaced", "magenta"),
    Op.CREATE_REPLACEMENT: Words("++", "create replacement", "creating replacement", "created replacement", "green"),
    Op.DELETE_REPLACED: Words("--", "delete original", "deleting original", "deleted original", "red"),
    Op.DELETE: Words("- ", "delete", "deleting", "deleted", "red"),
    Op.DISCARD: Words("< ", "discard", "discarding", "discarded", "red"),
    Op.READ: Words("> ", "read", "reading", "read", "cyan"),
    Op.REFRESH: Words("~ ", "refresh", "refreshing", "refreshed", "yellow"),
    Op.IMPORT: Words("= ", "import", "importing", "imported", "green"),
    Op.IMPORT_REPLACEMENT: Words(
        "=>", "import replacement", "importing replacement", "imported replacement", "magenta"
    ),
    Op.READ_REPLACEMENT: Words(">>", "read for replacement", "reading for replacement", "read for replacement", "cyan"),
    Op.DISCARD_REPLACED: Words("<<", "discard original", "discarding original", "discarded original", "red"),
    Op.REMOVE_PENDING_REPLACE: Words("~ ", "complete delete", "completing delete", "completed delete", "red"),
}

_PARTS = (
    *(Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED, Op.IMPORT_REPLACEMENT, Op.READ_REPLACEMENT),
    *(Op.DISCARD_REPLACED, Op.REMOVE_PENDING_REPLACE),
)
# operations in the order of the summary, with the words for a plan and for what was done
_SUMMARY = (Op.CREATE, Op.UPDATE, Op.DELETE, Op.REPLACE, Op.IMPORT)
_DELETING = (Op.DELETE, Op.DELETE_REPLACED, Op.REPLACE)  # where keeping what is there makes a difference
_TOP_KEY = re.compile(r'^(?:\["((?:[^"\\]|\\.)*)"\]|([^.\[]+))')


def status(event: StepEvent, planned: bool, elapsed: float = 0.0, look: Look = _DEFAULT) -> str:
    """What a step is at: `create`, `creating (3s)`, `created (0.30s)`, `**creating failed**`."""
    words = WORDS[seen_as(event)]
    if event.state == "failed":
        return f"**{words.running or 'update'} failed**"
    if not words.plan:
        return ""
    kept = kept_mark(event) + inert_mark(event, look)
    if planned:
        return words.plan + kept
    if event.state == "started":
        return f"{words.running} ({elapsed:.0f}s){kept}"
    return f"{words.done} ({duration(event.seconds)}){kept}"


def kept_mark(event: StepEvent) -> str:
    """What a delete says of a resource that stays in the cloud."""
    return " [retain]" if event.retain and event.op in _DELETING else ""


def inert_mark(event: StepEvent, look: Look) -> str:
    """What is said of a resource with nothing behind it."""
    return " [inert]" if event.type in look.inert else ""


def seen_as(event: StepEvent) -> Op:
    """The operation to show: a refresh that is done is what it found, unless an update is what follows."""
    if event.op is not Op.REFRESH or event.state != "done":
        return event.op
    return Op.DELETE if event.gone else Op.UPDATE if event.changes and not event.ahead else Op.REFRESH


def is_quiet(event: StepEvent, look: Look = _DEFAULT) -> bool:
    """Is there nothing to say: unchanged, only read, or a refresh that has found nothing (yet)?"""
    if event.op is Op.REFRESH and event.state == "done":
        return not (event.changes or event.gone or look.show_sames)
    hidden = {Op.SAME: not (look.show_sames or is_protection(event)), Op.REFRESH: True, Op.READ: not look.show_reads}
    return event.state != "failed" and hidden.get(event.op, False)


def is_protection(event: StepEvent) -> bool:
    """Is nothing changed but the `protect` of a resource?"""
    before, after = event.before, event.after
    return event.op is Op.SAME and before is not None and after is not None and before.protect != after.protect


def is_part(event: StepEvent) -> bool:
    """Is it a half of a replacement, which has an event of its own?"""
    return event.op in _PARTS


def duration(seconds: float) -> str:
    """`0.30s`, `12s`, `2m5s`."""
    if seconds < 1:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def is_hidden(event: StepEvent, path: str) -> bool:
    """Does the program want no difference shown at this path (`hide_diffs`)?"""
    return any(paths.covers(paths.parse(each), paths.parse(path)) for each in _unwanted(event))


def hidden(event: StepEvent) -> list[str]:
    """The paths that hide a difference of this step, as the program names them."""
    return sorted(
        {
            each
            for each in _unwanted(event)
            if any(paths.covers(paths.parse(each), paths.parse(path)) for path in event.changes)
        }
    )


def _unwanted(event: StepEvent) -> tuple[str, ...]:
    subject = event.after or event.before
    return subject.hide_diff if subject else ()


def difference(event: StepEvent) -> str:
    """`[diff: +added-removed~changed]`, by the properties at the top; nothing if nothing differs that may be shown."""
    groups: dict[str, set[str]] = {"+": set(), "-": set(), "~": set()}
    for path, kind in event.changes.items():
        if is_hidden(event, path):
            continue
        key = top_key(path)
        whole = key == path or path == f'["{key}"]'
        sign = {"add": "+", "delete": "-"}.get(kind.partition("-")[0], "~") if whole else "~"
        groups[sign].add(key)
    text = "".join(sign + ",".join(sorted(keys)) for sign, keys in groups.items() if keys)
    return f"[diff: {text}]" if text else ""


def top_key(path: str) -> str:
    """The first part of a property path: `a` of `a.b[0]`."""
    found = _TOP_KEY.match(path)
    return (found.group(1) or found.group(2)) if found else path


def resources(counts: Mapping[Op, int], planned: bool, failed: int) -> list[str]:
    """The lines under `Resources:`."""
    lines = []
    kinds = total = 0
    for op in _SUMMARY:
        if number := counts.get(op, 0):
            words = WORDS[op]
            lines.append(f"    {words.symbol}{number} {f'to {words.plan}' if planned else words.done}")
            kinds += 1
            total += number
    rest = [f"{total} changes"] if kinds > 1 else []
    rest += [f"{counts[Op.SAME]} unchanged"] if counts.get(Op.SAME) else []
    if rest:
        lines.append(f"    {'. '.join(rest)}")
    if failed:
        lines.append(f"    {failed} errored")
    return lines


def still_protected(count: int) -> str:
    """The last line of a destroy that leaves what is protected."""
    return (
        "All unprotected resources were destroyed. "
        f"There are still {count} protected resources associated with this stack."
    )


_PAINT = {"+": 32, "-": 31, "~": 33, ">": 36, "<": 31, "=": 32}
_BOLD, _RED, _MAGENTA = 1, 31, 35


def painted(line: str) -> str:
    """A line in the colour of its sign, with codes that any terminal knows."""
    text = line.strip()
    if line.startswith(" ") and text[:2] == "+-":
        code = _MAGENTA
    elif line.startswith(" ") and text[:1] in _PAINT:
        code = _PAINT[text[0]]
    elif text.startswith("error:"):
        code = _RED
    elif line and not line.startswith(" ") and line.endswith(":"):
        code = _BOLD
    else:
        return line
    return f"\x1b[{code}m{line}\x1b[0m"


def all_protected(count: int) -> str:
    """What a destroy says that finds nothing but protected resources."""
    return (
        "There were no unprotected resources to destroy. "
        f"There are still {count} protected resources associated with this stack."
    )
