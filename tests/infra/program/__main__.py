"""The pipelines of `pipelines.txt`, all of the file `run.py`, on a workspace that is there.

A file `smoke.txt` fails the smoke check with its text, a file `kill.txt` has it kill the engine; what was checked is
written down in `smoked.txt`.
"""

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

import pulumi

from amlkit.errors import EngineError
from amlkit.infra import PublishedPipeline, program
from amlkit.infra.smoke import is_deployed
from tests.infra.manifests import of_file
from tests.warm import ENGINE

ROOT = Path(pulumi.get_root_directory())


@dataclass(frozen=True)
class Room:
    id: pulumi.Output[str]
    location: pulumi.Output[str]
    snapshots: pulumi.Output[str]


def smoke(service, deployment_id):
    is_deployed(service, deployment_id)
    if (ROOT / "kill.txt").exists():
        os.kill(engine(), signal.SIGKILL)
        signal.pause()
    if (ROOT / "smoke.txt").exists():
        raise EngineError((ROOT / "smoke.txt").read_text())
    with (ROOT / "smoked.txt").open("a") as log:
        log.write(f"{deployment_id.rpartition('/')[2]}\n")


def engine():
    """The process that runs this program, whichever engine it is."""
    if ENGINE in os.environ:
        return int(os.environ[ENGINE])
    pid = os.getppid()
    while not re.search(r"amlkit\.engine|(^|/)pulumi\0", Path(f"/proc/{pid}/cmdline").read_text()):
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid


def publish(name, room):
    return PublishedPipeline(
        of_file(ROOT / "run.py", name),
        workspace=room,
        compute={"cpu": f"{config.require('workspace')}/computes/cpu"},
        datastores={"corpora": "workspaceblobstore"},
        keep=4,
        clears=config.get("clears"),
        smoke=smoke,
    )


with program():
    config = pulumi.Config("test")
    room = Room(*(pulumi.Output.from_input(config.require(key)) for key in ("workspace", "location", "snapshots")))
    for name in (ROOT / "pipelines.txt").read_text().split():
        published = publish(name, room)
        pulumi.export(f"{name}-serving", published.serving)
