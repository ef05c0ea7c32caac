"""The storage account under a datastore: a `Storage` component, or any account by its ARM id or its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage as azure_storage

from amlkit.errors import DefinitionError, Problem, near
from amlkit.target import Target

from ..args import Text
from ..ids import group_of, subscription_of, type_of
from ..storage import Storage
from ..workspace import Workspace

_TYPE = "microsoft.storage/storageaccounts"
_NAME = re.compile(r"[a-z0-9]{3,24}")

Children = Mapping[str, azure_storage.BlobContainer | azure_storage.FileShare]


@dataclass(frozen=True)
class Account:
    """What a datastore says of its account. `suffix` follows `<account>.blob.` in the names of its hosts.

    `subscription` and `group` are those of an account that is named by its id, for it may lie anywhere; empty else.
    """

    name: Text
    key_group: Text
    suffix: Text
    subscription: str = ""
    group: str = ""
    component: Storage | None = None

    @classmethod
    def of(cls, given: Storage | Text, workspace: Workspace, place: str) -> Account:
        """The account that was given; a bare name is one in the workspace's resource group.

        Raises:
            DefinitionError: neither a name nor an id.
        """
        if isinstance(given, Storage):
            return cls(given.account.name, given.account.id.apply(group_of), given.suffix, component=given)
        suffix = Target.from_environment().storage_suffix
        if not isinstance(given, str):
            name = given.apply(lambda text: text.rpartition("/")[2])
            group = pulumi.Output.all(given, workspace.resource_group_name).apply(
                lambda both: group_of(both[0]) or both[1]
            )
            return cls(name, group, suffix)
        named = given.rpartition("/")[2]
        if type_of(given).lower() == _TYPE and _NAME.fullmatch(named.lower()):
            return cls(named, group_of(given), suffix, subscription_of(given), group_of(given))
        if _NAME.fullmatch(given):
            return cls(given, workspace.resource_group_name, suffix)
        hint = "3 to 24 lower-case letters and digits, `/subscriptions/…/storageAccounts/…`, or a `Storage`"
        raise DefinitionError([Problem(f"{place}.storage", f"not a storage account: {given}", hint)])

    def container(self, name: str, place: str) -> Text:
        """The name of a container or file system, known when it is made if it is one of ours.

        Raises:
            DefinitionError: the component has none of that name.
        """
        if self.component is None:
            return name
        return self._child(name, self.component.containers, place, "containers")

    def share(self, name: str, place: str) -> Text:
        """The name of a file share; as `container`."""
        if self.component is None:
            return name
        return self._child(name, self.component.shares, place, "shares")

    def url(self, service: str, container: Text) -> pulumi.Output[str]:
        """The address of a container, without a slash at the end."""
        return pulumi.Output.concat("https://", self.name, ".", service, ".", self.suffix, "/", container)

    def refuse_keys(self, place: str) -> None:
        """Fail when the plan is made if the account is ours and takes no shared keys."""
        if self.component is not None:
            self.component.account.allow_shared_key_access.apply(lambda allowed: _refuse(allowed, place))

    def _child(self, name: str, known: Children, place: str, kind: str) -> Text:
        child = known.get(name)
        if child is None:
            close = near(name, known)
            there = f"there are: {', '.join(known)}" if known else f"give the `Storage` its `{kind}`"
            hint = f"did you mean `{close[0]}`?" if close else there
            raise DefinitionError([Problem(place, f"the storage has no such thing among its {kind}: {name}", hint)])
        return child.name


def _refuse(allowed: bool | None, place: str) -> None:
    if allowed is False:
        what = "the storage account takes no shared keys"
        raise pulumi.RunError(str(Problem(f"{place}.credentials", what, "`identity`, or a `ServicePrincipal`")))
