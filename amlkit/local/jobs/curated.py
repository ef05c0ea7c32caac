"""What stands for the curated environments of Azure ML, which are images: a table of families and their main packages.

Only families are listed whose name says what they hold, so that `sklearn-1.5` is a scikit-learn of that version. An
environment that is in no family is refused by name. Used by `conda`, and by `assets` to refuse at submit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REFERENCE = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/environments/(?P<long>[^/]+)/(?:versions|labels)/(?P<version>[^/]+)"
    r"|(?:azureml:)?(?P<short>AzureML-[^:@/]+)(?:[:@](?P<label>[^/]*))?",
    re.IGNORECASE,
)
_FAMILY = re.compile(
    r"(?:azureml-)?(?:acpt-|ai-studio-)?(?P<family>[a-z]+(?:-sdk-v2)?)(?:-(?P<version>\d+\.\d+))?(?=-|$)"
)
_PYTHON = re.compile(r"-py(\d)(\d+)(?=-|$)")
_TRACKING = ("mlflow-skinny", "azureml-mlflow")
_TABLES = ("numpy", "pandas", "scipy", "joblib", "matplotlib", "tqdm")


@dataclass(frozen=True)
class StandIn:
    """Packages, as pip's lines, and a Python (`3.8`) if the name says one."""

    name: str
    python: str
    lines: tuple[str, ...]


FAMILIES: Mapping[str, tuple[str, ...]] = {
    "sklearn": ("scikit-learn=={version}.*", *_TABLES, *_TRACKING),
    "lightgbm": ("lightgbm=={version}.*", "scikit-learn", *_TABLES, *_TRACKING),
    "pytorch": ("torch=={version}.*", "torchvision", *_TABLES, *_TRACKING),
    "tensorflow": ("tensorflow=={version}.*", *_TABLES, *_TRACKING),
    "python-sdk-v2": ("azure-ai-ml", "azure-identity", *_TRACKING),
    "minimal": (),
}
"""The first word of a name, and what it comes to; `{version}` is the number in the name."""


def is_reference(text: str) -> bool:
    """Does it name an environment of a registry or a curated one, and no image?"""
    return _REFERENCE.fullmatch(text) is not None


def label(reference: str) -> str:
    """For people: `sklearn-1.5:14`."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return reference
    return f"{found['long'] or found['short']}:{found['version'] or found['label'] or 'latest'}"


def stand_in(reference: str) -> StandIn | None:
    """What to build for a reference; None if it is of no family."""
    found = _REFERENCE.fullmatch(reference)
    if found is None or (found["registry"] or "azureml").lower() != "azureml":
        return None
    name = found["long"] or found["short"]
    match = _FAMILY.match(name.lower())
    lines = FAMILIES.get(match["family"]) if match else None
    if match is None or lines is None or (match["version"] is None and any("{version}" in line for line in lines)):
        return None
    python = _PYTHON.search(name.lower())
    filled = tuple(line.format(version=match["version"]) for line in lines)
    return StandIn(name, f"{python[1]}.{python[2]}" if python else "", filled)


def unknown(reference: str) -> str:
    """The refusal, with what to do."""
    families = ", ".join(
        f"{name}-<version>" if any("{" in line for line in FAMILIES[name]) else name for name in FAMILIES
    )
    return (
        f"the environment is not in the local Azure ML: {reference}; "
        f"curated ones of these families are: {families}; for others use an image with a conda file"
    )
