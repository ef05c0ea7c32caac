"""Any program, any fault, any kill: when the faults stop, the next update reaches exactly what is wanted.

Fifty stories, always the same. AMLKIT_STORIES=1000 tries so many others, and makes the shortest of one that fails.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from amlkit.engine import stack

from ..warm import Warm
from .anyprogram.story import stories
from .anyprogram.world import World, check_story

PROGRAM = Path(__file__).parent / "programs/planned.py"
STORIES = int(os.environ.get("AMLKIT_STORIES") or 0)


@pytest.fixture(scope="module")
def new_world(tmp_path_factory):
    """Makes stacks that nothing was done with, in folders made of one template."""
    template = tmp_path_factory.mktemp("template")
    (template / "project").mkdir()
    (template / "state").mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(template), "PULUMI_CONFIG_PASSPHRASE": ""}
    venv = tmp_path_factory.mktemp("python")
    runtime = {"name": "python", "options": {"virtualenv": str(venv)}}
    (template / "project/Pulumi.yaml").write_text(json.dumps({"name": "any", "runtime": runtime}))
    shutil.copy(PROGRAM, template / "project/__main__.py")
    backend = {"PULUMI_BACKEND_URL": f"file://{template / 'state'}"}
    assert stack.run(["stack", "init", "dev"], cwd=template / "project", environ=environ | backend) == 0
    state = json.loads((template / "state/.pulumi/stacks/any/dev.json").read_text())
    salt = state["checkpoint"]["latest"]["secrets_providers"]["state"]["salt"]
    warm = Warm(tmp_path_factory.mktemp("warm"), salt)
    (venv / "bin").mkdir()
    warm.install_program(venv / "bin/python")
    worlds = tmp_path_factory.mktemp("worlds")

    def make():
        folder = Path(tempfile.mkdtemp(dir=worlds))
        shutil.copytree(template, folder, dirs_exist_ok=True)
        return World(folder, warm, {**environ, "HOME": str(folder), "PULUMI_HOME": str(folder), "PULUMI_STACK": "dev"})

    yield make
    warm.close()


@settings(
    max_examples=STORIES or 50,
    derandomize=not STORIES,
    deadline=None,
    phases=[Phase.generate, Phase.shrink] if STORIES else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(stories())
def test_when_the_faults_stop_the_wanted_cloud_is_reached(new_world, story):
    world = new_world()
    check_story(world, story)
    shutil.rmtree(world.folder)
