"""This project's stack: the platform, its data, and every pipeline on an endpoint."""

import pulumi

from amlkit.infra import DataFolder, Platform, PublishedPipeline, program
from amlkit.pipelines import compile
from infra.settings import Settings
from pipelines import PIPELINES
from pipelines.needs import corpora, cpu

with program():
    settings = Settings.load()
    settings.apply_to_stack()
    platform = Platform.from_settings(settings)
    DataFolder("digits", folder="data/digits", datastore=platform.store, path="digits/")
    pulumi.export("workspace-id", platform.workspace.id)

    for each in PIPELINES:
        published = PublishedPipeline(
            compile(each),
            workspace=platform.workspace,
            compute={cpu: platform.cpu},
            datastores={corpora: platform.store},
            keep=settings.keep,
        )
        pulumi.export(f"{published.name}-endpoint", published.endpoint_name)
        pulumi.export(f"{published.name}-scoring-uri", published.scoring_uri)
        pulumi.export(f"{published.name}-serving", published.serving)
