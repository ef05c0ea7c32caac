"""A YAML component's environment, form and specification, as far as they differ from those of a class.

Called by `component` and `render`. An environment that is written down in the YAML has no lock: what azure-ai-ml
would register anonymously is registered as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import digest
from ..errors import Problem
from ..manifest import DEFINITION_PROPERTY
from .definition import StepDefinition
from .environment import Environment
from .lockfile import Lock


@dataclass(frozen=True)
class InlineEnvironment:
    """An image and the text of a conda file, as the YAML gives them. `warnings`: it is not locked."""

    image: str
    conda: str
    warnings: tuple[Problem, ...] = ()
    reference = ""

    @property
    def definition(self) -> str:
        """The definition digest: the two texts."""
        return digest.of({"form": 1, "kind": "environment", "image": self.image, "conda": self.conda})

    def body(self) -> dict[str, Any]:
        """What is registered."""
        return {
            "image": self.image,
            **({"condaFile": self.conda} if self.conda else {}),
            "osType": "Linux",
            "isAnonymous": False,
            "properties": {DEFINITION_PROPERTY: self.definition},
        }


def environment_of(step: StepDefinition) -> tuple[Environment | InlineEnvironment | None, tuple[Problem, ...]]:
    """The environment of a YAML step; None for a pipeline, which has none of its own."""
    import yaml

    where = f"{step.name}.environment"
    if step.spec.get("type") == "pipeline":
        return None, ()
    inline = step.spec.get("environment")
    if isinstance(inline, str):
        return _referred(inline, where), ()
    if not isinstance(inline, Mapping):
        return None, (Problem(where, "there is none", "name one in the YAML: `environment: azureml:…`"),)
    if "build" in inline or not inline.get("image"):
        return None, (Problem(where, "only an image, with or without a conda file, is supported", "name an `image`"),)
    conda = inline.get("conda_file")
    text = conda if isinstance(conda, str) else yaml.safe_dump(conda) if conda else ""
    unlocked = Problem(where, "the environment is not locked", "make the step a class with a locked environment")
    return InlineEnvironment(str(inline["image"]), text, (unlocked,)), ()


def _referred(text: str, where: str) -> Environment:
    """One that is registered already: the YAML's word for it goes to the wire as it is."""
    of_a_workspace = not text.startswith("azureml://")
    hint = "name one of a registry, or make the step a class with an environment of its own"
    wrong = Problem(where, f"`{text}` must be there in every workspace that this is published in", hint)
    return Environment("", Lock(()), reference=text, warnings=(wrong,) if of_a_workspace else ())


def form(step: StepDefinition) -> dict[str, Any]:
    """The part of the definition digest that is the specification; computes, components and texts are no part."""
    spec = {key: value for key, value in step.spec.items() if key != "environment"}
    spec["inputs"] = {name: _port_form(body) for name, body in (spec.get("inputs") or {}).items()}
    spec["outputs"] = {name: _port_form(body) for name, body in (spec.get("outputs") or {}).items()}
    if "jobs" in spec:
        left_out = ("computeId", "componentId", "trial")
        spec["jobs"] = {
            name: {key: value for key, value in body.items() if key not in left_out}
            for name, body in spec["jobs"].items()
        }
    return spec


def _port_form(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("description", "default")}
