"""Variants of components for an order without data: the same component with ports that carry it (see `signals`).

`training__after_2__done` waits for two others and says when it is done. A variant is a matter of the wire: its
definition digest is that of the component, the order is in the digest of the pipeline. Called by `compiler`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .. import digest
from ..components.ports import PortType
from ..manifest import Asset
from .signals import AFTER, DONE

_NOT_SIMPLE = re.compile(r"[\n;&|#<>()]|\b(exit|exec|set)\b")


@dataclass(frozen=True)
class Variant:
    """What is added to a component: inputs of these types to wait for, an output that says that it is done."""

    after: tuple[PortType, ...] = ()
    done: bool = False

    @property
    def suffix(self) -> str:
        """What is added to the component's name."""
        waits = f"__after_{len(self.after)}" if self.after else ""
        return f"{waits}{'__done' if self.done else ''}{self._types}"

    @property
    def _types(self) -> str:
        """Nothing, but where something else than a folder is waited for."""
        if all(each is PortType.FOLDER for each in self.after):
            return ""
        return "_" + digest.short(digest.of([str(each) for each in self.after]))

    def inputs(self) -> dict[str, dict[str, str]]:
        """The added inputs in a component's specification."""
        return {f"{AFTER}{number}": {"type": str(each)} for number, each in enumerate(self.after, start=1)}


PLAIN = Variant()


def of_step(asset: Asset, variant: Variant) -> Asset:
    """A variant of the component of a step, whose command goes on to say that it is done."""
    if variant == PLAIN:
        return asset
    name = asset.name + variant.suffix
    spec: dict[str, Any] = {**asset.body["componentSpec"], "name": name}
    spec["inputs"] = {**spec.get("inputs", {}), **variant.inputs()}
    if variant.done:
        spec["outputs"] = {**spec.get("outputs", {}), DONE: {"type": str(PortType.FOLDER)}}
        spec["command"] = _and_say_so(spec["command"])
    return replace(asset, name=name, slot=asset.slot + variant.suffix, body={**asset.body, "componentSpec": spec})


def _and_say_so(command: str) -> str:
    """What is more than one plain command gets a shell of its own, so that its end is not the end of the line."""
    line = command.strip()
    if _NOT_SIMPLE.search(re.sub(r"\$\{\{.*?\}\}", "", line)):
        line = f"(\n{line}\n)"
    folder = f"${{{{outputs.{DONE}}}}}"
    return f"{line} && mkdir -p {folder} && echo done > {folder}/done"
