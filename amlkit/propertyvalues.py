"""Pulumi's property values on the wire, without Pulumi's SDK: used by the engine and by the plugins.

Source of the signatures: Pulumi's resource property protocol (`sdk/go/common/resource`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the mark, not a secret
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Plain Python of a Struct: integral numbers become int, as they were before the wire made them doubles."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Any:
    """Plain Python of one wire value."""
    match value.WhichOneof("kind"):
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [from_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A Struct of plain Python."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        struct.fields[key].CopyFrom(to_value(value))
    return struct


def to_value(value: Any) -> struct_pb2.Value:
    """One wire value of plain Python (None, bool, int, float, str, lists, mappings)."""
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value))
    if isinstance(value, list | tuple):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[to_value(item) for item in value]))
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    raise TypeError(f"no property value for a {type(value).__name__}")


def is_secret(value: Any) -> bool:
    """Is this the wire's mark of a secret?"""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET


def secret(value: Any) -> dict[str, Any]:
    """A value marked as secret."""
    return {SIGNATURE: SECRET, "value": value}


def unsecret(value: Any) -> Any:
    """The value without any secret marks, at any depth."""
    if is_secret(value):
        return unsecret(value["value"])
    if isinstance(value, Mapping):
        return {key: unsecret(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [unsecret(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Is anything in it not known yet (previews only)?"""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == OUTPUT and "value" not in value:
            return True
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return isinstance(value, str) and value == UNKNOWN
