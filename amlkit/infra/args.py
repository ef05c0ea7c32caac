"""The base of all component arguments, and the escape hatch that all components share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

import pulumi
from pydantic import BaseModel, ConfigDict, ValidationError

from amlkit.errors import DefinitionError, Problem

Text = str | pulumi.Output[str]  # a text that may be known only when its resource is made

Transform = Callable[[Any], None]
"""Called with the arguments of each azure-native resource (`StorageAccountArgs`, …) just before it is made; it may
change them. This is how a component is bent where it has no argument for it."""

_Resource = TypeVar("_Resource", bound=pulumi.CustomResource)


class Args(BaseModel):
    """Arguments of a component: frozen, typed, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @classmethod
    def of(cls, place: str, **values: Any) -> Self:
        """The checked arguments.

        Raises:
            DefinitionError: all that is wrong with them, at `place`.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise DefinitionError(problems_of(error, place)) from None


def problems_of(error: ValidationError, place: str) -> list[Problem]:
    """Pydantic's findings as ours: `cluster.max_nodes: Input should be greater than 0`."""
    return [
        Problem(".".join([place, *(str(part) for part in item["loc"])]), item["msg"])
        for item in error.errors(include_url=False)
    ]


def made(
    kind: Callable[..., _Resource], name: str, args: Any, transform: Transform | None, opts: pulumi.ResourceOptions
) -> _Resource:
    """An azure-native resource from its arguments, after the transform has seen them."""
    if transform is not None:
        transform(args)
    return kind(name, args, opts)
