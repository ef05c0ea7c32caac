"""What exists in Azure, as Pulumi component resources: the platform, and the pipelines published on it.

A Pulumi program (`infra/__main__.py`) imports from here. Every component has its pydantic args beside it: plain values
are checked when the component is made, all problems at once; Outputs when they are known.
"""

from .access import NEEDS, ROLES, Access, Grant, GrantArgs, Identity
from .args import Args, Transform
from .attached import InstanceTypeArgs, KubernetesArgs, KubernetesCompute, VirtualMachineArgs, VirtualMachineCompute
from .attached_data import (
    DatabricksArgs,
    DatabricksCompute,
    DataFactoryArgs,
    DataFactoryCompute,
    DataLakeAnalyticsArgs,
    DataLakeAnalyticsCompute,
)
from .compute import Compute, ExistingCompute
from .computes import SERVERLESS, Cluster, ClusterArgs, SshArgs
from .conventions import Conventions
from .credentials import Sas, ServicePrincipal
from .data_folder import DataFolder
from .data_services import (
    DatabricksWorkspace,
    DatabricksWorkspaceArgs,
    DataFactory,
    DataFactoryAccountArgs,
    DataLakeAnalyticsAccount,
    DataLakeAnalyticsAccountArgs,
)
from .datastores import (
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
from .instances import ComputeInstance, ComputeInstanceArgs
from .names import azure_name
from .platform import ExistingPlatform, Platform
from .platform_args import Brought, PlatformArgs
from .program import program
from .published_pipeline import PublishedPipeline
from .resources import AssetVersion, Deployment, Endpoint, Publication
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
