"""A workspace for one test: names, clients, environment. What the fixture `local_workspace` gives."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amlkit.delivery.scratch import GROUPS, put_workspace
from amlkit.delivery.stacks import MACHINE_LEARNING, Workspace
from amlkit.home import SUBSCRIPTION
from amlkit.target import Service

from .standin import StandIn

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class LocalWorkspace:
    """A workspace with its storage in a resource group of its own, deleted after the test.

    `workspace` is for `submit(…, workspace=local_workspace.workspace)`.
    """

    stand_in: StandIn = field(repr=False)
    workspace: Workspace

    @classmethod
    def make(cls, stand_in: StandIn, service: Service) -> LocalWorkspace:
        """Make a new one. Raises `ServiceError`."""
        mark = secrets.token_hex(4)
        name = f"test-{mark}"
        return cls(stand_in, put_workspace(service, name, f"test{mark}", name))

    @property
    def id(self) -> str:
        """Its ARM id."""
        return self.workspace.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.id.rpartition("/")[2]

    @property
    def resource_group(self) -> str:
        """The name of its resource group."""
        return self.id.split("/")[4]

    @property
    def subscription_id(self) -> str:
        """Its subscription."""
        return SUBSCRIPTION

    @property
    def environment(self) -> Mapping[str, str]:
        """What points a child process at it; this process is pointed at it already."""
        return self.stand_in.environment

    def client(self) -> MLClient:
        """The official client of it (needs azure-ai-ml)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing it warns of its own code, in hundreds of lines
            from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        return MLClient(DefaultAzureCredential(), self.subscription_id, self.resource_group, self.name)

    def delete(self) -> None:
        """Delete it with all that is in its group; runs of it are ended."""
        group = self.id.partition("/providers/")[0]
        self.workspace.service.arm("DELETE", self.id, MACHINE_LEARNING)
        self.workspace.service.arm("DELETE", group, GROUPS)
