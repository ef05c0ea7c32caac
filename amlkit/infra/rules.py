"""What Azure refuses to change although azure-native plans it as an update: our components replace instead.

One table, a reason beside each row; `made` (`making.py`) applies it to every resource that a component makes. What the
provider itself replaces (path parameters, locations, `isHnsEnabled`, `principalId`) needs no row. `source` says how
Azure's refusal is known: `documented`, or `inferred` from its REST specification or from the service's own clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi


@dataclass(frozen=True)
class Rule:
    """A changed input that makes another resource: its path in Pulumi's writing, why, and how that is known.

    `optional`: a program may send it or not, and to begin or to end sending it is a change as well. To add such a row,
    or to mark one, replaces what sends the input already: then only with a word in the changelog.
    """

    path: str
    reason: str
    source: Literal["documented", "inferred"]
    optional: bool = False


_NODE = "the nodes of a cluster are made with it; only its scale, identity and tags can be updated"
_BOUND = "a workspace keeps what it was made with"
_PLACE = "a datastore is made for one place; what it says of itself and its credentials can be updated"
_GRANT = "a role assignment cannot be updated: principal, scope and role are its identity"

RULES: Mapping[str, tuple[Rule, ...]] = {
    "azure-native:machinelearningservices:Compute": (
        Rule("properties.computeType", "another kind of compute is another compute", "inferred"),
        Rule("properties.resourceId", "an attachment stays with what it was attached to", "inferred"),
        Rule("properties.properties.vmSize", _NODE, "documented"),
        Rule("properties.properties.vmPriority", _NODE, "inferred", optional=True),
        Rule("properties.properties.osType", _NODE, "inferred"),
        Rule("properties.properties.subnet", _NODE, "inferred", optional=True),
        Rule("properties.properties.enableNodePublicIp", _NODE, "inferred"),
        Rule("properties.properties.remoteLoginPortPublicAccess", _NODE, "inferred"),
        Rule("properties.properties.userAccountCredentials", _NODE, "inferred", optional=True),
    ),
    "azure-native:machinelearningservices:Workspace": (
        Rule("storageAccount", f"{_BOUND}: its default datastores lie there", "documented"),
        Rule("keyVault", f"{_BOUND}: its secrets lie there", "documented"),
        Rule("hbiWorkspace", f"{_BOUND}: it decides how data is encrypted from the start", "documented", optional=True),
        Rule("location", f"{_BOUND}: there is no move between regions", "documented"),
    ),
    "azure-native:machinelearningservices:Datastore": (
        Rule("properties.datastoreType", _PLACE, "inferred"),
        Rule("properties.accountName", _PLACE, "inferred"),
        Rule("properties.containerName", _PLACE, "inferred"),
        Rule("properties.fileShareName", _PLACE, "inferred"),
        Rule("properties.filesystem", _PLACE, "inferred"),
        Rule("properties.storeName", _PLACE, "inferred"),
    ),
    "azure-native:authorization:RoleAssignment": (
        Rule("roleDefinitionId", _GRANT, "documented"),
        Rule("principalType", _GRANT, "inferred"),
    ),
}
"""By Pulumi's type."""

_DELETED_FIRST = {
    "azure-native:machinelearningservices:Compute": True,  # the name is the program's: two cannot be there at once
    "azure-native:machinelearningservices:Datastore": True,  # likewise; the data stays
    "azure-native:authorization:RoleAssignment": False,  # the new one has another name, and comes first
}


def with_rules(type_: str, args: Any, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """The options of a resource of this type, made of these arguments, with its rows of the table.

    A row counts where the program sends its input: then any other value replaces. That an optional input is no longer
    sent, or is sent for the first time, is told by a trigger, not by the row: what Azure answers as default would else
    look like something that was taken away, and replace what was just adopted.
    """
    rules = RULES.get(type_)
    if not rules:
        return opts
    sent = [rule for rule in rules if _is_sent(args, rule.path)]
    ours = pulumi.ResourceOptions(
        replace_on_changes=[rule.path for rule in sent],
        replacement_trigger=[rule.path for rule in sent if rule.optional],
        delete_before_replace=_DELETED_FIRST.get(type_),
    )
    return pulumi.ResourceOptions.merge(ours, opts)


def _is_sent(args: Any, path: str) -> bool:
    value = args
    for part in path.split("."):
        name = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", part)
        value = value.get(name, value.get(part)) if isinstance(value, Mapping) else getattr(value, name, None)
        if value is None or isinstance(value, pulumi.Output):
            return value is not None
    return True
