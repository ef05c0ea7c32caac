"""The base of all component arguments: checked where they are made, with all that is wrong told as ours is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import pulumi
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from amlkit.errors import DefinitionError, Problem, near

Text = str | pulumi.Output[str]  # a text that may be known only when its resource is made


class Args(BaseModel):
    """Arguments of a component: frozen, typed, nothing unknown.

    Raises:
        DefinitionError: all that is wrong with them, at the name of the class; `of` says a place of its own.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # an input may be a secret
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise DefinitionError(problems_of(error, type(self).__name__, type(self).model_fields)) from None

    # Arguments inside of others are then pydantic's to build, not this method's, so that their places stay whole
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def of(cls, place: str, **values: Any) -> Self:
        """The checked arguments.

        Raises:
            DefinitionError: all that is wrong with them, at `place`.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise DefinitionError(problems_of(error, place, cls.model_fields)) from None


class Options(Args):
    """Arguments that are settings too: in the configuration `public_access` is written `publicAccess`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def problems_of(error: ValidationError, place: str, known: Any = ()) -> list[Problem]:
    """Pydantic's findings as ours: `cluster.max_nodes: Input should be greater than 0`.

    A name that there is not at the top is answered with the nearest of `known`, a text that a pattern refuses with the
    field's own example.
    """
    problems = []
    for item in error.errors(include_url=False):
        where = ".".join([place, *(str(part) for part in item["loc"])])
        hint = str((item.get("ctx") or {}).get("hint", ""))
        if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
            close = near(str(item["loc"][0]), known)
            hint = f"did you mean `{close[0]}`?" if close else ""
        if item["type"] == "string_pattern_mismatch" and isinstance(known, Mapping) and item["loc"][0] in known:
            hint = ", ".join(f"such as `{example}`" for example in known[item["loc"][0]].examples or ())
        problems.append(Problem(where, item["msg"].removeprefix("Value error, "), hint))
    return problems


def wrong(what: str, hint: str = "") -> PydanticCustomError:
    """What a validator raises where a plain ValueError would say too little: the finding with its next move."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "hint": hint})
