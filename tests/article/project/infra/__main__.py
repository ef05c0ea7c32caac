"""The article's workspace, its data, its compute, and its pipelines on endpoints."""

import pulumi
from news.pipelines import PIPELINES, aml_compute, corpora

from amlkit import compile
from amlkit.infra import Cluster, ClusterArgs, DataFolder, Platform, PublishedPipeline, Settings, program

with program():
    platform = Platform.from_settings(Settings.load())
    pulumi.export("workspace-id", platform.workspace.id)
    DataFolder("20newsgroups", folder="data", datastore=platform.store, path="20newsgroups/")
    size = ClusterArgs(vm_size="Standard_NC6", min_nodes=1, max_nodes=4)
    cluster = Cluster("aml-compute", size, workspace=platform.workspace)
    for each in PIPELINES:
        published = PublishedPipeline(
            compile(each),
            workspace=platform.workspace,
            compute={aml_compute: cluster},
            datastores={corpora: platform.store},
        )
        pulumi.export(f"{published.name}-scoring-uri", published.scoring_uri)
