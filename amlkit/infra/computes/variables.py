"""The environment variables of the article (`AML_DATABRICKS_…`, `AML_ADLA_…`), behind what the program says.

Used by the attachments of Databricks and of Data Lake Analytics; what is said nowhere is told, all of it at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi

from amlkit.errors import DefinitionError, Problem

from ..args import Args
from ..ids import subscription_of
from .arguments import check_name
from .base import Workspacelike

Environment = Mapping[str, str]
_Args = TypeVar("_Args", bound=Args)


@dataclass(frozen=True)
class Variable:
    """What stands for an argument that the program leaves out, and the `argument` that is advised instead."""

    field: str
    name: str
    argument: str


def completed(args: _Args, place: str, variables: Sequence[Variable], environment: Environment) -> _Args:
    """The arguments, with what they leave out from the environment.

    Raises:
        DefinitionError: everything that is said nowhere, at `place`.
    """
    known: dict[str, Any] = {name: getattr(args, name) for name in type(args).model_fields}
    problems = []
    for each in variables:
        known[each.field] = known[each.field] or environment.get(each.name) or None
        if known[each.field] is None:
            problems.append(_unsaid(f"{place}.{each.field}", each.name, each.argument))
    if problems:
        raise DefinitionError(problems)
    return type(args).of(place, **known)


def name_of(given: str | None, place: str, variable: str) -> str:
    """The compute's name.

    Raises:
        DefinitionError: it is said nowhere, or Azure ML does not take it.
    """
    chosen = given or os.environ.get(variable)
    if not chosen:
        raise DefinitionError([_unsaid(f"{place}.name", variable, "name")])
    return check_name(chosen, f"{place}.name")


def id_beside(workspace: Workspacelike, group: Any, type_: str, name: str | None) -> pulumi.Output[str]:
    """The ARM id of something in the subscription of the workspace."""
    subscription = workspace.id.apply(subscription_of)
    return pulumi.Output.concat(
        "/subscriptions/", subscription, "/resourceGroups/", group, f"/providers/{type_}/{name}"
    )


def _unsaid(place: str, variable: str, argument: str) -> Problem:
    return Problem(place, "said neither by the program nor by the environment", f"give `{argument}`, or set {variable}")
