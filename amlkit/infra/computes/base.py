"""The base of all computes as components: one azure-native `Compute` each, declared, or used as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from ..identities import identity_args
from ..making import Transform, made
from .arguments import ActingArgs, ComputeArgs, check_name

_T = TypeVar("_T")
_Args = TypeVar("_Args", bound=ComputeArgs)


class Workspacelike(Protocol):
    """What a compute needs of its workspace: a `Workspace`, or one that is not ours."""

    @property
    def id(self) -> pulumi.Output[str]:
        """Its ARM id."""

    @property
    def name(self) -> pulumi.Output[str]:
        """Its name."""

    @property
    def location(self) -> pulumi.Output[str]:
        """Its Azure location."""

    @property
    def resource_group_name(self) -> pulumi.Output[str]:
        """Its resource group."""


class Compute(pulumi.ComponentResource):
    """A compute of a workspace: `id` is its ARM id, `name` its name there, `state` what Azure ML last said of it.

    `compute` is the azure-native resource. Subclasses say which kind; see `Cluster` for one.
    """

    KIND: ClassVar[str] = ""  # Azure ML's `computeType`

    compute: ml.Compute
    id: pulumi.Output[str]
    name: pulumi.Output[str]
    state: pulumi.Output[str]

    @classmethod
    def existing(
        cls, name: str, *, workspace: Workspacelike, opts: pulumi.ResourceOptions | None = None
    ) -> ExistingCompute:
        """A compute by its name, as it is: for what another stack or a person made.

        There is no "get it, or create it if it is missing" here, and on purpose: what a program declares is the
        stack's, from the first `up` to its `destroy`, and the plan must not depend on what happens to exist. So say
        which it is:

        - yours, and new: `Cluster(…)`. The first `up` creates it, every other finds it unchanged
        - somebody else's: `Cluster.existing(…)`; nothing is created if it is missing: the plan fails and says so
        - made by hand until now, yours from now on: `Cluster(…)`, with `adopt` of the platform's `Conventions`, or
          `pulumi import azure-native:machinelearningservices:Compute …`

        A compute of another kind under that name fails as well.

        Raises:
            DefinitionError: Azure ML does not take the name.
        """
        return ExistingCompute(name, workspace=workspace, kind=cls.KIND, opts=opts)


class DeclaredCompute(Compute, Generic[_Args]):
    """A compute that the program declares. A subclass says what it consists of: `_properties`, and `_declared`."""

    TYPE: ClassVar[str]  # Pulumi's, which states hold: it stays
    PLACE: ClassVar[str] = "compute"  # where a wrong name is told

    def __init__(
        self,
        name: str,
        args: _Args,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` is the name in the workspace, too.

        Raises:
            DefinitionError: Azure ML does not take the name.
        """
        super().__init__(self.TYPE, check_name(name, self.PLACE), None, opts)
        compute_args = ml.ComputeArgs(
            resource_group_name=workspace.resource_group_name,
            workspace_name=workspace.name,
            compute_name=name,
            location=workspace.location,
            identity=identity_args(args.identity) if isinstance(args, ActingArgs) else None,
            properties=self._properties(args, workspace),
            tags=args.tags,
        )
        self.compute = made(ml.Compute, name, compute_args, transform, pulumi.ResourceOptions(parent=self))
        self.id = self.compute.id
        self.name = self.compute.name
        self.state = answered(self.compute, _state)
        self.register_outputs({"name": self.name})
        self._declared(args, workspace)

    def _properties(self, args: _Args, workspace: Workspacelike) -> Any:
        """The arguments of this kind as azure-native takes them."""
        raise NotImplementedError

    def _declared(self, args: _Args, workspace: Workspacelike) -> None:
        """What a kind adds to its resource: outputs of its own, and warnings in the plan."""


class ExistingCompute(Compute):
    """A compute that somebody else made; it is read, and never changed or deleted. See `Compute.existing`."""

    def __init__(
        self, name: str, *, workspace: Workspacelike, kind: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlkit:infra:ExistingCompute", check_name(name, "compute"), None, opts)
        id_ = pulumi.Output.concat(workspace.id, "/computes/", name)
        self.compute = ml.Compute.get(name, id_, pulumi.ResourceOptions(parent=self))
        self.id = self.compute.properties.apply(lambda known: _expected(name, kind, known)).apply(lambda _: id_)
        self.name = pulumi.Output.from_input(name)
        self.state = answered(self.compute, _state)
        self.register_outputs({"name": self.name})


def answered(compute: ml.Compute, read: Callable[[Any], _T]) -> pulumi.Output[_T]:
    """What `read` finds in the properties that Azure ML answered; it may show it, although a secret stands beside it.

    A preview has no answer yet but takes the inputs for one, because the kinds of compute are a union. The api-version
    is unknown exactly then, so that what depends on it is unknown too.
    """
    both = pulumi.Output.all(pulumi.Output.unsecret(compute.properties), compute.azure_api_version)
    return both.apply(lambda known: read(known[0]))


def property_of(properties: Any, name: str) -> Any:
    """A property of a compute's, which the SDK gives as a mapping or as an object with Python's names; None: absent."""
    if isinstance(properties, dict):
        return properties.get(name)
    return getattr(properties, "".join(f"_{c.lower()}" if c.isupper() else c for c in name), None)


def _state(properties: Any) -> str:
    return str(property_of(properties, "provisioningState") or "")


def _expected(name: str, kind: str, properties: Any) -> None:
    """Raises pulumi.RunError, which Pulumi shows without a traceback although the program itself has ended."""
    found = str(property_of(properties, "computeType") or "")
    if kind and found and found != kind:
        raise pulumi.RunError(f"{name}: it exists, but is no `{kind}`: {found}")
