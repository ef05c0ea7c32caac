"""This project's own program on one engine after the other: the same resources, the same preview, one shared state."""

import json
import shutil

import pytest

from amlkit.home import Home
from amlkit.local import process
from amlkit.provider.install import install
from tests.scenarios.project import Project

from .stack import ENGINES

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


@pytest.fixture
def project(tmp_path):
    copy = Project.copy_to(tmp_path)
    home = Home(tmp_path)
    process.start(home, environment=copy.environment)
    try:
        install(home.pulumi_home)
        yield _pointed(copy, home)
    finally:
        process.stop(home)


def _pointed(copy, home):
    variables = {**home.environment(home.address()), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return Project(home.root, {**copy.environment, **variables})


def run(project, engine, *words):
    ended = project.run(*ENGINES[engine], *words, "--stack", "local", "--non-interactive")
    assert ended.code == 0, ended.text
    return ended.stdout


def planned(project, engine):
    """Every step but those that change nothing: what happens to which resource."""
    steps = json.loads(run(project, engine, "preview", "--json"))["steps"]
    return sorted((step["op"], step["urn"]) for step in steps if step["op"] not in ("same", "refresh"))


def test_what_one_engine_made_the_other_finds_unchanged_and_plans_alike(project):
    project.run(*ENGINES["embedded"], "stack", "init", "local", "--non-interactive")
    assert planned(project, "official") == planned(project, "embedded")
    run(project, "embedded", "up", "--yes", "--skip-preview")
    run(project, "official", "preview", "--expect-no-changes")
    with (project.root / "components/train/train.py").open("a") as script:
        script.write("# edited\n")
    plan = planned(project, "official")
    assert {op for op, _ in plan} == {"update"}
    assert plan == planned(project, "embedded")
    run(project, "official", "up", "--yes", "--skip-preview")
    run(project, "embedded", "preview", "--expect-no-changes")
    run(project, "official", "destroy", "--yes")
    assert "resources" not in json.loads(run(project, "embedded", "stack", "export"))["deployment"]
