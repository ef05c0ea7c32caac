"""The unmodified azure-ai-ml reads what amlkit registered, builds jobs of its own from it, and runs them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amlkit.delivery import submit
from amlkit.delivery.outputs import path_of
from amlkit.testing import LocalWorkspace

from .work.definitions import whole

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the official client about itself


@pytest.fixture
def client(local_workspace: LocalWorkspace) -> Iterator[Any]:
    """The real one, on a workspace where `whole` ran once, with a compute that it named."""
    from azure.ai.ml.entities import AmlCompute

    found = local_workspace.client()
    found.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=4)).result()
    return found


def test_components_of_every_kind_are_read_built_from_and_run(local_workspace: LocalWorkspace, client: Any) -> None:
    from azure.ai.ml import dsl

    run = submit(whole, workspace=local_workspace.workspace).wait()
    assert run.status == "Completed", run.error
    assert text_of(local_workspace, run.outputs["text"]) == "HI UNSOWN\nHI UNSOWN\nHI UNSOWN\n0.4"

    every = {each.name: client.components.get(each.name, label="latest") for each in client.components.list()}
    found = {name.partition("__")[0]: component for name, component in every.items()}  # `__`: a variant for an order
    assert {name: component.type for name, component in found.items()} == {
        "words": "command",
        "shout": "parallel",
        "tuned": "command",
        "joined": "command",
        "speaking": "pipeline",
        "whole": "pipeline",
    }

    @dsl.pipeline(default_compute="cpu")
    def theirs() -> dict[str, Any]:
        words = found["words"](word="ho", times=2, seed="sown")
        rows = found["shout"](words=words.outputs.words)
        tuned = found["tuned"](rate=0.5, amlkit_after_1=rows.outputs.rows)
        joined = found["joined"](rows=rows.outputs.rows, best=tuned.outputs.best)
        found["speaking"](word="nested")
        found["whole"](word="all")
        return {"text": joined.outputs.text}

    job = client.jobs.create_or_update(theirs())
    client.jobs.stream(job.name)
    assert client.jobs.get(job.name).status == "Completed"
    document = local_workspace.workspace.get(f"/jobs/{job.name}")["properties"]
    assert text_of(local_workspace, document["outputs"]["text"]["uri"]) == "HO SOWN\nHO SOWN\n0.5"
    assert [each.name for each in client.data.list()] == ["words"]


def text_of(workspace: LocalWorkspace, uri: str) -> str:
    """What is in the file at a URI."""
    found = path_of(workspace.workspace, uri, workspace.stand_in.home)
    assert isinstance(found, Path)
    return found.read_text()
