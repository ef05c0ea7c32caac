"""Settings: Pulumi's configuration as a typed, frozen record, with every bad key reported at once.

A project derives its own class in `infra/settings.py`; a field `max_nodes` is the key `<project>:maxNodes`. Objects are
written in the stack's YAML, or key by key: `pulumi config set --path <project>:network.isolation internet-outbound`.
"""

from __future__ import annotations

import json
from typing import Any, Literal, Self

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from amlkit.errors import DefinitionError, Problem, near

from .args import problems_of, wrong
from .computes.arguments import SizedArgs
from .computes.cluster import ClusterArgs
from .conventions import Conventions
from .platform_args import PlatformName, PlatformOptions

_LOCATION = "azure-native:location"


class Settings(PlatformOptions, Conventions, SizedArgs):
    """What `Platform.from_settings` needs; every field has the default of a small platform.

    Besides its own: those of `PlatformOptions` (what is made, and how it is reached), and those of `Conventions`
    (tags, names, protection, adoption).
    """

    model_config = ConfigDict(populate_by_name=False, validate_default=True)

    name: PlatformName = Field(default_factory=pulumi.get_project)
    vm_size: str = "Standard_DS3_v2"
    priority: Literal["dedicated", "low-priority"] | None = None
    min_nodes: int = Field(default=0, ge=0)
    max_nodes: int = Field(default=4, ge=1)
    idle_minutes: int = Field(default=2, ge=1)
    subnet: str | None = None

    @model_validator(mode="after")
    def _cluster_is_one(self) -> Self:
        try:
            self.cluster()
        except DefinitionError as error:
            first = error.problems[0]
            raise wrong(first.what, first.hint) from None
        return self

    def cluster(self) -> ClusterArgs:
        """The cluster that they describe.

        Raises:
            DefinitionError: settings that do not go together.
        """
        return ClusterArgs.of(
            "cluster",
            vm_size_check=self.vm_size_check,
            vm_size=self.vm_size,
            priority=self.priority,
            min_nodes=self.min_nodes,
            max_nodes=self.max_nodes,
            idle_minutes=self.idle_minutes,
            subnet=self.subnet,
        )

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
        settings, found = cls._read(project, keys)
        problems += found
        if settings is None or problems:
            raise DefinitionError(problems)
        return settings

    @classmethod
    def _read(cls, project: str, keys: dict[str, Any]) -> tuple[Self | None, list[Problem]]:
        """The settings, or all that is wrong: of single keys first, then of how the good ones go together."""
        try:
            return cls.model_validate(keys), []
        except ValidationError as error:
            problems = [
                cls._problem(project, keys, item, problem)
                for item, problem in zip(error.errors(include_url=False), problems_of(error, ""), strict=True)
            ]
            bad = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
        good = {key: value for key, value in keys.items() if key not in bad}
        if bad and len(good) < len(keys):
            problems += cls._read(project, good)[1]
        return None, problems

    @classmethod
    def _problem(cls, project: str, keys: dict[str, Any], found: Any, problem: Problem) -> Problem:
        place = f"{project}:{'.'.join(str(part) for part in found['loc'])}"
        if found["type"] == "extra_forbidden":
            return _unknown(place, found["loc"], _names(cls, found["loc"][:-1]))
        if found["loc"] == ("name",) and "name" not in keys:
            return Problem(place, f"the project's name cannot name the platform: {project}", f"set `{project}:name`")
        hint = f"pulumi config set {place} …" if found["type"] == "missing" else problem.hint
        return Problem(place.rstrip(":"), problem.what[:1].lower() + problem.what[1:], hint)


def _names(model: Any, path: tuple[Any, ...]) -> list[str]:
    """The keys that there are at a place: in `network`, those of `Network`."""
    fields = {to_camel(name): field for name, field in model.model_fields.items()}
    if not path:
        return sorted(fields)
    inner = fields[str(path[0])].annotation
    return _names(inner, path[1:]) if hasattr(inner, "model_fields") else []


def _unknown(place: str, path: tuple[Any, ...], names: list[str]) -> Problem:
    close = near(str(path[-1]), names)
    whole = f"{place.removesuffix(str(path[-1]))}{close[0]}" if close else ""
    return Problem(place, "no such setting", f"did you mean `{whole}`?" if close else f"there are: {', '.join(names)}")


def _no_location() -> Problem:
    return Problem(_LOCATION, "is not set", f"pulumi config set {_LOCATION} westeurope")


def _is_of(key: str, project: str) -> bool:
    return key.startswith(f"{project}:")


def _value(text: Any) -> Any:
    """Pulumi keeps lists and objects as JSON, everything else as text."""
    return json.loads(text) if isinstance(text, str) and text[:1] in ("[", "{") else text
