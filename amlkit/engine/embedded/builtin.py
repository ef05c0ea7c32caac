"""The provider that is no plugin: `pulumi:pulumi:StackReference`, read from the same backend; made by `registry`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import struct_pb2

from amlkit.engine.naming import USE_CLI
from amlkit.errors import EngineError
from amlkit.propertyvalues import unsecret

from .decide import Diff
from .providers import Checked, Outcome, Provider
from .resource import Resource
from .values import contains_secret

PACKAGE = "pulumi"
REFERENCE_TYPE = "pulumi:pulumi:StackReference"

StackReader = Callable[[str], "Mapping[str, Any] | None"]
"""Outputs of a stack by its full name, secrets marked; None if there is no such stack."""


class Builtin(Provider):
    """Answers what a plugin would, for stack references only."""

    def __init__(self, read_stack: StackReader) -> None:
        self.inputs: Mapping[str, Any] | None = None
        self._read_stack = read_stack

    def check_config(self, resource: Resource, olds: Mapping[str, Any]) -> Checked:
        """Its configuration is always right."""
        return Checked(resource.inputs)

    def diff_config(self, old: Resource, new: Resource) -> Diff:
        """Its configuration never changes."""
        return Diff(False)

    def configure(self, resource: Resource) -> None:
        """Nothing to configure."""
        self.inputs = resource.inputs

    def check(self, resource: Resource, olds: Mapping[str, Any]) -> Checked:
        """Stack references are read, never registered; nothing else is known here."""
        raise self._unknown(resource.type)

    def diff(self, old: Resource, inputs: Mapping[str, Any], ignore_changes: Iterable[str]) -> Diff:
        """Nothing that is read differs from itself."""
        return Diff(False)

    def read(self, resource: Resource, properties: Mapping[str, Any]) -> Outcome:
        """The outputs of the stack that `name` says.

        Raises:
            EngineError: there is no such stack.
        """
        if resource.type != REFERENCE_TYPE:
            raise self._unknown(resource.type)
        name = str(unsecret(resource.inputs.get("name", "")))
        outputs = self._read_stack(name)
        if outputs is None:
            raise EngineError(f'unknown stack "{name}"')
        secrets = sorted(key for key, value in outputs.items() if contains_secret(value))
        read = {"name": name, "outputs": dict(outputs), "secretOutputNames": secrets}
        return Outcome(resource.id, read, resource.inputs)

    def delete(self, resource: Resource) -> None:
        """Nothing to delete."""

    def invoke(self, token: str, arguments: struct_pb2.Struct, *, preview: bool) -> Any:
        """No function of it is known here."""
        raise self._unknown(token)

    def close(self) -> None:
        """Nothing to end."""

    def kill(self) -> None:
        """Nothing to end."""

    def _unknown(self, what: str) -> EngineError:
        return EngineError(f"`{what}` is not supported by the embedded engine", hint=USE_CLI)
