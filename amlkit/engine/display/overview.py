"""A stack at a glance, its outputs and lists of stacks as text, in the Pulumi CLI's form; `stackcommands` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from amlkit.digest import compact_json

from ..embedded.resource import STACK_TYPE
from .ledger import name_of


def overview(stack: str, latest: Mapping[str, Any], values: Mapping[str, Any], *, urns: bool, ids: bool) -> list[str]:
    """Lines of a stack: when it was written, its resources as a tree, its outputs. `latest` is the state as JSON."""
    manifest, resources = latest.get("manifest") or {}, latest.get("resources") or []
    lines = [f"Current stack is {stack}:"]
    if written := str(manifest.get("time", "")):
        lines += [f"    Last updated: {ago(written)} ({written})", f"    Version used: {manifest.get('version', '')}"]
    lines.append(f"Current stack resources ({len(resources)}):")
    lines += _tree(resources, urns, ids) or ["    No resources currently in this stack"]
    return lines + (["", *outputs(values)] if values else [])


def _tree(resources: list[dict[str, Any]], urns: bool, ids: bool) -> list[str]:
    children: dict[str, list[dict[str, Any]]] = {}
    known = {each["urn"] for each in resources}
    top = next((each["urn"] for each in resources if each["type"] == STACK_TYPE), "")
    orphans = [each for each in resources if not each.get("parent") and each["urn"] != top]  # default providers: last
    for each in [*(other for other in resources if other not in orphans), *orphans]:
        parent = each.get("parent") or (top if each["urn"] != top else "")
        children.setdefault(parent if parent in known else "", []).append(each)
    rows = list(_branches("", "", children))
    width = max((len(guide) + len(each["type"]) for guide, _, each in rows), default=0)
    lines = [f"    {'TYPE':<{width}}  NAME"] if rows else []
    for guide, below, each in rows:
        lines.append(f"    {guide + each['type']:<{width}}  {name_of(each['urn'])}")
        lines += [f"    {below}  URN: {each['urn']}"] if urns else []
        lines += [f"    {below}  ID: {each['id']}"] if ids and each.get("id") else []
    return lines


def _branches(
    parent: str, lead: str, children: Mapping[str, list[dict[str, Any]]]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    family = children.get(parent, [])
    for index, each in enumerate(family):
        last = index == len(family) - 1
        guide = f"{lead}{'└─ ' if last else '├─ '}" if parent else ""
        below = f"{lead}{'   ' if last else '│  '}" if parent else ""
        inner = below + ("│" if children.get(each["urn"]) and not each.get("delete") else " ")
        yield guide, inner, each
        if not each.get("delete"):  # a replaced one shares its URN with what replaced it, which has the children
            yield from _branches(each["urn"], below, children)


def outputs(values: Mapping[str, Any]) -> list[str]:
    """Lines of the stack's outputs, secrets already masked."""
    head = f"Current stack outputs ({len(values)}):"
    if not values:
        return [head, "    No output values currently in this stack"]
    rows = [("OUTPUT", "VALUE"), *((key, value(values[key])) for key in values)]
    return [head, *(f"    {line}" for line in table(rows))]


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines with the cells of each column below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def value(given: Any) -> str:
    """An output as text: what is no text is JSON."""
    return given if isinstance(given, str) else compact_json(given)


def ago(timestamp: str) -> str:
    """`now`, `5 seconds ago`, `2 days ago`; `n/a` for no time stamp."""
    try:
        moment = datetime.fromisoformat(timestamp.partition(".")[0].rstrip("Z")).replace(tzinfo=UTC)
    except ValueError:
        return "n/a"
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= length:
            number = seconds // length
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "now"
