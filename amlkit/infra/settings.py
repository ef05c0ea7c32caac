"""A stack's settings: Pulumi's configuration as a typed, frozen record, with every bad key reported at once.

A project derives its own class in `infra/settings.py`; a field `max_nodes` is the key `<project>:maxNodes`.
"""

from __future__ import annotations

import difflib
import json
from typing import Any, Literal, Self

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from amlkit.errors import DefinitionError, Problem

_LOCATION = "azure-native:location"


class Settings(BaseModel):
    """What `Platform.from_settings` needs; every field has the default of a small platform."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_default=True)

    name: str = Field(default_factory=pulumi.get_project, pattern=r"^[a-z][a-z0-9-]{1,14}[a-z0-9]$")
    vm_size: str = "Standard_DS3_v2"
    min_nodes: int = Field(0, ge=0)
    max_nodes: int = Field(4, ge=1)
    idle_minutes: int = Field(2, ge=1)
    datastore_credentials: Literal["identity", "account-key"] = "identity"

    @classmethod
    def load(cls) -> Self:
        """The settings of the selected stack.

        Raises:
            DefinitionError: everything in the configuration that is missing, unknown or wrong.
        """
        project = pulumi.get_project()
        known = CONFIG.get() or get_config_env()
        keys = {key.removeprefix(f"{project}:"): _value(text) for key, text in known.items() if _is_of(key, project)}
        problems = [] if known.get(_LOCATION) else [_no_location()]
        try:
            settings = cls(**keys)
        except ValidationError as error:
            problems += [cls._problem(project, keys, dict(item)) for item in error.errors(include_url=False)]
        if problems:
            raise DefinitionError(problems)
        return settings

    @classmethod
    def _problem(cls, project: str, keys: dict[str, Any], found: dict[str, Any]) -> Problem:
        place = f"{project}:{'.'.join(str(part) for part in found['loc'])}"
        names = [to_camel(name) for name in cls.model_fields]
        if found["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(found["loc"][0]), names, n=1)
            hint = f"did you mean `{project}:{close[0]}`?" if close else f"there are: {', '.join(sorted(names))}"
            return Problem(place, "no such setting", hint)
        if found["loc"] == ("name",) and "name" not in keys:
            return Problem(place, f"the project's name cannot name the platform: {project}", f"set `{project}:name`")
        hint = f"pulumi config set {place} …" if found["type"] == "missing" else ""
        return Problem(place, found["msg"][:1].lower() + found["msg"][1:], hint)


def _no_location() -> Problem:
    return Problem(_LOCATION, "is not set", f"pulumi config set {_LOCATION} westeurope")


def _is_of(key: str, project: str) -> bool:
    return key.startswith(f"{project}:")


def _value(text: Any) -> Any:
    """Pulumi keeps lists and objects as JSON, everything else as text."""
    return json.loads(text) if isinstance(text, str) and text[:1] in ("[", "{") else text
