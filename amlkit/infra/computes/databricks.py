"""Azure Databricks, attached: a Databricks workspace as a compute of an Azure ML workspace.

Azure ML v2 has no class of its own for it, its REST API does: the body is that of its v1 SDK.
"""

from __future__ import annotations

import os

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import model_validator

from ..args import Text, wrong
from ..identities import Identities
from ..ids import DatabricksRef
from ..making import Transform
from ..secrets import Secret, secret_output
from .arguments import ActingArgs
from .base import DeclaredCompute, Workspacelike
from .variables import Environment, Variable, completed, id_beside, name_of

_PLACE = "databricks"
_WHERE = (
    Variable("workspace_name", "AML_DATABRICKS_WORKSPACE", "databricks="),
    Variable("resource_group", "AML_DATABRICKS_RESOURCE_GROUP", "databricks="),
)
_TOKEN = Variable("access_token", "AML_DATABRICKS_ACCESS_TOKEN", 'identity="system"')


class DatabricksArgs(ActingArgs):
    """Arguments of `DatabricksCompute`: which Databricks workspace, and how Azure ML logs in to it.

    `databricks` is a `DatabricksWorkspace` or an ARM id; or `workspace_name` and `resource_group` name it, in the
    subscription of the Azure ML workspace. `access_token` is a secret; `identity` logs in without one, as the compute's
    own identity or a user-assigned one, which then needs a role on the Databricks workspace. One of both.

    What is not given comes from `AML_DATABRICKS_WORKSPACE`, `AML_DATABRICKS_RESOURCE_GROUP` and, if there is no
    `identity`, `AML_DATABRICKS_ACCESS_TOKEN`.
    """

    databricks: DatabricksRef | None = None
    workspace_name: str | None = None
    resource_group: Text | None = None
    access_token: Secret | None = None
    identity: Identities = "none"
    workspace_url: Text | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> DatabricksArgs:
        if self.databricks is not None and (self.workspace_name or self.resource_group):
            raise wrong("databricks, and workspace_name or resource_group", "one says it all: drop the others")
        if self.access_token is not None and self.identity != "none":
            raise wrong("access_token and identity", "Azure ML logs in with one of them")
        return self

    @classmethod
    def from_environment(
        cls, given: DatabricksArgs | None = None, environment: Environment = os.environ
    ) -> DatabricksArgs:
        """`given`, with the rest from the environment.

        Raises:
            DefinitionError: everything that is said nowhere.
        """
        args = given or cls()
        where = _WHERE if args.databricks is None else ()
        login = (_TOKEN,) if args.access_token is None and args.identity == "none" else ()
        return completed(args, _PLACE, (*where, *login), environment)


class DatabricksCompute(DeclaredCompute[DatabricksArgs]):
    """An Azure Databricks workspace as a compute.

    The token is a Pulumi secret: encrypted in the state, in its backups and history, and `[secret]` in everything that
    is shown. Best give it as `pulumi.Config().require_secret("databricksToken")`, or in the environment. Another token
    attaches anew, in place, under the same name; another Databricks workspace is another compute. To take it out of the
    program detaches it: the Databricks workspace stays.
    """

    KIND = "Databricks"
    TYPE = "amlkit:infra:DatabricksCompute"

    def __init__(
        self,
        name: str | None = None,
        args: DatabricksArgs | None = None,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name`, the name in the workspace, is by default that of `AML_DATABRICKS_COMPUTE_NAME`.

        Raises:
            DefinitionError: what is said neither here nor in the environment; or a name that Azure ML does not take.
        """
        name = name_of(name, _PLACE, "AML_DATABRICKS_COMPUTE_NAME")
        args = DatabricksArgs.from_environment(args)
        super().__init__(name, args, workspace=workspace, transform=transform, opts=opts)

    def _properties(self, args: DatabricksArgs, workspace: Workspacelike) -> ml.DatabricksArgs:
        where = args.databricks
        if where is None:
            where = id_beside(workspace, args.resource_group, "Microsoft.Databricks/workspaces", args.workspace_name)
        inner = ml.DatabricksPropertiesArgs(
            databricks_access_token=secret_output(args.access_token), workspace_url=args.workspace_url
        )
        return ml.DatabricksArgs(
            compute_type=self.KIND, description=args.description, resource_id=where, properties=inner
        )
