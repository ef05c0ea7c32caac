"""Pulumi's words and symbols for operations, and the lines made of them; used by every textual display."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..events import Op, StepEvent

TITLES: Mapping[tuple[str, bool], str] = {
    ("up", True): "Previewing update",
    ("up", False): "Updating",
    ("refresh", True): "Previewing refresh",
    ("refresh", False): "Refreshing",
    ("destroy", True): "Previewing destroy",
    ("destroy", False): "Destroying",
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
}

# operations in the order of the summary, with the words for a plan and for what was done
_SUMMARY = (Op.CREATE, Op.UPDATE, Op.DELETE, Op.REPLACE, Op.READ, Op.DISCARD)
_DELETING = (Op.DELETE, Op.DELETE_REPLACED, Op.REPLACE)  # where keeping what is there makes a difference
_TOP_KEY = re.compile(r'^(?:\["((?:[^"\\]|\\.)*)"\]|([^.\[]+))')


def status(event: StepEvent, planned: bool, elapsed: float = 0.0) -> str:
    """What a step is at: `create`, `creating (3s)`, `created (0.30s)`, `**creating failed**`."""
    words = WORDS[seen_as(event)]
    if event.state == "failed":
        return f"**{words.running or 'update'} failed**"
    if not words.plan:
        return ""
    kept = kept_mark(event)
    if planned:
        return words.plan + kept
    if event.state == "started":
        return f"{words.running} ({elapsed:.0f}s){kept}"
    return f"{words.done} ({duration(event.seconds)}){kept}"


def kept_mark(event: StepEvent) -> str:
    """What a delete says of a resource that stays in the cloud."""
    return " [retain]" if event.retain and event.op in _DELETING else ""


def seen_as(event: StepEvent) -> Op:
    """The operation to show: a refresh that is done is what it found, unless an update is what follows."""
    if event.op is not Op.REFRESH or event.state != "done":
        return event.op
    return Op.DELETE if event.gone else Op.UPDATE if event.changes and not event.ahead else Op.REFRESH


def is_quiet(event: StepEvent) -> bool:
    """Is there nothing to say: unchanged, or a refresh that has found nothing (yet)?"""
    if event.op is Op.REFRESH and event.state == "done":
        return not event.changes and not event.gone
    return event.state != "failed" and event.op in (Op.SAME, Op.REFRESH)


def is_default_provider(event: StepEvent) -> bool:
    """Is the step about a provider that the engine made by itself? Such ones are not shown."""
    name = event.urn.rsplit("::", 1)[-1]
    return event.type.startswith("pulumi:providers:") and (name == "default" or name.startswith("default_"))


def duration(seconds: float) -> str:
    """`0.30s`, `12s`, `2m5s`."""
    if seconds < 1:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def difference(changes: Mapping[str, str]) -> str:
    """`[diff: +added-removed~changed]`, by the properties at the top; nothing if nothing differs."""
    groups: dict[str, set[str]] = {"+": set(), "-": set(), "~": set()}
    for path, kind in changes.items():
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
