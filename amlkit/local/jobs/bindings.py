"""What a step is given when its turn comes: literals and data, after following its bindings. Pure.

Used by `reuse` (to fingerprint) and by the runner (to start).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .records import Component, Port, Source, Step

PARENT_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}")
Produced = Mapping[str, Mapping[str, Any]]
_MODES = {"readonlymount": "ro_mount", "romount": "ro_mount", "mount": "ro_mount"}
_MODES |= {"readwritemount": "rw_mount", "rwmount": "rw_mount", "evalmount": "eval_mount"}
_MODES |= {"evaldownload": "eval_download"}


@dataclass(frozen=True)
class Given:
    """One input with its value: a literal's text, or the URI of data and how it is delivered."""

    port: Port
    text: str
    mode: str


def given(step: Step, component: Component, inputs: Mapping[str, Any], produced: Mapping[str, Produced]) -> list[Given]:
    """The inputs that have a value, in the order of the component's ports.

    `inputs` are the run's (`{"name": {"value" or "uri"}}`), `produced` the outputs of finished steps by step name.
    """
    return of_ports(component.inputs, step.inputs, inputs, produced)


def of_ports(
    ports: Iterable[Port], sources: Mapping[str, Source], inputs: Mapping[str, Any], produced: Mapping[str, Produced]
) -> list[Given]:
    """The ports that have a value, of a step or of a nested pipeline; what is not produced yet has none."""
    found = []
    for port in ports:
        source = sources.get(port.name)
        text = None if source is None else _value(source, inputs, produced)
        if text is None and (source is None or source.kind != "step"):
            text = port.default
        if text is not None:
            found.append(Given(port, text, mode_name(source.mode if source else port.mode)))
    return found


def missing(step: Step, component: Component, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(input, input of the pipeline) where a required input is bound to one that has no value in this run."""
    needed = {port.name for port in component.inputs if not port.optional and port.default is None}
    return [
        (name, source.text)
        for name, source in step.inputs.items()
        if name in needed and source.kind == "parent" and source.text not in inputs
    ]


def mode_name(text: str) -> str:
    """`ReadOnlyMount` and `ro_mount` as `ro_mount`; what is no mode stays as it is, without capitals and bars."""
    plain = text.replace("_", "").lower()
    return _MODES.get(plain, plain)


def _value(source: Source, inputs: Mapping[str, Any], produced: Mapping[str, Produced]) -> str | None:
    if source.kind == "parent":
        return _input_text(inputs.get(source.text))
    if source.kind == "step":
        made = produced.get(source.text, {}).get(source.output)
        return None if made is None else str(made["uri"])

    def text(match: re.Match[str]) -> str:
        return _input_text(inputs.get(match[1])) or ""

    return PARENT_INPUT.sub(text, source.text) if source.kind == "literal" else source.text


def _input_text(item: Mapping[str, Any] | None) -> str | None:
    return None if item is None else str(item.get("value", item.get("uri")))
