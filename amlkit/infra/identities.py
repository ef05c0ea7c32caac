"""As whom a workspace, a compute or a data factory acts: an identity of its own, user-assigned ones, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pulumi_azure_native import machinelearningservices as ml
from pydantic import BeforeValidator

from .args import wrong
from .ids import reference

_user_assigned = reference("Microsoft.ManagedIdentity/userAssignedIdentities")


def _identities(value: Any) -> Any:
    if value in ("system", "none"):
        return value
    if isinstance(value, str) and not value.startswith("/"):
        raise wrong(f"no identity: {value}", "`system`, `none`, or user-assigned identities (components or ARM ids)")
    given: Sequence[Any] = value if isinstance(value, list | tuple) else (value,)
    if not given:
        raise wrong("no identity in the list", "`none` is a compute without one")
    return tuple(_user_assigned(each) for each in given)


Identities: TypeAlias = Annotated[Literal["system", "none"] | tuple[Any, ...], BeforeValidator(_identities)]
"""`system`: one of its own. `none`. Or user-assigned ones, as components or ARM ids; Azure ML's computes take either
one of their own or others, never both."""


def identity_args(identity: Literal["system", "none"] | tuple[Any, ...]) -> ml.ManagedServiceIdentityArgs | None:
    """As azure-native's Azure ML takes it; None: without."""
    if identity == "none":
        return None
    if identity == "system":
        return ml.ManagedServiceIdentityArgs(type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED)
    return ml.ManagedServiceIdentityArgs(
        type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=list(identity)
    )
