"""Running a pipeline from Python: `submit`, with a real local Azure ML, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amlkit.delivery.parameters import Parameter, checked
from amlkit.errors import DefinitionError
from amlkit.home import Home
from amlkit.local import process

JOBS = Path(__file__).parents[1] / "cli" / "jobs"
BEGIN = """
import sys; sys.path.insert(0, "py")
from steps import naming
from amlkit.delivery import Choices, submit
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory, request):
    root = tmp_path_factory.mktemp("submit") / "here"
    shutil.copytree(JOBS, root)
    cache = str(request.config.cache.mkdir("amlkit"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_", "AZURE"))}
    variables = {**plain, "AMLKIT_CACHE": cache}
    process.start(Home(root), environment=variables)
    yield lambda text: script(root, variables, text)
    process.stop(Home(root))


def script(root: Path, variables: dict[str, str], text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGIN + text]
    return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, timeout=120)


def test_a_pipeline_is_submitted_waited_for_and_streamed(here):
    ended = here("""
choices = Choices(experiment="mine", tags={"team": "a"}, name="first")
run = submit(naming, {"raw": "words", "times": 2}, choices=choices).wait()
print(run.status, run.experiment, run.tags["team"], run.parameters["times"], [step.name for step in run.steps])
written = []
again = submit(naming, {"raw": "words", "gate": "/dev/null"}).stream(lambda news: written.append(news.label.strip()))
print(again.status, sorted(set(written)))
""")
    assert ended.stdout.splitlines()[:1] == ["Completed mine a 2 ['load', 'finish']"], ended.stderr
    assert ended.stdout.splitlines()[1].startswith("Completed [")


def test_versions_are_named_by_digests_and_registered_once(here):
    ended = here("""
from amlkit.delivery.scratch import stack_here, workspace_here
from amlkit.pipelines import compile
workspace = workspace_here(stack_here())
def names():
    kinds = ("codes/load", "environments/load", "components/load", "components/naming", "data/amlkit-local")
    return {kind: [item["name"] for item in workspace.listed(f"/{kind}/versions")] for kind in kinds}
submit(naming, {"raw": "words"}).wait()
before = names()
job = workspace.get("/jobs/" + submit(naming, {"raw": "words"}).wait().id)["properties"]
print({len(versions) for versions in before.values()}, before == names())
print(job["properties"]["amlkit.definition"] == compile(naming).definition, job["properties"]["amlkit.pipeline"])
print(all(len(version) == 24 for versions in before.values() for version in versions))
""")
    assert ended.stdout.splitlines() == ["{1} True", "True naming", "True"], ended.stderr


def test_a_wrong_value_or_an_unknown_name_is_refused_before_anything_is_sent(here):
    ended = here("""
from amlkit.errors import DefinitionError
try:
    submit(naming, {"raw": "nowhere", "times": "many", "tims": 1})
except DefinitionError as error:
    print(*(f"{problem.where}: {problem.what}" for problem in error.problems), sep="\\n")
try:
    submit(naming, {"raw": "nowhere"})
except DefinitionError as error:
    print(error.problems[0].what.partition(": ")[0])
""")
    assert ended.stdout.splitlines() == [
        "naming.times: not an integer: many",
        "naming.tims: no such parameter",
        "no such file or folder",
    ], ended.stderr


def test_a_compute_that_runs_no_commands_is_refused(here):
    ended = here("""
from amlkit.delivery.scratch import stack_here, workspace_here
from amlkit.errors import DefinitionError
workspace = workspace_here(stack_here())
group = "/subscriptions/99999999-0000-0000-0000-000000000000/resourceGroups/theirs"
spark = group + "/providers/Microsoft.Databricks/workspaces/spark"
attached = {"computeType": "Databricks", "resourceId": spark, "properties": {}}
body = {"location": "westeurope", "properties": attached}
workspace.service.arm("PUT", workspace.id + "/computes/bricks", "2024-10-01", body)
try:
    submit(naming, {"raw": "words"}, compute={"cpu": "bricks"})
except DefinitionError as error:
    print(error)
""")
    assert "naming.cpu: a Databricks compute runs no commands: bricks" in ended.stdout, ended.stderr


def test_a_value_that_is_missing_in_python_is_hinted_as_an_argument():
    with pytest.raises(DefinitionError) as caught:
        checked((Parameter("rate", "number"), Parameter("raw", "uri_folder")), {}, "p")
    hints = [each.hint for each in caught.value.problems]
    assert hints == ["give it by its name: `rate=VALUE`", "give it by its name: `raw=PATH`"]
