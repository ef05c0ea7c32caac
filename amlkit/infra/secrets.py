"""Secrets in arguments: texts or Outputs that never show themselves, and Pulumi secrets from then on."""

from __future__ import annotations

import re
from typing import Annotated, Any, overload

import pulumi
from pydantic import BeforeValidator, SecretStr

from .args import wrong


def _secret(value: Any) -> Any:
    if isinstance(value, str) and (not value or re.search(r"\s", value)):
        raise wrong("a secret that is empty or holds white space", "did its file end with a line break?")
    return hidden(value)


def _private_key(value: Any) -> Any:
    if isinstance(value, str) and "PRIVATE KEY-----" not in value:
        raise wrong("not a private key", "the content of a file that begins with `-----BEGIN … PRIVATE KEY-----`")
    return hidden(value)


def hidden(value: Any) -> Any:
    """A text as one that does not show itself; an Output as it is.

    Raises:
        PydanticCustomError: it is neither.
    """
    if isinstance(value, pulumi.Output | SecretStr) or value is None:
        return value
    if not isinstance(value, str):
        raise wrong(f"a secret is a text or an Output, not a {type(value).__name__}")
    return SecretStr(value)


PrivateKey = Annotated[pulumi.Output[str] | SecretStr, BeforeValidator(_private_key)]
"""The content of a private key's file."""

Secret = Annotated[pulumi.Output[str] | SecretStr, BeforeValidator(_secret)]
"""A text, or an Output such as `pulumi.Config().require_secret("token")`. It never shows itself."""


@overload
def secret_output(value: pulumi.Output[str] | SecretStr) -> pulumi.Output[str]: ...
@overload
def secret_output(value: None) -> None: ...
def secret_output(value: pulumi.Output[str] | SecretStr | None) -> pulumi.Output[str] | None:
    """The secret as Pulumi keeps it: encrypted in state and history, `[secret]` in everything that is shown."""
    if value is None:
        return None
    return pulumi.Output.secret(value.get_secret_value() if isinstance(value, SecretStr) else value)
