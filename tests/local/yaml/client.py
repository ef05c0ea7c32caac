"""Everything that the tests of this folder look at, in one process: importing azure-ai-ml is what takes the time.

Run by `conftest.py` in a process that is pointed at a running local Azure ML. Submits every YAML file with the real,
unmodified client and with `amlkit run`, and prints what came of it as JSON.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from azure.ai.ml import Input, MLClient, Output, command, dsl, load_component, load_job
from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import AmlCompute, AzureBlobDatastore, Data, Environment, Model
from azure.identity import DefaultAzureCredential

from amlkit.cli import main
from amlkit.delivery.scratch import made
from amlkit.target import Service, Target

PARTS = ("component_file", "inner", "long", "long_inner", "middle", "say", "score", "trial")  # of others, or too long
FINAL = ("Completed", "Failed", "Canceled")
SHAPES = Path("shapes")
CONTAINER = "other"
os.chdir(sys.argv[1])
scratch = made(Service(Target.from_environment()))  # where `amlkit run` goes too
_, subscription, _, group, *_, workspace = scratch.id.strip("/").split("/")
ml = MLClient(DefaultAzureCredential(), subscription, group, workspace)


def guarded(do: Callable[..., Any], *arguments: Any) -> Any:
    """What it gives; the traceback if it fails, so that one failure does not hide the others."""
    try:
        return do(*arguments)
    except Exception:
        return traceback.format_exc()


def over(name: str) -> Any:
    while (state := ml.jobs.get(name).status) not in FINAL:
        time.sleep(0.05)  # the client has nothing to wait on without printing
    return state


def tree(name: str) -> dict[str, Any]:
    return {str(each.display_name): tree(str(each.name)) for each in ml.jobs.list(parent_job_name=name)}


def downloaded(name: str, **what: Any) -> tuple[list[str], str]:
    """The files of a job, and the text in its output `result`."""
    target = Path("down", name, *what)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        ml.jobs.download(name, download_path=target, **what)
    text = target / "named-outputs" / "result" / "text"
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    return files, text.read_text() if text.exists() else ""


def streamed(name: str) -> str:
    """What it prints until it exits, or raises."""
    said = StringIO()
    with redirect_stdout(said):
        try:
            ml.jobs.stream(name)
        except Exception as error:
            said.write(str(error))
    return said.getvalue()


def by_client(file: Path) -> dict[str, Any]:
    job = ml.jobs.create_or_update(load_job(file))
    said, state = streamed(job.name), over(job.name)
    files, text = downloaded(job.name, all=True)
    named = downloaded(job.name, output_name="result")[1] if text else ""
    logs = {path.name: path.read_text() for path in Path("down", job.name, "all", "artifacts").rglob("std_log.txt")}
    read = ml.jobs.get(job.name)
    return {
        "state": state,
        "said": said,
        "files": files,
        "text": text,
        "named": named,
        "tree": tree(job.name),
        "read": [read.type, read.display_name, dict(read.tags or {}), read.description],
        "log": logs.get("std_log.txt", ""),
    }


def by_amlkit(file: Path) -> dict[str, Any]:
    out, err, code = StringIO(), StringIO(), None
    with patch.object(sys, "argv", ["amlkit", "run", str(file)]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    places = [line.removeprefix("Output result: ") for line in out.getvalue().splitlines() if "Output result" in line]
    text = Path(places[0], "text").read_text() if places else ""
    return {"code": code, "out": out.getvalue(), "err": err.getvalue(), "text": text}


def refused_by_client(file: Path) -> str:
    try:
        with redirect_stderr(StringIO()):
            ml.jobs.create_or_update(load_job(file))
    except Exception as error:
        return str(error)
    return "accepted"


def set_up() -> None:
    account = scratch.properties["storageAccount"]
    scratch.service.arm("PUT", f"{account}/blobServices/default/containers/{CONTAINER}", "2023-05-01", {})
    keeping = AzureBlobDatastore(name="other", account_name=account.rpartition("/")[2], container_name=CONTAINER)
    ml.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=4)).result()
    ml.environments.create_or_update(Environment(name="bare", version="1", image="ubuntu"))
    ml.components.create_or_update(load_component(SHAPES / "say.yml"))
    ml.data.create_or_update(Data(name="letters", version="1", type="uri_folder", path="shapes/notes"))
    ml.data.create_or_update(Data(name="digit", version="5", type="uri_file", path="shapes/notes/a.txt"))
    ml.models.create_or_update(Model(name="small_model", version="1", type="mlflow_model", path="shapes/model"))
    ml.datastores.create_or_update(keeping)
    place = "azureml://datastores/workspaceblobstore/paths/kept/"
    kept = Output(type="uri_folder", path=place)
    writing = "echo k > ${{outputs.kept}}/k.txt"
    over(
        ml.jobs.create_or_update(
            command(environment="bare:1", compute="cpu", command=writing, outputs={"kept": kept})
        ).name
    )


def in_python() -> dict[str, Any]:
    """A pipeline of Python's: a loop over a plain argument, an optional input, settings that are set afterwards."""
    say = load_component(SHAPES / "say.yml")
    join = command(
        name="join",
        environment="azureml:bare@latest",
        code="shapes/code",
        command="python join.py ${{outputs.result}} ${{inputs.word}} $[[${{inputs.more}}]] ${{inputs.n}}",
        inputs={
            "word": Input(type="string"),
            "more": Input(type="string", optional=True),
            "n": Input(type="integer", default=3),
        },
        outputs={"result": Output(type="uri_folder", mode="upload")},
    )

    @dsl.pipeline(
        name="many", description="Many", experiment_name="shapes", tags={"a": "b"}, non_pipeline_inputs=["loops"]
    )
    def many(word: str, loops: int) -> dict[str, Any]:
        before = None
        for each in range(loops):
            step = say(word=str(each), before=before)
            step.name, before = f"say_{each}", step.outputs.said
        last = join(word=word)
        last.environment_variables = {"SIGN": "!"}
        last.set_limits(timeout=100)
        last.compute = "cpu"
        return {"said": before, "result": last.outputs.result}

    job = many(word="wort", loops=3)
    job.settings.default_compute = "cpu"
    job.settings.continue_on_step_failure = True
    job.outputs.said.mode = "upload"
    job.display_name = "shown"
    made = ml.jobs.create_or_update(job)
    state, read = over(made.name), ml.jobs.get(made.name)
    downloaded(made.name, output_name="said")
    said = Path("down", made.name, "output_name", "named-outputs", "said", "text").read_text()
    again = ml.jobs.get(made.name)
    again.name = f"{made.name}_again"
    return {
        "state": state,
        "text": downloaded(made.name, output_name="result")[1],
        "said": said,
        "read": [read.display_name, read.experiment_name, read.tags, read.description, list(read.jobs)],
        "mode": read.outputs.said.mode,
        "again": over(ml.jobs.create_or_update(again).name),
    }


def placed() -> list[str]:
    """Where an output of a command job lies that was asked for with a placeholder."""
    place = "azureml://datastores/workspaceblobstore/paths/c/${{name}}/${{output_name}}/"
    outputs = {"result": Output(type="uri_folder", path=place)}
    job = command(environment="bare:1", compute="cpu", command="echo p > ${{outputs.result}}/text", outputs=outputs)
    made = ml.jobs.create_or_update(job)
    over(made.name)
    text = downloaded(made.name, output_name="result")[1]
    return [text, ml.jobs.get(made.name).outputs.result.path.replace(made.name, "NAME")]


def cancelled() -> list[Any]:
    job = ml.jobs.create_or_update(load_job(SHAPES / "long.yml"))
    while not any(each.status == "Running" for each in ml.jobs.list(parent_job_name=job.name)):
        time.sleep(0.05)
    ml.jobs.begin_cancel(job.name).result()
    state = over(job.name)
    return [state, {each.display_name: each.status for each in ml.jobs.list(parent_job_name=job.name)}]


def archived() -> list[bool]:
    name = next(iter(ml.jobs.list())).name
    ml.jobs.archive(name)
    gone = name not in [each.name for each in ml.jobs.list()]
    kept = name in [each.name for each in ml.jobs.list(list_view_type=ListViewType.ARCHIVED_ONLY)]
    ml.jobs.restore(name)
    return [gone, kept, name in [each.name for each in ml.jobs.list(max_results=5)]]


set_up()
files = [path for path in sorted(Path(sys.argv[2]).glob("*.yml")) if path.stem not in PARTS]
ask = refused_by_client if sys.argv[2] == "refused" else by_client
facts = {
    "client": {path.stem: guarded(ask, path) for path in files},
    "amlkit": {path.stem: guarded(by_amlkit, path) for path in files},
}
if sys.argv[2] == "shapes":
    facts |= {each.__name__: guarded(each) for each in (in_python, placed, cancelled, archived)}
print("FACTS" + json.dumps(facts))
