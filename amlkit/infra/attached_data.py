"""Attached data services: Azure Databricks, Data Lake Analytics and Data Factory as computes of a workspace.

Their arguments have the article's environment variables as defaults (`AML_DATABRICKS_…`, `AML_ADLA_…`); what the
program says comes first. Azure ML v2 has no classes of its own for them, its REST API does: the bodies are those of its
v1 SDK.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pulumi_azure_native import machinelearningservices as ml
from pydantic import Field, model_validator

from amlkit.errors import DefinitionError, Problem

from .args import Text, Transform, wrong
from .compute import Compute, Workspacelike
from .compute_args import (
    AnalyticsRef,
    ComputeArgs,
    DatabricksRef,
    FactoryRef,
    Identities,
    Secret,
    check_name,
    identity_args,
    secret_output,
)
from .retired import warn_of_analytics

Environment = Mapping[str, str]


class DatabricksArgs(ComputeArgs):
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
    access_token: Secret | None = Field(default=None, repr=False)
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
    def from_environment(cls, given: DatabricksArgs | None = None, environment: Environment = os.environ) -> Any:
        """`given`, with the rest from the environment.

        Raises:
            DefinitionError: everything that is said nowhere.
        """
        args = given or cls()
        known: dict[str, Any] = {name: getattr(args, name) for name in cls.model_fields}
        problems = []
        if args.databricks is None:
            for name, variable in (
                ("workspace_name", "AML_DATABRICKS_WORKSPACE"),
                ("resource_group", "AML_DATABRICKS_RESOURCE_GROUP"),
            ):
                known[name] = known[name] or environment.get(variable) or None
                if known[name] is None:
                    problems.append(_unsaid(f"databricks.{name}", variable, "databricks="))
        if args.access_token is None and args.identity == "none":
            known["access_token"] = environment.get("AML_DATABRICKS_ACCESS_TOKEN") or None
            if known["access_token"] is None:
                problems.append(_unsaid("databricks.access_token", "AML_DATABRICKS_ACCESS_TOKEN", 'identity="system"'))
        if problems:
            raise DefinitionError(problems)
        return cls.of("databricks", **known)


class DatabricksCompute(Compute):
    """An Azure Databricks workspace as a compute.

    The token is a Pulumi secret: encrypted in the state, in its backups and history, and `[secret]` in everything that
    is shown. Best give it as `pulumi.Config().require_secret("databricksToken")`, or in the environment. Another token
    attaches anew, in place, under the same name; another Databricks workspace is another compute. To take it out of the
    program detaches it: the Databricks workspace stays.
    """

    KIND = "Databricks"

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
        name = _named(name, "AML_DATABRICKS_COMPUTE_NAME", "databricks.name")
        args = DatabricksArgs.from_environment(args)
        super().__init__("amlkit:infra:DatabricksCompute", name, None, opts)
        where = args.databricks
        if where is None:
            where = _id_in(workspace, args.resource_group, "Microsoft.Databricks/workspaces", args.workspace_name)
        inner = ml.DatabricksPropertiesArgs(
            databricks_access_token=secret_output(args.access_token), workspace_url=args.workspace_url
        )
        properties = ml.DatabricksArgs(
            compute_type="Databricks", description=args.description, resource_id=where, properties=inner
        )
        self._make(name, workspace, properties, transform, identity_args(args.identity), args.tags)


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
    def from_environment(cls, given: DataLakeAnalyticsArgs | None = None, environment: Environment = os.environ) -> Any:
        """`given`, with the rest from the environment.

        Raises:
            DefinitionError: everything that is said nowhere.
        """
        args = given or cls()
        known: dict[str, Any] = {name: getattr(args, name) for name in cls.model_fields}
        problems = []
        if args.account is None:
            for name, variable in (
                ("account_name", "AML_ADLA_ACCOUNT_NAME"),
                ("resource_group", "AML_ADLA_RESOURCE_GROUP"),
            ):
                known[name] = known[name] or environment.get(variable) or None
                if known[name] is None:
                    problems.append(_unsaid(f"analytics.{name}", variable, "account="))
        if problems:
            raise DefinitionError(problems)
        return cls.of("analytics", **known)


class DataLakeAnalyticsCompute(Compute):
    """An Azure Data Lake Analytics account as a compute, for U-SQL steps.

    Azure has retired the service: on Azure the plan says so and names what took its place. On the local Azure ML it
    works, so that U-SQL can be run, and left behind, at your own pace.
    """

    KIND = "DataLakeAnalytics"

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
        name = _named(name, "AML_ADLA_COMPUTE_NAME", "analytics.name")
        args = DataLakeAnalyticsArgs.from_environment(args)
        super().__init__("amlkit:infra:DataLakeAnalyticsCompute", name, None, opts)
        where = args.account
        if where is None:
            where = _id_in(workspace, args.resource_group, "Microsoft.DataLakeAnalytics/accounts", args.account_name)
        inner = None
        if args.store is not None:
            inner = ml.DataLakeAnalyticsSchemaPropertiesArgs(data_lake_store_account_name=args.store)
        properties = ml.DataLakeAnalyticsArgs(
            compute_type="DataLakeAnalytics", description=args.description, resource_id=where, properties=inner
        )
        self._make(name, workspace, properties, transform, None, args.tags)
        warn_of_analytics(self.compute)


class DataFactoryArgs(ComputeArgs):
    """Arguments of `DataFactoryCompute`: the factory, as a `DataFactory` or an ARM id."""

    factory: FactoryRef
    identity: Identities = "none"


class DataFactoryCompute(Compute):
    """A data factory as a compute, for steps that move data."""

    KIND = "DataFactory"

    def __init__(
        self,
        name: str,
        args: DataFactoryArgs,
        *,
        workspace: Workspacelike,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`name` is the name in the workspace, too.

        Raises:
            DefinitionError: Azure ML does not take the name.
        """
        super().__init__("amlkit:infra:DataFactoryCompute", check_name(name, "factory"), None, opts)
        properties = ml.DataFactoryArgs(
            compute_type="DataFactory", description=args.description, resource_id=args.factory
        )
        self._make(name, workspace, properties, transform, identity_args(args.identity), args.tags)


def _named(name: str | None, variable: str, place: str) -> str:
    chosen = name or os.environ.get(variable)
    if not chosen:
        raise DefinitionError([_unsaid(place, variable, "name")])
    return check_name(chosen, place)


def _unsaid(place: str, variable: str, argument: str) -> Problem:
    return Problem(place, "said neither by the program nor by the environment", f"give `{argument}`, or set {variable}")


def _id_in(
    workspace: Workspacelike,
    group: Any,
    type_: Literal["Microsoft.Databricks/workspaces", "Microsoft.DataLakeAnalytics/accounts"],
    name: str | None,
) -> pulumi.Output[str]:
    """The ARM id of something in the subscription of the workspace."""
    subscription = workspace.id.apply(lambda id_: id_.split("/")[2])
    return pulumi.Output.concat(
        "/subscriptions/", subscription, "/resourceGroups/", group, f"/providers/{type_}/{name}"
    )
