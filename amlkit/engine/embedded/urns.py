"""URNs, and the names and references of providers: pure text, used by all of the engine.

Source of the shapes: Pulumi's resource names (`urn:pulumi:<stack>::<project>::<parent types$>type::name`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .resource import PROVIDER_PREFIX, STACK_TYPE


@dataclass(frozen=True)
class Urn:
    """The parts of a URN. `qualified_type` holds the parents' types too: `a:b:C$d:e:F`."""

    stack: str
    project: str
    qualified_type: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type."""
        return self.qualified_type.rsplit("$", 1)[-1]


def urn(stack: str, project: str, parent_urn: str, type: str, name: str) -> str:  # noqa: A002  Pulumi's word
    """The URN of a resource; a parent that is the stack leaves no trace in it."""
    above = parent_type(parent_urn)
    return f"urn:pulumi:{stack}::{project}::{above}{'$' if above else ''}{type}::{name}"


def parse(text: str) -> Urn:
    """The parts of a URN.

    Raises:
        ValueError: it is none.
    """
    parts = text.split("::", 3)
    if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
        raise ValueError(f"not a URN: {text}")
    return Urn(parts[0].removeprefix("urn:pulumi:"), parts[1], parts[2], parts[3])


def is_urn(text: str) -> bool:
    """Can `parse` read it?"""
    return text.startswith("urn:pulumi:") and text.count("::") >= 3


def parent_type(parent_urn: str) -> str:
    """What a parent adds to its children's URNs: its whole qualified type, nothing if it is the stack or none."""
    if not parent_urn:
        return ""
    parent = parse(parent_urn)
    return "" if parent.type == STACK_TYPE else parent.qualified_type


def stack_urn(stack: str, project: str) -> str:
    """The URN of the stack's own resource."""
    return urn(stack, project, "", STACK_TYPE, f"{project}-{stack}")


def package_of(type: str) -> str:  # noqa: A002  Pulumi's word
    """The package that serves a type: `toy` of `toy:index:Thing`; of a provider type, the package it is for."""
    if type.startswith(PROVIDER_PREFIX):
        return type.removeprefix(PROVIDER_PREFIX)
    return type.split(":", 1)[0]


def default_provider_name(version: str) -> str:
    """`default_3_29_0` for version 3.29.0, each pre-release and build part with one more `_`; `default` without one."""
    if not version:
        return "default"
    return "default_" + "_".join(re.split(r"[.+-]", version.removeprefix("v")))


def provider_reference(urn: str, id: str) -> str:  # noqa: A002  Pulumi's word
    """How a resource names its provider."""
    return f"{urn}::{id}"


def parse_reference(reference: str) -> tuple[str, str]:
    """URN and id of a provider reference.

    Raises:
        ValueError: it is none.
    """
    urn_text, mark, identifier = reference.rpartition("::")
    if not mark or not identifier:
        raise ValueError(f"not a provider reference: {reference}")
    parse(urn_text)
    return urn_text, identifier
