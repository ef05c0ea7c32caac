"""What Azure has retired, said in the plan of a stack on Azure; on the local Azure ML it lives on.

Used by the Gen1 datastore, and by Data Lake Analytics' accounts and attachments.
"""

from __future__ import annotations

import pulumi


def warn_retired(what: str, since: str, living: str, resource: pulumi.Resource) -> None:
    """Say at `resource`, in preview and update, that Azure will refuse `what`, and name the living targets.

    A local stack (`amlkit:target: local`) hears nothing: there it works.
    """
    if pulumi.Config("amlkit").get("target") != "local":
        text = f"{what} is retired since {since}: only the local Azure ML has it, Azure refuses it; instead: {living}"
        pulumi.log.warn(text, resource)


def warn_of_analytics(resource: pulumi.Resource) -> None:
    """At a Data Lake Analytics account or attachment."""
    living = "a `DatabricksCompute`, a Synapse or Fabric Spark pool, or a script with DuckDB on a `Cluster`"
    warn_retired("Data Lake Analytics", "29 February 2024", living, resource)


def warn_of_lake_store(resource: pulumi.Resource) -> None:
    """At a Data Lake Storage Gen1 account."""
    warn_retired(
        "Data Lake Storage Gen1", "29 February 2024", "a storage account of Gen2, with `isHnsEnabled`", resource
    )
