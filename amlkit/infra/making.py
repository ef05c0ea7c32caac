"""How components make azure-native resources: one way, with what they ask of the stack and of who is logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pulumi
from pulumi_azure_native import authorization

from .args import Text
from .rules import with_rules

Transform = Callable[[Any], None]
"""Called with the arguments of each azure-native resource (`StorageAccountArgs`, …) just before it is made; it may
change them. This is how a component is bent where it has no argument for it."""

_Resource = TypeVar("_Resource", bound=pulumi.CustomResource)


def made(
    kind: Callable[..., _Resource], name: str, args: Any, transform: Transform | None, opts: pulumi.ResourceOptions
) -> _Resource:
    """An azure-native resource from its arguments, after the transform has seen them.

    What Azure refuses to update is a replacement (`amlkit.infra.rules`).
    """
    if transform is not None:
        transform(args)
    return kind(name, args, with_rules(getattr(kind, "pulumi_type", ""), args, opts))


def id_of_read(resource: pulumi.CustomResource, id_: Text) -> pulumi.Output[str]:
    """The id of what is only read, known in a preview too.

    The SDK takes it for unknown where the engine does not answer it, as Pulumi CLIs that are older than the SDK.
    """
    return pulumi.Output.all(id_, resource.urn).apply(lambda both: str(both[0]))


def enabled(allowed: bool | None) -> str | None:
    """Azure's word for a switch; None leaves it to Azure."""
    return None if allowed is None else "Enabled" if allowed else "Disabled"


def tenant(parent: pulumi.Resource) -> Text:
    """The stack's if it names one, so that a preview needs no connection; else that of who is logged in."""
    return pulumi.Config("azure-native").get("tenantId") or _login(parent).tenant_id


def subscription(parent: pulumi.Resource) -> Text:
    """As `tenant`."""
    return pulumi.Config("azure-native").get("subscriptionId") or _login(parent).subscription_id


def _login(parent: pulumi.Resource) -> pulumi.Output[authorization.GetClientConfigResult]:
    return authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent))
