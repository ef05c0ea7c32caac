"""What holds for every resource of a platform, whichever component makes it: tags, names, protection, adoption.

One Pulumi transformation, made of `Conventions`. `Platform` gives it to all that is below it; `apply_to_stack` gives it
to what a program makes beside a platform as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pulumi
from pydantic import AfterValidator, Field, StringConstraints

from .args import Options
from .names import azure_name

_AZURE = "azure-native:"
_DATA = frozenset(
    f"{_AZURE}{name}"
    for name in (
        "resources:ResourceGroup",  # without it nothing in it stays
        "storage:StorageAccount",
        "storage:BlobContainer",
        "storage:FileShare",
        "keyvault:Vault",
        "datalakestore:Account",
    )
)
_NAMED = {
    f"{_AZURE}resources:ResourceGroup": ("resource_group_name", "resource-group"),
    f"{_AZURE}storage:StorageAccount": ("account_name", "storage-account"),
    f"{_AZURE}keyvault:Vault": ("vault_name", "key-vault"),
    f"{_AZURE}applicationinsights:Component": ("resource_name", "insights"),
    f"{_AZURE}containerregistry:Registry": ("registry_name", "container-registry"),
    f"{_AZURE}managedidentity:UserAssignedIdentity": ("resource_name", "identity"),
    f"{_AZURE}machinelearningservices:Workspace": ("workspace_name", "workspace"),
}
_ADOPTED = r"^[A-Za-z]+\.[A-Za-z0-9_-]+$"


def _few(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"at most {_MOST_TAGS} tags beside the two of the stack, given: {len(tags)}")
    return tags


_MOST_TAGS = 13  # Azure's limit for those kinds that take the fewest is 15
TagName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^<>%&\\?/]+$")]
TagValue = Annotated[str, StringConstraints(max_length=256)]
Tags = Annotated[Mapping[TagName, TagValue], AfterValidator(_few)]


class Conventions(Options):
    """What holds for everything of a platform.

    `tags` are added to `project` and `stack`, on everything that Azure can tag. `protect` refuses to delete or
    replace: `data` means the storage, its containers and shares, the key vault, and the group that holds them.
    `retain` leaves these on Azure when they leave the stack. With `names: stable` what Azure needs unique is named
    by name and stack (`amlkit.infra.names`) instead of at random. `adopt` takes over what exists: from
    `<Type>.<logical name>` (`StorageAccount.digits`) to an ARM id. What is adopted stays as it is found, whatever the
    program says, until it is taken out of `adopt` again: the next plan then shows what would be made of it.
    """

    tags: Tags = Field(default_factory=dict)
    protect: Literal["none", "data", "all"] = "none"
    retain: Literal["none", "data"] = "none"
    names: Literal["random", "stable"] = "random"
    adopt: Mapping[Annotated[str, StringConstraints(pattern=_ADOPTED)], Annotated[str, Field(pattern="^/")]] = Field(
        default_factory=dict
    )

    def conventions(self) -> Conventions:
        """These alone, of a record that holds more (`Settings`)."""
        return Conventions(**{name: getattr(self, name) for name in Conventions.model_fields})

    def apply_to_stack(self) -> None:
        """They hold for everything of the program from here on."""
        pulumi.runtime.register_stack_transformation(self.transformation())

    def transformation(self) -> pulumi.ResourceTransformation:
        """For the `transformations` of `ResourceOptions`."""

        def apply(found: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            if not found.type_.startswith(_AZURE) or found.opts.id is not None:  # others' things are only read
                return None
            props, opts = dict(found.props), found.opts
            adopted = self.adopt.get(f"{found.type_.rpartition(':')[2]}.{found.name}")
            if adopted is not None:
                as_it_is = pulumi.ResourceOptions(import_=adopted, ignore_changes=["*"])
                opts = pulumi.ResourceOptions.merge(opts, as_it_is)
            else:
                self._name(found.type_, found.name, props)
                self._tag(props)
            return pulumi.ResourceTransformationResult(props, self._kept(found.type_, opts))

        return apply

    def _name(self, type_: str, name: str, props: dict[str, Any]) -> None:
        key, kind = _NAMED.get(type_, ("", ""))
        if self.names == "stable" and key and props.get(key) is None:
            config = pulumi.Config("azure-native")
            salt = (pulumi.get_project(), config.get("subscriptionId") or "", config.get("location") or "")
            props[key] = azure_name(kind, name, pulumi.get_stack(), salt=salt)

    def _tag(self, props: dict[str, Any]) -> None:
        if "tags" in props:
            ours = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), **self.tags}
            theirs = props["tags"]
            props["tags"] = (
                pulumi.Output.from_input(theirs).apply(lambda known: {**ours, **(known or {})}) if theirs else ours
            )

    def _kept(self, type_: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        is_data = type_ in _DATA
        protect = self.protect == "all" or (self.protect == "data" and is_data)
        said = pulumi.ResourceOptions(
            protect=True if protect and opts.protect is None else None,
            retain_on_delete=True if self.retain == "data" and is_data and opts.retain_on_delete is None else None,
        )
        return pulumi.ResourceOptions.merge(opts, said)
