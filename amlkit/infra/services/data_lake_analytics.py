"""Data Lake Analytics accounts with their Data Lake Storage Gen1, provisioned; Azure has retired both."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import datalakeanalytics, datalakestore
from pydantic import Field

from ..args import Args, Text
from ..making import Transform, made
from ..names import without_dashes
from ..retired import warn_of_analytics, warn_of_lake_store


class DataLakeAnalyticsAccountArgs(Args):
    """Arguments of `DataLakeAnalyticsAccount`; `store` is the name of a Gen1 account, if there is one already."""

    resource_group_name: Text
    store: Text | None = None
    parallelism: int = Field(30, ge=1)
    tags: dict[str, str] | None = None


class DataLakeAnalyticsAccount(pulumi.ComponentResource):
    """A Data Lake Analytics account and, if it is given none, its Data Lake Storage Gen1 account (both auto-named).

    Both are retired on Azure, and the plan of a stack there says so; the local Azure ML has them.
    """

    def __init__(
        self,
        name: str,
        args: DataLakeAnalyticsAccountArgs,
        *,
        transform: Transform | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlkit:infra:DataLakeAnalyticsAccount", name, None, opts)
        children = pulumi.ResourceOptions(parent=self)
        short = without_dashes(name)
        store: Text | None = args.store
        if store is None:
            store_args = datalakestore.AccountArgs(resource_group_name=args.resource_group_name, tags=args.tags)
            account = made(datalakestore.Account, short, store_args, transform, children)
            warn_of_lake_store(account)
            store = account.name
        account_args = datalakeanalytics.AccountArgs(
            resource_group_name=args.resource_group_name,
            default_data_lake_store_account=store,
            data_lake_store_accounts=[datalakeanalytics.AddDataLakeStoreWithAccountParametersArgs(name=store)],
            max_degree_of_parallelism=args.parallelism,
            tags=args.tags,
        )
        self.account = made(datalakeanalytics.Account, short, account_args, transform, children)
        warn_of_analytics(self.account)
        self.id: pulumi.Output[str] = self.account.id
        self.name: pulumi.Output[str] = self.account.name
        self.store: pulumi.Output[str] = pulumi.Output.from_input(store)
        self.register_outputs({"name": self.name})
