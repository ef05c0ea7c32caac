"""What exists in Azure, as Pulumi component resources: the platform, and the pipelines published on it.

A Pulumi program (`infra/__main__.py`) imports from here. Every component has its pydantic args beside it: plain values
are checked when they are given, all problems at once; Outputs when they are known. Where a line belongs:

- `platform`, `workspace`, `storage`, `access`: a platform and its parts; `settings`, `conventions`: what a stack says
- `computes`: one file a kind, made by Azure ML or attached; `services`: what is attached, provisioned
- `data`: datastores, and folders of the checkout as data assets
- `published_pipeline`, with `uploads`, `smoke` and the `resources` of our own plugin: what is published
- `args`, `ids`, `identities`, `secrets`: what arguments are made of; `making`, `rules`, `names`: how resources are made
"""

from .access import NEEDS, ROLES, Access, Grant, GrantArgs, Identity
from .args import Args
from .computes.base import Compute, ExistingCompute
from .computes.cluster import SERVERLESS, Cluster, ClusterArgs, SshArgs
from .computes.data_factory import DataFactoryArgs, DataFactoryCompute
from .computes.data_lake_analytics import DataLakeAnalyticsArgs, DataLakeAnalyticsCompute
from .computes.databricks import DatabricksArgs, DatabricksCompute
from .computes.instance import ComputeInstance, ComputeInstanceArgs
from .computes.kubernetes import InstanceTypeArgs, KubernetesArgs, KubernetesCompute
from .computes.virtual_machine import VirtualMachineArgs, VirtualMachineCompute
from .conventions import Conventions
from .data.credentials import Sas, ServicePrincipal
from .data.datastores import (
    BlobDatastore,
    BlobDatastoreArgs,
    Datastore,
    FileDatastore,
    FileDatastoreArgs,
    Gen1Datastore,
    Gen1DatastoreArgs,
    LakeDatastore,
    LakeDatastoreArgs,
)
from .data.folder import DataFolder
from .making import Transform
from .names import azure_name
from .platform import ExistingPlatform, Platform
from .platform_args import Brought, PlatformArgs
from .program import program
from .published_pipeline import PublishedPipeline
from .resources import AssetVersion, Deployment, Endpoint, Publication
from .services.data_factory import DataFactory, DataFactoryAccountArgs
from .services.data_lake_analytics import DataLakeAnalyticsAccount, DataLakeAnalyticsAccountArgs
from .services.databricks import DatabricksWorkspace, DatabricksWorkspaceArgs
from .settings import Settings
from .storage import Storage, StorageArgs
from .workspace import Network, Workspace, WorkspaceArgs

__all__ = [
    "NEEDS",
    "ROLES",
    "SERVERLESS",
    "Access",
    "Args",
    "AssetVersion",
    "BlobDatastore",
    "BlobDatastoreArgs",
    "Brought",
    "Cluster",
    "ClusterArgs",
    "Compute",
    "ComputeInstance",
    "ComputeInstanceArgs",
    "Conventions",
    "DataFactory",
    "DataFactoryAccountArgs",
    "DataFactoryArgs",
    "DataFactoryCompute",
    "DataFolder",
    "DataLakeAnalyticsAccount",
    "DataLakeAnalyticsAccountArgs",
    "DataLakeAnalyticsArgs",
    "DataLakeAnalyticsCompute",
    "DatabricksArgs",
    "DatabricksCompute",
    "DatabricksWorkspace",
    "DatabricksWorkspaceArgs",
    "Datastore",
    "Deployment",
    "Endpoint",
    "ExistingCompute",
    "ExistingPlatform",
    "FileDatastore",
    "FileDatastoreArgs",
    "Gen1Datastore",
    "Gen1DatastoreArgs",
    "Grant",
    "GrantArgs",
    "Identity",
    "InstanceTypeArgs",
    "KubernetesArgs",
    "KubernetesCompute",
    "LakeDatastore",
    "LakeDatastoreArgs",
    "Network",
    "Platform",
    "PlatformArgs",
    "Publication",
    "PublishedPipeline",
    "Sas",
    "ServicePrincipal",
    "Settings",
    "SshArgs",
    "Storage",
    "StorageArgs",
    "Transform",
    "VirtualMachineArgs",
    "VirtualMachineCompute",
    "Workspace",
    "WorkspaceArgs",
    "azure_name",
    "program",
]
