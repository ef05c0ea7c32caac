"""Who may do what: user-assigned identities, role assignments, and the least roles that each part needs.

`NEEDS` is the one table of least roles; `Access` makes its rows for one principal, the guide for Azure prints it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_azure_native import authorization, managedidentity
from pydantic import field_validator

from amlkit.errors import near

from .args import Args, Text, wrong
from .making import Transform, made

_NAMESPACE = uuid.UUID("6f0b1d3a-2c54-4d43-9f0a-6d7f1f6f3c1b")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

ROLES: Mapping[str, str] = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "AcrPush": "8311e382-0749-4cb8-b61a-304f252e45ec",
    "AzureML Compute Operator": "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815",
    "AzureML Data Scientist": "f6c7c914-8db3-469d-8ca1-694a8f32e121",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage File Data Privileged Contributor": "69566ab7-960f-475b-8e7c-b3118f30c6bd",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
}
"""Azure's own roles that a platform needs: from the name to the GUID, which is the same in every tenant."""

Part = Literal["storage", "vault", "insights", "registry", "workspace"]
Who = Literal["cluster", "workspace", "publisher", "caller"]


@dataclass(frozen=True)
class Least:
    """One role that somebody needs, on which part of a platform, and what for."""

    part: Part
    role: str
    reason: str


NEEDS: Mapping[Who, tuple[Least, ...]] = {
    "cluster": (
        Least("storage", "Storage Blob Data Contributor", "steps read and write blob datastores that hold no key"),
        Least("registry", "AcrPull", "its nodes pull the images of environments"),
    ),
    "workspace": (
        Least("storage", "Contributor", "it sets up its default datastores"),
        Least("storage", "Storage Blob Data Contributor", "it writes logs and artifacts"),
        Least("storage", "Storage File Data Privileged Contributor", "it keeps notebooks in its file share"),
        Least("vault", "Contributor", "it checks the vault that it was given"),
        Least("vault", "Key Vault Administrator", "it keeps the secrets of datastores and connections"),
        Least("insights", "Contributor", "it sends traces"),
        Least("registry", "Contributor", "it builds and keeps images"),
    ),
    "publisher": (
        Least("workspace", "AzureML Data Scientist", "assets, endpoints and deployments, but no network or compute"),
        Least("storage", "Storage Blob Data Contributor", "code and data are uploaded with the login, not with a key"),
    ),
    "caller": (Least("workspace", "AzureML Data Scientist", "an invocation submits a job; no smaller role may"),),
}
"""The least roles: of a cluster's identity, of a user-assigned identity that a workspace acts as (its own identity gets
them from Azure when it is made), of who publishes pipelines, of who calls an endpoint."""


class Identity(pulumi.ComponentResource):
    """A user-assigned identity: `id` for what acts as it, `principal_id` for roles, `client_id` for logins."""

    def __init__(
        self,
        name: str,
        *,
        resource_group_name: Text,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Identity", name, None, opts)
        args = managedidentity.UserAssignedIdentityArgs(resource_group_name=resource_group_name)
        children = pulumi.ResourceOptions(parent=self)
        self.identity = made(managedidentity.UserAssignedIdentity, name, args, transform, children)
        self.id: pulumi.Output[str] = self.identity.id
        self.principal_id: pulumi.Output[str] = self.identity.principal_id
        self.client_id: pulumi.Output[str] = self.identity.client_id
        self.register_outputs({"id": self.id})


class GrantArgs(Args):
    """Arguments of `Grant`: who (an object id), which role (a name of `ROLES`, or a GUID), and on what (an ARM id)."""

    principal_id: Text
    role: str
    scope: Text
    principal_type: Literal["ServicePrincipal", "User", "Group"] = "ServicePrincipal"
    description: str | None = None

    @field_validator("role")
    @classmethod
    def _known(cls, role: str) -> str:
        if role not in ROLES and not _GUID.fullmatch(role):
            close = near(role, ROLES)
            hint = f"did you mean `{close[0]}`?" if close else f"a GUID, or one of: {', '.join(ROLES)}"
            raise wrong(f"no such role: {role}", hint)
        return role

    @field_validator("scope")
    @classmethod
    def _scope(cls, scope: Text) -> Text:
        if isinstance(scope, str) and not scope.startswith("/subscriptions/"):
            raise ValueError(f"not an ARM id: {scope}")
        return scope


class Grant(pulumi.ComponentResource):
    """A role assignment whose name says what it grants: the same grant has the same name in every state."""

    def __init__(
        self,
        name: str,
        args: GrantArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:Grant", name, None, opts)
        role = ROLES.get(args.role, args.role).lower()
        scope = pulumi.Output.from_input(args.scope)
        assignment = authorization.RoleAssignmentArgs(
            scope=scope.apply(lambda known: known.strip("/")),  # as an import finds it
            principal_id=args.principal_id,
            principal_type=args.principal_type,
            role_definition_id=scope.apply(lambda known: _definition(known, role)),
            role_assignment_name=pulumi.Output.all(args.principal_id, scope).apply(
                lambda known: assignment_name(known[0], role, known[1])
            ),
            description=args.description,
        )
        children = pulumi.ResourceOptions(parent=self)
        self.assignment = made(authorization.RoleAssignment, name, assignment, transform, children)
        self.register_outputs({"role": args.role})


class Access(pulumi.ComponentResource):
    """The least roles of one principal on the parts of a platform that are given (`NEEDS`)."""

    def __init__(
        self,
        name: str,
        *,
        who: Who,
        principal_id: Text,
        parts: Mapping[Part, Text | None],
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`parts` are ARM ids; a part that is None, or not there, is granted nothing on."""
        super().__init__("amlkit:infra:Access", name, None, opts)
        self.grants = tuple(
            Grant(
                f"{name}-{need.part}-{need.role.lower().replace(' ', '-')}",
                GrantArgs(principal_id=principal_id, role=need.role, scope=scope, description=need.reason),
                transform=transform,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for need in NEEDS[who]
            if (scope := parts.get(need.part)) is not None
        )
        self.assignments = [grant.assignment for grant in self.grants]
        self.register_outputs({})


def warn_ungranted(cluster: pulumi.Resource) -> None:
    """Say at a cluster, in the plan of a stack on Azure, that its identity may not read datastores without a key.

    The local Azure ML looks at no roles, so that a local stack hears nothing.
    """
    if pulumi.Config("amlkit").get("target") == "azure":
        role = NEEDS["cluster"][0].role
        text = f"without `grants` nobody gives the cluster's identity the role `{role}` on the storage: "
        pulumi.log.warn(f"{text}steps cannot read datastores that hold no key until somebody does", cluster)


def assignment_name(principal_id: str, role: str, scope: str) -> str:
    """The GUID of a grant; case of ids does not count."""
    return str(uuid.uuid5(_NAMESPACE, "|".join((principal_id, ROLES.get(role, role), scope)).lower()))


def _definition(scope: str, role: str) -> str:
    """The role as Azure answers it: below the subscription of what it is granted on."""
    subscription = "/".join(scope.split("/")[:3])
    return f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
