"""One pipeline, published into a workspace that another program owns; it knows no more than that stack's outputs."""

import pulumi

from amlkit import compile
from amlkit.infra import Platform, PublishedPipeline, program
from examples.smallest import counting, cpu, texts

with program():
    owner = pulumi.StackReference(f"organization/teams-platform/{pulumi.get_stack()}")
    platform = Platform.existing(
        "text",
        workspace_id=owner.require_output("text-workspace-id"),
        snapshots=owner.require_output("text-snapshots"),
    )
    published = PublishedPipeline(
        compile(counting),
        workspace=platform.workspace,
        compute={cpu: platform.compute("text-cpu")},
        datastores={texts: platform.datastore("corpora")},
    )
    pulumi.export("workspace-id", platform.workspace.id)
    pulumi.export("scoring-uri", published.scoring_uri)
    pulumi.export("serving", published.serving)
