"""References to environments that Azure ML keeps: curated names and those of registries. Read by `environment`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import Problem

_REGISTRY = re.compile(r"azureml://registries/([\w.-]+)/environments/([\w.-]+)/(versions|labels)/([\w.-]+)")
_SHORT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:(?P<sign>[:@])(?P<version>[\w.-]+))?")
_PREFIX = "AzureML-"  # names of the older curated environments: the service looks them up itself
_HINT = (
    'as `Curated("sklearn-1.5")`, `Curated("azureml:AzureML-sklearn-1.5@latest")` or a full `azureml://registries/…`'
)


@dataclass(frozen=True)
class Reference:
    """Where an environment lies. `text` goes to the wire as it is; `is_pinned`: it names one version."""

    name: str
    text: str
    is_pinned: bool


def read(text: str, where: str) -> Reference | Problem:
    """What a user wrote, as a reference to the wire's taste."""
    if found := _REGISTRY.fullmatch(text):
        return Reference(found[2], text, found[3] == "versions")
    if text.startswith("azureml://"):
        return Problem(where, f"not an environment of a registry: {text}", _HINT)
    named = _SHORT.fullmatch(text.removeprefix("azureml:"))
    if named is None:
        return Problem(where, f"not the name of a curated environment: {text!r}", _HINT)
    name, sign, version = named["name"], named["sign"] or "@", named["version"] or "latest"
    is_pinned = sign == ":"
    if name.startswith(_PREFIX):
        return Reference(name, f"azureml:{name}{sign}{version}", is_pinned)
    if text.startswith("azureml:"):
        what = f"`{text}` is an environment of one workspace, which a definition for all of them cannot name"
        return Problem(where, what, "define it by `Conda`, `Requirements` or `Image`")
    kind = "versions" if is_pinned else "labels"
    return Reference(name, f"azureml://registries/azureml/environments/{name}/{kind}/{version}", is_pinned)
