"""What azure-ai-ml itself can define, submitted, read back, listed, downloaded and cancelled with it, unmodified.

One process with the client serves all tests of this file: importing it is what takes the time. Each part of the script
notes what it found under its own name, so that one that fails does not hide the others.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from amlkit.home import SUBSCRIPTION

from .conftest import StandIn, make_workspace

CLIENT = '''
import json, os, pathlib, sys, time, traceback, warnings
from azure.ai.ml import Input, MLClient, Output, command, dsl, load_job
from azure.ai.ml.entities import AmlCompute, Data, Environment, Model
from azure.ai.ml.parallel import RunFunction, parallel_run_function
from azure.ai.ml.sweep import BanditPolicy, Choice
from azure.identity import DefaultAzureCredential

subscription, group, workspace, folder = sys.argv[1:]
folder = pathlib.Path(folder)
ml = MLClient(DefaultAzureCredential(), subscription, group, workspace)
ml.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=4)).result()
bare = ml.environments.create_or_update(Environment(name="bare", version="1", image="ubuntu"))
facts = {}

def part(function):
    try:
        facts[function.__name__] = function()
    except BaseException as error:
        facts[function.__name__] = traceback.format_exc()

def over(job):
    while (state := ml.jobs.get(job.name).status) not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.1)
    return state

def refusal(call):
    try:
        call()
    except Exception as error:
        return str(error)

one = command(name="one", environment=bare, command="echo ${{inputs.rate}} $[[${{inputs.more}}]] > ${{outputs.o}}/v",
    inputs={"rate": Input(type="number", min=0, max=1), "more": Input(type="string", optional=True)},
    outputs={"o": Output(type="uri_folder")})
two = command(name="two", environment=bare, command="(cat ${{inputs.i}}/v; echo ${{inputs.t}}) > ${{outputs.o}}/v",
    inputs={"i": Input(type="uri_folder"), "t": Input(type="string", default="x")},
    outputs={"o": Output(type="uri_folder")})

@dsl.pipeline(name="inner")
def inner(rate: float, text: str = "plain", more: Input(type="string", optional=True) = None):
    a = one(rate=rate, more=more)
    b = two(i=a.outputs.o, t=text)
    return {"result": b.outputs.o, "raw": a.outputs.o}

@dsl.pipeline(name="middle")
def middle(rate: float):
    x = inner(rate=rate, text="mid")
    y = two(i=x.outputs.raw, t="y")
    return {"out": x.outputs.result, "side": y.outputs.o}

@dsl.pipeline(name="outer", default_compute="cpu")
def outer(rate: float = 0.5):
    m = middle(rate=rate)
    z = two(i=m.outputs.side, t="z")
    return {"report": m.outputs.out, "end": z.outputs.o}

@part
def nested():
    job = ml.jobs.create_or_update(outer(), experiment_name="nested")
    ml.jobs.stream(job.name)
    def tree(name):
        return {each.display_name: [each.status, tree(each.name)] for each in ml.jobs.list(parent_job_name=name)}
    ml.jobs.download(job.name, download_path=folder / "nested", all=True)
    ml.jobs.download(f"{job.name}-m", download_path=folder / "middle", output_name="side")
    inside = ml.jobs.get(f"{job.name}-m.x")
    leaf = ml.jobs.get(f"{job.name}-m.x.b")
    return {
        "tree": tree(job.name),
        "report": (folder / "nested/named-outputs/report/v").read_text(),
        "end": (folder / "nested/named-outputs/end/v").read_text(),
        "side": (folder / "middle/named-outputs/side/v").read_text(),
        "inside": [inside.type, inside.status, sorted(inside.outputs)],
        "leaf": [leaf.type, leaf.status, leaf.command.startswith("(cat")],
    }

@part
def cancelled():
    slow = command(name="slow", environment=bare, command="sleep 60")
    @dsl.pipeline(name="waits")
    def waits(): slow()
    @dsl.pipeline(name="around", default_compute="cpu")
    def around(): waits()
    job = ml.jobs.create_or_update(around())
    child = f"{job.name}-waits"
    while not any(each.status == "Running" for each in ml.jobs.list(parent_job_name=child)):
        time.sleep(0.1)
    ml.jobs.begin_cancel(child).result()
    return [over(job), ml.jobs.get(child).status]

@part
def yaml():
    (folder / "d").mkdir(parents=True)
    (folder / "d" / "x.csv").write_text("1")
    (folder / "one.csv").write_text("q")
    (folder / "pipe.yml").write_text("""
type: pipeline
settings: {default_compute: azureml:cpu, continue_on_step_failure: true}
inputs:
  raw: {type: uri_folder, path: ./d}
  file: {type: uri_file, path: ./one.csv, mode: download}
  flag: true
outputs:
  final: {type: uri_folder, mode: upload}
jobs:
  prepare:
    type: command
    command: (ls ${{inputs.raw}}; cat ${{inputs.file}}; echo ${{inputs.flag}} $A) > ${{outputs.o}}/v
    environment: azureml:bare@latest
    environment_variables: {A: B}
    limits: {timeout: 60}
    inputs:
      raw: ${{parent.inputs.raw}}
      file: ${{parent.inputs.file}}
      flag: ${{parent.inputs.flag}}
    outputs: {o: {type: uri_folder, mode: rw_mount}}
  finish:
    type: command
    component:
      type: command
      command: cp ${{inputs.i}}/v ${{outputs.final}}/v
      environment: {image: ubuntu}
      inputs: {i: {type: uri_folder}}
      outputs: {final: {type: uri_folder}}
    inputs: {i: "${{parent.jobs.prepare.outputs.o}}"}
    outputs: {final: "${{parent.outputs.final}}"}
""")
    job = ml.jobs.create_or_update(load_job(folder / "pipe.yml"))
    state = over(job)
    read = ml.jobs.get(job.name)
    ml.jobs.download(job.name, download_path=folder / "yaml", output_name="final")
    return [state, (folder / "yaml/named-outputs/final/v").read_text(), read.inputs.file.mode, read.outputs.final.mode,
            read.jobs["prepare"].limits.timeout, read.settings.continue_on_step_failure]

@part
def assets():
    data = ml.data.create_or_update(Data(name="folder", type="uri_folder", path=str(folder / "d")))
    ml.data.create_or_update(Data(name="file", version="1", type="uri_file", path=str(folder / "one.csv")))
    (folder / "m").mkdir()
    (folder / "m" / "MLmodel").write_text("flavors: {}")
    model = ml.models.create_or_update(Model(name="model", type="mlflow_model", path=str(folder / "m")))
    job = ml.jobs.create_or_update(command(
        environment=bare, compute="cpu", command="cat ${{inputs.a}}/x.csv ${{inputs.b}} ${{inputs.c}}/MLmodel",
        inputs={"a": Input(type="uri_folder", path="azureml:folder@latest"), "b": Input(type="uri_file", path=data.id),
                "c": Input(type="mlflow_model", path=f"azureml:model:{model.version}", mode="download")} | {
                "b": Input(type="uri_file", path="azureml:file:1")}))
    state = over(job)
    ml.data.archive("folder", version="1")
    archived = [each.version for each in ml.data.list("folder")]
    ml.data.restore("folder", version="1")
    return [state, data.version, archived, ml.data.get("folder", label="latest").version,
            {name: item.mode for name, item in ml.jobs.get(job.name).inputs.items()}]

@part
def registered():
    write = command(name="write", environment=bare,
        command="echo 1 > ${{outputs.d}}/x; echo 2 > ${{outputs.m}}/MLmodel",
        outputs={"d": Output(type="uri_folder"), "m": Output(type="mlflow_model")})
    @dsl.pipeline(default_compute="cpu")
    def registering():
        step = write()
        step.outputs.d = Output(type="uri_folder", name="numbers")
        return {"m": step.outputs.m}
    job = registering()
    job.outputs.m = Output(type="mlflow_model", name="best", version="3")
    job = ml.jobs.create_or_update(job)
    state = over(job)
    ml.models.download("best", "3", download_path=folder / "model")
    model, data = ml.models.get("best", label="latest"), ml.data.get("numbers", label="latest")
    by_path = ml.models.create_or_update(Model(name="again", type="mlflow_model", path=f"azureml://jobs/{job.name}/outputs/m"))
    read = ml.jobs.get(job.name).outputs.m
    return [state, [path.name for path in (folder / "model").rglob("*") if path.is_file()], model.version, data.version,
            model.job_name.startswith(job.name), data.properties["amlkit.job"] == model.job_name,
            by_path.path == model.path, by_path.job_name == job.name, [read.name, read.version]]

@part
def parallel():
    (folder / "score").mkdir()
    (folder / "score" / "score.py").write_text("def init(): pass\\ndef run(batch): return [1 for _ in batch]\\n")
    score = parallel_run_function(name="score", inputs={"d": Input(type="uri_folder")}, input_data="${{inputs.d}}",
        outputs={"o": Output(type="uri_file")}, mini_batch_size="1", instance_count=1, max_concurrency_per_instance=2,
        task=RunFunction(code=str(folder / "score"), entry_script="score.py", environment=bare,
                         append_row_to="${{outputs.o}}"))
    @dsl.pipeline(default_compute="cpu")
    def scoring(d): return {"o": score(d=d).outputs.o}
    job = ml.jobs.create_or_update(scoring(d=Input(type="uri_folder", path=str(folder / "d"))))
    state = over(job)
    node = ml.jobs.get(job.name).jobs["score"]
    child = ml.jobs.get(f"{job.name}-score")
    ml.jobs.download(job.name, download_path=folder / "scored", output_name="o")
    found = [path.read_text() for path in (folder / "scored").rglob("*") if path.is_file()]
    return [state, found, node.type, node.mini_batch_size, child.type, child.status]

@part
def sweeps():
    (folder / "train").mkdir()
    (folder / "train" / "train.py").write_text("""if True:
        import json, os, ssl, sys, time, urllib.request
        value = float(sys.argv[1])
        open(sys.argv[2] + "/v", "w").write(str(value))
        body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "score", "value": value, "timestamp": 1, "step": 0}
        headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
        url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
        trusted = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), context=trusted)
    """)
    train = command(name="train", code=str(folder / "train"), environment=bare, compute="cpu",
        command="python train.py ${{inputs.lr}} ${{outputs.m}}", inputs={"lr": Input(type="number", default=0.1)},
        outputs={"m": Output(type="uri_folder")})
    def swept():
        sweep = train(lr=Choice([0.1, 0.3, 0.2])).sweep(
            sampling_algorithm="grid", primary_metric="score", goal="Maximize", compute="cpu")
        sweep.set_limits(max_total_trials=3, max_concurrent_trials=2)
        sweep.early_termination = BanditPolicy(slack_factor=0.5, delay_evaluation=9)
        return sweep
    single = ml.jobs.create_or_update(swept())
    @dsl.pipeline(default_compute="cpu")
    def searching(): return {"m": swept().outputs.m}
    job = ml.jobs.create_or_update(searching())
    found = {}
    for name, each, shown in (("single", single, single.name), ("node", job, "")):
        state = over(each)
        shown = shown or next(iter(ml.jobs.list(parent_job_name=job.name))).name
        read = ml.jobs.get(shown)
        trials = [[trial.name == f"{shown}_{n}", trial.status]
                  for n, trial in enumerate(ml.jobs.list(parent_job_name=shown))]
        ml.jobs.download(each.name, download_path=folder / name, output_name="m")
        found[name] = [state, read.type, read.objective.primary_metric, read.limits.max_total_trials,
                       list(read.search_space), read.early_termination.slack_factor, trials,
                       (folder / name / "named-outputs/m/v").read_text()]
    return found

@part
def listed():
    jobs = [command(environment=bare, compute="cpu", command="true", tags={"mark": str(n)}) for n in range(3)]
    tagged = [ml.jobs.create_or_update(job).name for job in jobs]
    ml.jobs.archive(tagged[0])
    active = [each.name for each in ml.jobs.list()]
    archived = [each.name for each in ml.jobs.list(list_view_type="ArchivedOnly")]
    ml.jobs.restore(tagged[0])
    marked = [each.name for each in ml.jobs.list(tag="mark=1")]
    return [tagged[0] in active, archived == [tagged[0]], marked == [tagged[1]],
            tagged[0] in [each.name for each in ml.jobs.list()]]

@part
def refused():
    def run(**more):
        job = command(environment=bare, **{"compute": "cpu", "command": "true", **more})
        return refusal(lambda: ml.jobs.create_or_update(job))
    out_of_range = outer(rate=7.0)
    return {
        "compute": run(compute="nowhere"),
        "range": refusal(lambda: ml.jobs.create_or_update(out_of_range)),
        "valid": ml.jobs.validate(outer()).passed,
    }

print("FACTS" + json.dumps(facts))
'''


@pytest.fixture(scope="module")
def facts(stand_in: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each part of the script found; the traceback of a part that failed."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-sdk-jobs"
    stand_in.arm("PUT", group, {"location": "westeurope"})
    workspace = make_workspace(stand_in, group)
    folder: Path = tmp_path_factory.mktemp("sdk")
    names = (SUBSCRIPTION, workspace.group, workspace.name, str(folder))
    output = stand_in.script(CLIENT, *names, AZUREML_RUN_POLLING_INTERVAL_MIN="1")
    found: dict[str, Any] = json.loads(output.rpartition("FACTS")[2])
    return found


def test_pipelines_in_pipelines_run_and_read_as_jobs_of_their_own(facts: dict[str, Any]) -> None:
    done: list[Any] = ["Completed", {}]
    inside = ["Completed", {"a": done, "b": done}]
    assert facts["nested"] == {
        "tree": {"m": ["Completed", {"x": inside, "y": done}], "z": done},
        "report": "0.5\nmid\n",
        "end": "0.5\ny\nz\n",
        "side": "0.5\ny\n",
        "inside": ["pipeline", "Completed", ["raw", "result"]],
        "leaf": ["command", "Completed", True],
    }


def test_a_nested_pipeline_is_cancelled(facts: dict[str, Any]) -> None:
    assert facts["cancelled"] == ["Canceled", "Canceled"]


def test_a_pipeline_of_yaml_with_local_data_runs_and_reads_back(facts: dict[str, Any]) -> None:
    assert facts["yaml"] == ["Completed", "x.csv\nqTrue B\n", "download", "upload", 60, True]


def test_registered_data_and_models_are_inputs(facts: dict[str, Any]) -> None:
    modes = {"a": "ro_mount", "b": "ro_mount", "c": "download"}
    assert facts["assets"] == ["Completed", "1", [], "1", modes]


def test_outputs_are_registered_and_downloaded(facts: dict[str, Any]) -> None:
    assert facts["registered"] == ["Completed", ["MLmodel"], "3", "1", True, True, True, True, ["best", "3"]]


def test_a_parallel_step_runs_and_reads_back(facts: dict[str, Any]) -> None:
    assert facts["parallel"] == ["Completed", ["1\n"], "parallel", 1, "command", "Completed"]


@pytest.mark.parametrize("kind", ["single", "node"])
def test_a_sweep_runs_alone_and_in_a_pipeline(facts: dict[str, Any], kind: str) -> None:
    assert isinstance(facts["sweeps"], dict), facts["sweeps"]
    trials = [[True, "Completed"]] * 3
    assert facts["sweeps"][kind] == ["Completed", "sweep", "score", 3, ["lr"], 0.5, trials, "0.3"]


def test_jobs_are_listed_by_tag_and_archived(facts: dict[str, Any]) -> None:
    assert facts["listed"] == [False, True, True, True]


def test_what_cannot_run_is_refused_with_its_place(facts: dict[str, Any]) -> None:
    found = facts["refused"]
    assert "computeId: no such compute: nowhere" in found["compute"]
    assert "inputs.rate: jobs.m.x.a.inputs.rate is more than 1" in found["range"]
    assert found["valid"] is True
