"""What exists in Azure, as Pulumi component resources: the platform, and the pipelines published on it.

A Pulumi program (`infra/__main__.py`) imports from here. Every component has its pydantic args beside it: plain values
are checked when the component is made, all problems at once; Outputs when they are known.
"""

from .args import Args, Transform
from .computes import Cluster, ClusterArgs
from .data_folder import DataFolder
from .datastores import BlobDatastore, BlobDatastoreArgs
from .platform import Platform, PlatformArgs
from .program import program
from .published_pipeline import PublishedPipeline
from .resources import AssetVersion, Deployment, Endpoint, Publication
from .settings import Settings
from .storage import Storage, StorageArgs
from .workspace import Workspace, WorkspaceArgs

__all__ = [
    "Args",
    "AssetVersion",
    "BlobDatastore",
    "BlobDatastoreArgs",
    "Cluster",
    "ClusterArgs",
    "DataFolder",
    "Deployment",
    "Endpoint",
    "Platform",
    "PlatformArgs",
    "Publication",
    "PublishedPipeline",
    "Settings",
    "Storage",
    "StorageArgs",
    "Transform",
    "Workspace",
    "WorkspaceArgs",
    "program",
]
