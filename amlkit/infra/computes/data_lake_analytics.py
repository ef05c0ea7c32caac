"""Azure Data Lake Analytics, attached: an account as a compute of a workspace, for U-SQL steps.

Azure ML v2 has no class of its own for it, its REST API does: the body is that of its v1 SDK.
"""

from __future__ import annotations

import os

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import model_validator

from ..args import Text, wrong
from ..ids import AnalyticsRef
from ..making import Transform
from ..retired import warn_of_analytics
from .arguments import ComputeArgs
from .base import DeclaredCompute, Workspacelike
from .variables import Environment, Variable, completed, id_beside, name_of

_PLACE = "analytics"
_WHERE = (
    Variable("account_name", "AML_ADLA_ACCOUNT_NAME", "account="),
    Variable("resource_group", "AML_ADLA_RESOURCE_GROUP", "account="),
)


class DataLakeAnalyticsArgs(ComputeArgs):
    """Arguments of `DataLakeAnalyticsCompute`: which account, whose default store the steps read and write.

    `account` is a `DataLakeAnalyticsAccount` or an ARM id; or `account_name` and `resource_group` name it. What is not
    given comes from `AML_ADLA_ACCOUNT_NAME` and `AML_ADLA_RESOURCE_GROUP`.
    """

    account: AnalyticsRef | None = None
    account_name: str | None = None
    resource_group: Text | None = None
    store: Text | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> DataLakeAnalyticsArgs:
        if self.account is not None and (self.account_name or self.resource_group):
            raise wrong("account, and account_name or resource_group", "one says it all: drop the others")
        return self

    @classmethod
    def from_environment(
        cls, given: DataLakeAnalyticsArgs | None = None, environment: Environment = os.environ
    ) -> DataLakeAnalyticsArgs:
        """`given`, with the rest from the environment.

        Raises:
            DefinitionError: everything that is said nowhere.
        """
        args = given or cls()
        return completed(args, _PLACE, _WHERE if args.account is None else (), environment)


class DataLakeAnalyticsCompute(DeclaredCompute[DataLakeAnalyticsArgs]):
    """An Azure Data Lake Analytics account as a compute, for U-SQL steps.

    Azure has retired the service: on Azure the plan says so and names what took its place. On the local Azure ML it
    works, so that U-SQL can be run, and left behind, at your own pace.
    """

    KIND = "DataLakeAnalytics"
    TYPE = "amlkit:infra:DataLakeAnalyticsCompute"

    def __init__(
        self,
        name: str | None = None,
        args: DataLakeAnalyticsArgs | None = None,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name`, the name in the workspace, is by default that of `AML_ADLA_COMPUTE_NAME`.

        Raises:
            DefinitionError: what is said neither here nor in the environment; or a name that Azure ML does not take.
        """
        name = name_of(name, _PLACE, "AML_ADLA_COMPUTE_NAME")
        args = DataLakeAnalyticsArgs.from_environment(args)
        super().__init__(name, args, workspace=workspace, transform=transform, opts=opts)

    def _properties(self, args: DataLakeAnalyticsArgs, workspace: Workspacelike) -> ml.DataLakeAnalyticsArgs:
        where = args.account
        if where is None:
            where = id_beside(workspace, args.resource_group, "Microsoft.DataLakeAnalytics/accounts", args.account_name)
        inner = None
        if args.store is not None:
            inner = ml.DataLakeAnalyticsSchemaPropertiesArgs(data_lake_store_account_name=args.store)
        return ml.DataLakeAnalyticsArgs(
            compute_type=self.KIND, description=args.description, resource_id=where, properties=inner
        )

    def _declared(self, args: DataLakeAnalyticsArgs, workspace: Workspacelike) -> None:
        warn_of_analytics(self.compute)
