"""What the arguments of several computes share: texts and tags, VM sizes, ssh keys; and the name of a compute."""

from __future__ import annotations

import re
from typing import Annotated

from pulumi_azure_native import machinelearningservices as ml
from pydantic import AfterValidator, ValidationInfo, field_validator

from amlkit import vmsizes
from amlkit.errors import DefinitionError, Problem

from ..args import Args, Text, wrong
from ..identities import Identities

_NAME = re.compile(r"[A-Za-z](?![A-Za-z0-9-]*-\d+$)[A-Za-z0-9-]{1,23}")


class ComputeArgs(Args):
    """What every compute takes: a text for people, and tags."""

    description: str | None = None
    tags: dict[str, str] | None = None


class ActingArgs(ComputeArgs):
    """Of those that act as somebody: their own identity, user-assigned ones, or nobody."""

    identity: Identities = "system"


class SizedArgs(Args):
    """A VM size, as it was written: Azure does not mind the case, but another writing would look like a change.

    It is one of the table `amlkit.vmsizes`; `vm_size_check=False` lets a newer one pass.
    """

    vm_size_check: bool = True
    vm_size: str

    @field_validator("vm_size")
    @classmethod
    def _is_known(cls, name: str, info: ValidationInfo) -> str:
        if not info.data.get("vm_size_check", True) or vmsizes.find(name) is not None:
            return name
        close = vmsizes.close(name)
        hint = (
            f"did you mean {', '.join(f'`{each}`' for each in close)}?" if close else "the table is `amlkit.vmsizes`;"
        )
        raise wrong(f"no VM size of Azure ML: {name}", f"{hint} a newer size passes with `vm_size_check=False`")


def check_name(name: str, place: str) -> str:
    """The name, if Azure ML takes it for a compute: 2 to 24 letters, digits and dashes (its REST API's rule).

    Raises:
        DefinitionError: it does not.
    """
    if not _NAME.fullmatch(name):
        what = f"not a name that Azure ML takes for a compute: {name}"
        hint = "2 to 24 letters, digits and dashes, a letter first, and more than digits after the last dash"
        raise DefinitionError([Problem(place, what, hint)])
    return name


def _ssh_key(value: str) -> str:
    if "PRIVATE" in value:
        raise wrong("this is a private key", "give the public one: the file that ends with `.pub`")
    if not re.match(r"(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) [A-Za-z0-9+/=]+", value):
        raise wrong("not a public key in OpenSSH's form", "the content of a file like `~/.ssh/id_ed25519.pub`")
    return value


PublicKey = Annotated[str, AfterValidator(_ssh_key)]
"""A public key in OpenSSH's form; a private one is refused."""


def duration(minutes: int) -> str:
    """Minutes as ARM writes them: `PT30M`."""
    return f"PT{minutes}M"


def resource_id(value: Text | None) -> ml.ResourceIdArgs | None:
    """A subnet as azure-native takes it."""
    return None if value is None else ml.ResourceIdArgs(id=value)
