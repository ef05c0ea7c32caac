"""The base of all component arguments, and the one way in which components make azure-native resources."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Self, TypeVar

import pulumi
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from amlkit.errors import DefinitionError, Problem, near

from .rules import with_rules

Text = str | pulumi.Output[str]  # a text that may be known only when its resource is made

Transform = Callable[[Any], None]
"""Called with the arguments of each azure-native resource (`StorageAccountArgs`, …) just before it is made; it may
change them. This is how a component is bent where it has no argument for it."""

_Resource = TypeVar("_Resource", bound=pulumi.CustomResource)
_GROUP = r"/subscriptions/[^/]+/resourceGroups/[^/]+"


class Args(BaseModel):
    """Arguments of a component: frozen, typed, nothing unknown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # an input may be a secret
    )

    @classmethod
    def of(cls, place: str, **values: Any) -> Self:
        """The checked arguments.

        Raises:
            DefinitionError: all that is wrong with them, at `place`.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise DefinitionError(problems_of(error, place, cls.model_fields)) from None


class Options(Args):
    """Arguments that are settings too: in the configuration `public_access` is written `publicAccess`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def problems_of(error: ValidationError, place: str, known: Any = ()) -> list[Problem]:
    """Pydantic's findings as ours: `cluster.max_nodes: Input should be greater than 0`.

    A name that there is not at the top is answered with the nearest of `known`.
    """
    problems = []
    for item in error.errors(include_url=False):
        where = ".".join([place, *(str(part) for part in item["loc"])])
        hint = str((item.get("ctx") or {}).get("hint", ""))
        if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
            close = near(str(item["loc"][0]), known)
            hint = f"did you mean `{close[0]}`?" if close else ""
        problems.append(Problem(where, item["msg"].removeprefix("Value error, "), hint))
    return problems


def wrong(what: str, hint: str = "") -> PydanticCustomError:
    """What a validator raises where a plain ValueError would say too little: the finding with its next move."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "hint": hint})


def arm_id(type_: str) -> AfterValidator:
    """A check: a text, where it is known already, is the ARM id of a resource of this type; empty is none.

    The type is written as ARM does (`Microsoft.KeyVault/vaults`); `resourceGroups` is a resource group.
    """
    below = "" if type_ == "resourceGroups" else f"/providers/{re.escape(type_)}/[^/]+"
    pattern = re.compile(_GROUP + below, re.IGNORECASE)

    def check(value: Any) -> Any:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"not the id of one of `{type_}`: {value}")
        return value

    return AfterValidator(check)


StorageAccountId = Annotated[Text, arm_id("Microsoft.Storage/storageAccounts")]
VaultId = Annotated[Text, arm_id("Microsoft.KeyVault/vaults")]
InsightsId = Annotated[Text, arm_id("Microsoft.Insights/components")]
RegistryId = Annotated[Text, arm_id("Microsoft.ContainerRegistry/registries")]
IdentityId = Annotated[Text, arm_id("Microsoft.ManagedIdentity/userAssignedIdentities")]
WorkspaceId = Annotated[Text, arm_id("Microsoft.MachineLearningServices/workspaces")]


def made(
    kind: Callable[..., _Resource], name: str, args: Any, transform: Transform | None, opts: pulumi.ResourceOptions
) -> _Resource:
    """An azure-native resource from its arguments, after the transform has seen them.

    What Azure refuses to update is a replacement (`amlkit.infra.rules`).
    """
    if transform is not None:
        transform(args)
    return kind(name, args, with_rules(getattr(kind, "pulumi_type", ""), args, opts))
