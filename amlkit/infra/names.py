"""Names that Azure must find legal and unique: made here from the names of projects, stacks, pipelines, workspaces.

`azure_name` is the one function; `RULES` holds what Azure asks of each kind of resource (Microsoft's page "Naming rules
and restrictions for Azure resources"; for Azure ML's own kinds its REST specification and its quota page).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from amlkit import digest
from amlkit.errors import DefinitionError, Problem

Scope = Literal["world", "region", "parent"]
"""Where a name must be the only one: `world` for what becomes a host's name, `parent` for a group or a workspace."""


@dataclass(frozen=True)
class NameRule:
    """What Azure takes: from `least` to `most` characters; letters and digits, and dashes if `dashes`."""

    least: int
    most: int
    unique: Scope
    dashes: bool = True
    letter_first: bool = False
    lower: bool = False


RULES: Mapping[str, NameRule] = {
    "resource-group": NameRule(1, 90, "parent"),
    "storage-account": NameRule(3, 24, "world", dashes=False, lower=True),
    "key-vault": NameRule(3, 24, "world", letter_first=True),
    "container-registry": NameRule(5, 50, "world", dashes=False),
    "insights": NameRule(1, 255, "parent"),
    "log-analytics": NameRule(4, 63, "parent"),
    "identity": NameRule(3, 128, "parent"),
    "workspace": NameRule(3, 33, "parent"),
    "endpoint": NameRule(3, 32, "region", letter_first=True),
    "data-factory": NameRule(3, 63, "world"),
    "databricks": NameRule(3, 64, "parent"),
}
"""By the kind of resource, as `azure_name` takes it."""


def azure_name(kind: str, *parts: str, salt: tuple[str, ...] = ()) -> str:
    """`digits-prod-3f9a1c`: a name that Azure takes, the same for the same arguments.

    Args:
        kind: one of `RULES`.
        parts: what is to be read in it, most telling first: the name, then the stack.
        salt: what makes it the only one where that is needed (subscription, location); it enters the six digits at
            the end only. Names that need to be unique in their parent alone have no digits unless they are cut.

    Raises:
        DefinitionError: there is no such kind.
    """
    if kind not in RULES:
        raise DefinitionError([Problem("azure_name", f"no such kind: {kind}", f"there are: {', '.join(RULES)}")])
    rule = RULES[kind]
    readable = _readable(rule, "-".join(parts))
    suffix = digest.short(digest.of([*parts, *salt]))
    joint = "-" if rule.dashes else ""
    if rule.unique == "parent" and rule.least <= len(readable) <= rule.most:
        return readable
    return f"{readable[: rule.most - len(suffix) - len(joint)].rstrip('-')}{joint}{suffix}"


def endpoint_name(pipeline: str, stack: str, workspace_id: str) -> str:
    """`training-local-3f9a1c`: 3 to 32 letters, digits and dashes, a letter first, the same for the same three."""
    return azure_name("endpoint", pipeline, stack, salt=(workspace_id.lower(),))


def deployment_name(version: str) -> str:
    """`v` and the first 12 digits of what is deployed."""
    return f"v{version[:12]}"


def without_dashes(name: str) -> str:
    """The logical name of what Azure names by 3 to 24 lower-case letters and digits: storage, Data Lake accounts.

    It has 16 characters at most; 8 more are the suffix of Pulumi's auto-name.
    """
    return name.replace("-", "").lower()[:16]


def _readable(rule: NameRule, text: str) -> str:
    joint = "-" if rule.dashes else ""
    readable = re.sub(r"[^A-Za-z0-9]+", joint, text).strip("-")
    if rule.lower:
        readable = readable.lower()
    if rule.letter_first and not readable[:1].isalpha():
        readable = f"p{joint}{readable}".rstrip("-")
    return readable or "p"
