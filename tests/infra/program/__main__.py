"""One pipeline, of the file `run.py`, on a workspace that is there; a file `smoke.txt` fails the smoke check."""

from dataclasses import dataclass
from pathlib import Path

import pulumi

from amlkit.errors import EngineError
from amlkit.infra import PublishedPipeline, program
from amlkit.infra.smoke import is_deployed
from tests.infra.manifests import of_file

ROOT = Path(pulumi.get_root_directory())


@dataclass(frozen=True)
class Room:
    id: pulumi.Output[str]
    location: pulumi.Output[str]
    snapshots: pulumi.Output[str]


def smoke(service, deployment_id):
    is_deployed(service, deployment_id)
    failing = ROOT / "smoke.txt"
    if failing.exists():
        raise EngineError(failing.read_text())
    with (ROOT / "smoked.txt").open("a") as log:
        log.write(f"{deployment_id.rpartition('/')[2]}\n")


with program():
    config = pulumi.Config("test")
    room = Room(*(pulumi.Output.from_input(config.require(key)) for key in ("workspace", "location", "snapshots")))
    published = PublishedPipeline(
        of_file(ROOT / "run.py"),
        workspace=room,
        compute={"cpu": f"{config.require('workspace')}/computes/cpu"},
        datastores={"corpora": "workspaceblobstore"},
        keep=4,
        clears=config.get("clears"),
        smoke=smoke,
    )
    pulumi.export("workspace", room.id)
    pulumi.export("endpoint", published.endpoint_name)
    pulumi.export("serving", published.serving)
