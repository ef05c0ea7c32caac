"""What the arguments of all computes share: names, secrets, identities, references to what is attached, sizes.

The components are in `computes`, `instances`, `attached` and `attached_data`; the checks here need no connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import AfterValidator, BeforeValidator, SecretStr

from amlkit import vmsizes
from amlkit.errors import DefinitionError, Problem

from .args import Args, Text, wrong

_NAME = re.compile(r"[A-Za-z](?![A-Za-z0-9-]*-\d+$)[A-Za-z0-9-]{1,23}")
_SUBSCRIPTION = "/subscriptions/00000000-…/resourceGroups/group"


class ComputeArgs(Args):
    """What every compute takes: a text for people, and tags."""

    description: str | None = None
    tags: dict[str, str] | None = None


def check_name(name: str, place: str = "compute") -> str:
    """The name, if Azure ML takes it for a compute: 2 to 24 letters, digits and dashes (its REST API's rule).

    Raises:
        DefinitionError: it does not.
    """
    if not _NAME.fullmatch(name):
        what = f"not a name that Azure ML takes for a compute: {name}"
        hint = "2 to 24 letters, digits and dashes, a letter first, and more than digits after the last dash"
        raise DefinitionError([Problem(place, what, hint)])
    return name


def _secret(value: Any) -> Any:
    if isinstance(value, str) and (not value or re.search(r"\s", value)):
        raise wrong("a secret that is empty or holds white space", "did its file end with a line break?")
    return _hidden(value)


def _private_key(value: Any) -> Any:
    if isinstance(value, str) and "PRIVATE KEY-----" not in value:
        raise wrong("not a private key", "the content of a file that begins with `-----BEGIN … PRIVATE KEY-----`")
    return _hidden(value)


def _hidden(value: Any) -> Any:
    if isinstance(value, pulumi.Output | SecretStr) or value is None:
        return value
    if not isinstance(value, str):
        raise wrong(f"a secret is a text or an Output, not a {type(value).__name__}")
    return SecretStr(value)


PrivateKey = Annotated[pulumi.Output[str] | SecretStr, BeforeValidator(_private_key)]
Secret = Annotated[pulumi.Output[str] | SecretStr, BeforeValidator(_secret)]
"""A text, or an Output such as `pulumi.Config().require_secret("token")`. It never shows itself."""


def secret_output(value: pulumi.Output[str] | SecretStr | None) -> pulumi.Output[str] | None:
    """The secret as Pulumi keeps it: encrypted in state and history, `[secret]` in everything that is shown."""
    if value is None:
        return None
    return pulumi.Output.secret(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _id_of(*types: str) -> Callable[[Any], Any]:
    """A check: a component or resource with an `id`, an Output, or the ARM id of one of these types."""
    kinds = [each.lower() for each in types]

    def check(value: Any) -> Any:
        if value is None or isinstance(value, pulumi.Output):
            return value
        if not isinstance(value, str):
            found = getattr(value, "id", None)
            if found is None:
                raise wrong(f"neither an ARM id nor a resource: {type(value).__name__}")
            return found
        if _type_of(value).lower() not in kinds:
            wanted = " or ".join(f"`{each}`" for each in types)
            raise wrong(f"not the ARM id of {wanted}: {value}", f"it looks like {_example(types[0])}")
        return value

    return check


def _type_of(arm_id: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets` of the id of a subnet; "" if it is not an id."""
    found = re.fullmatch(
        r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/([^/]+)((?:/[^/]+/[^/]+)+)", arm_id, re.IGNORECASE
    )
    return f"{found[1]}/{'/'.join(found[2].split('/')[1::2])}" if found else ""


def _example(type_: str) -> str:
    namespace, *kinds = type_.split("/")
    return f"{_SUBSCRIPTION}/providers/{namespace}" + "".join(f"/{kind}/name" for kind in kinds)


SubnetRef = Annotated[Any, BeforeValidator(_id_of("Microsoft.Network/virtualNetworks/subnets"))]
KubernetesRef = Annotated[
    Any,
    BeforeValidator(
        _id_of("Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters"),
    ),
]
MachineRef = Annotated[Any, BeforeValidator(_id_of("Microsoft.Compute/virtualMachines"))]
DatabricksRef = Annotated[Any, BeforeValidator(_id_of("Microsoft.Databricks/workspaces"))]
AnalyticsRef = Annotated[Any, BeforeValidator(_id_of("Microsoft.DataLakeAnalytics/accounts"))]
FactoryRef = Annotated[Any, BeforeValidator(_id_of("Microsoft.DataFactory/factories"))]

_identity_id = _id_of("Microsoft.ManagedIdentity/userAssignedIdentities")


def _identities(value: Any) -> Any:
    if value in ("system", "none"):
        return value
    if isinstance(value, str) and not value.startswith("/"):
        raise wrong(f"no identity: {value}", "`system`, `none`, or user-assigned identities (components or ARM ids)")
    given: Sequence[Any] = value if isinstance(value, list | tuple) else (value,)
    if not given:
        raise wrong("no identity in the list", "`none` is a compute without one")
    return tuple(_identity_id(each) for each in given)


Identities: TypeAlias = Annotated[Literal["system", "none"] | tuple[Any, ...], BeforeValidator(_identities)]
"""`system`: one of its own. `none`. Or user-assigned ones, as components or ARM ids; Azure ML's computes take either
one of their own or others, never both."""


def identity_args(identity: Literal["system", "none"] | tuple[Any, ...]) -> ml.ManagedServiceIdentityArgs | None:
    """As azure-native takes it; None: without."""
    if identity == "none":
        return None
    if identity == "system":
        return ml.ManagedServiceIdentityArgs(type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED)
    return ml.ManagedServiceIdentityArgs(
        type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=list(identity)
    )


def known_size(name: str) -> str:
    """The VM size, as it was written: Azure does not mind the case, but another writing would look like a change.

    Raises:
        PydanticCustomError: it is not in the table; with what is spelt like it.
    """
    if vmsizes.find(name) is not None:
        return name
    close = vmsizes.close(name)
    hint = f"did you mean {', '.join(f'`{each}`' for each in close)}?" if close else "the table is `amlkit.vmsizes`;"
    raise wrong(f"no VM size of Azure ML: {name}", f"{hint} a newer size passes with `vm_size_check=False`")


def ssh_key(value: str) -> str:
    """A public key in OpenSSH's form.

    Raises:
        PydanticCustomError: it is none, or, worse, a private one.
    """
    if "PRIVATE" in value:
        raise wrong("this is a private key", "give the public one: the file that ends with `.pub`")
    if not re.match(r"(ssh-(rsa|ed25519)|ecdsa-sha2-\S+) [A-Za-z0-9+/=]+", value):
        raise wrong("not a public key in OpenSSH's form", "the content of a file like `~/.ssh/id_ed25519.pub`")
    return value


PublicKey = Annotated[str, AfterValidator(ssh_key)]


def duration(minutes: int) -> str:
    """Minutes as ARM writes them: `PT30M`."""
    return f"PT{minutes}M"


def resource_id(value: Text | None) -> ml.ResourceIdArgs | None:
    """A subnet as azure-native takes it."""
    return None if value is None else ml.ResourceIdArgs(id=value)
