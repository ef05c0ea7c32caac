"""Parallel steps and sweeps as the unmodified azure-ai-ml defines, submits, streams, lists and downloads them."""

import json

import pytest

from ..conftest import Workspace

LOG = """
import json, os, ssl, sys, urllib.request
def log(value, step):
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "accuracy", "value": value, "timestamp": step, "step": step}
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
rate = float(sys.argv[1])
print("trying", rate)
if rate == 0.3 and "GATE" in os.environ:
    open(os.environ["GATE"]).read()
log(rate, 1)
open(sys.argv[2] + "/model", "w").write(str(rate))
"""
SCORE = """
import os, sys
def init():
    print("ready")
def run(mini_batch):
    return [os.path.basename(path) + " " + sys.argv[2] for path in mini_batch]
"""
START = """if True:
    import json, pathlib, sys, time
    from azure.ai.ml import Input, MLClient, Output, command, dsl, load_job
    from azure.ai.ml.entities import AmlCompute, Environment
    from azure.ai.ml.parallel import RunFunction, parallel_run_function
    from azure.ai.ml.sweep import BanditPolicy, Choice, Uniform
    from azure.identity import DefaultAzureCredential

    subscription, group, workspace, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    ml = MLClient(DefaultAzureCredential(), subscription, group, workspace)
    ml.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2", max_instances=2)).result()
    bare = ml.environments.create_or_update(Environment(name="bare", version="1", image="ubuntu"))
    found = {}
"""
SWEEP = (
    START
    + """
    import os, requests
    gate = folder / "gate"
    os.mkfifo(gate)

    def watched(session, method, url, *args, asked=requests.Session.request, **options):
        answer = asked(session, method, url, *args, **options)
        if "/details" in url and answer.ok:  # the stream has begun: one that begins after the end says nothing
            requests.Session.request = asked
            gate.write_text("go")
        return answer

    requests.Session.request = watched
    train = command(code=folder / "code", environment=bare, compute="cpu", experiment_name="sweeps",
        environment_variables={"GATE": str(gate)}, command="python train.py ${{inputs.rate}} ${{outputs.model}}",
        inputs={"rate": 0.1}, outputs={"model": Output(type="uri_folder")})
    job = train(rate=Choice([0.1, 0.7, 0.3])).sweep(
        sampling_algorithm="grid", primary_metric="accuracy", goal="maximize", compute="cpu")
    job.set_limits(max_total_trials=3, max_concurrent_trials=2, timeout=600)
    job.early_termination = BanditPolicy(slack_factor=10, evaluation_interval=1)
    job.experiment_name = "sweeps"
    made = ml.jobs.create_or_update(job)
    ml.jobs.stream(made.name)
    done = ml.jobs.get(made.name)
    found["job"] = [type(done).__name__, done.status, done.properties["best_child_run_id"] == made.name + "_1"]
    found["children"] = [[child.name.removeprefix(made.name), child.status, ml.jobs.get(child.name).status]
                         for child in ml.jobs.list(parent_job_name=made.name)]
    ml.jobs.download(made.name, download_path=folder / "best", output_name="model")
    ml.jobs.download(made.name, download_path=folder / "everything", all=True)

    (folder / "sweep.yml").write_text('''
type: sweep
trial:
  code: code
  command: python train.py ${{search_space.rate}} ${{outputs.model}}
  environment: azureml:bare:1
outputs:
  model: {type: uri_folder}
sampling_algorithm: {type: random, seed: 3, rule: sobol}
search_space:
  rate: {type: uniform, min_value: 0.2, max_value: 0.9}
objective: {goal: minimize, primary_metric: accuracy}
limits: {max_total_trials: 2, max_concurrent_trials: 2, timeout: 600, trial_timeout: 300}
compute: azureml:cpu
''')
    made = ml.jobs.create_or_update(load_job(folder / "sweep.yml"))
    ml.jobs.stream(made.name)
    scores = {child.name: json.loads(child.tags["hyperparameters"])["rate"]
              for child in ml.jobs.list(parent_job_name=made.name)}
    found["yaml"] = [len(scores), ml.jobs.get(made.name).properties["best_child_run_id"] == min(scores, key=scores.get)]

    slow = command(code=folder / "code", environment=bare, compute="cpu", command="sleep 600 # ${{inputs.rate}}",
                   inputs={"rate": 0.1})
    slow = slow(rate=Uniform(0.1, 0.2)).sweep(
        sampling_algorithm="random", primary_metric="accuracy", goal="maximize", compute="cpu")
    slow.set_limits(max_total_trials=4, max_concurrent_trials=2)
    made = ml.jobs.create_or_update(slow)
    ml.jobs.begin_cancel(made.name).result()
    while (status := ml.jobs.get(made.name).status) not in ("Canceled", "Completed", "Failed"):
        time.sleep(0.1)
    found["cancelled"] = status
    print("FOUND", json.dumps(found))
"""
)
PARALLEL = (
    START
    + """
    for n in range(5):
        (folder / "data" / f"f{n}").write_text(str(n))
    score = parallel_run_function(
        name="score", inputs={"files": Input(type="uri_folder"), "word": Input(type="string", default="hello")},
        outputs={"scores": Output(type="uri_file")}, input_data="${{inputs.files}}", mini_batch_size="2",
        max_concurrency_per_instance=2, instance_count=1, error_threshold=0, mini_batch_error_threshold=0,
        retry_settings={"max_retries": 1, "timeout": 30}, logging_level="DEBUG",
        task=RunFunction(code=str(folder / "code"), entry_script="score.py", environment="azureml:bare:1",
            program_arguments="--word ${{inputs.word}}", append_row_to="${{outputs.scores}}"))
    train = command(name="train", code=folder / "code", environment="azureml:bare:1",
        command="python train.py ${{inputs.rate}} ${{outputs.model}}",
        inputs={"rate": Input(type="number", default=0.1)}, outputs={"model": Output(type="uri_folder")})

    @dsl.pipeline(default_compute="cpu")
    def both(files: Input):
        scored = score(files=files)
        scored.mini_batch_size = 3
        best = train(rate=Choice([0.2, 0.6])).sweep(
            sampling_algorithm="grid", primary_metric="accuracy", goal="maximize")
        best.set_limits(max_total_trials=2, max_concurrent_trials=2)
        return {"scores": scored.outputs.scores, "model": best.outputs.model}

    job = ml.jobs.create_or_update(both(files=Input(type="uri_folder", path=str(folder / "data"))))
    ml.jobs.stream(job.name)
    found["children"] = sorted([child.display_name, child.status] for child in ml.jobs.list(parent_job_name=job.name))
    sweep = next(child for child in ml.jobs.list(parent_job_name=job.name) if child.display_name == "best")
    found["trials"] = [child.status for child in ml.jobs.list(parent_job_name=sweep.name)]
    found["sweep"] = [type(ml.jobs.get(sweep.name)).__name__, ml.jobs.get(sweep.name).status]
    ml.jobs.download(sweep.name, download_path=folder / "trial", output_name="model")
    for output in ("scores", "model"):
        ml.jobs.download(job.name, download_path=folder / "got", output_name=output)

    (folder / "parallel.yml").write_text('''
type: pipeline
compute: azureml:cpu
inputs:
  files: {type: uri_folder, path: data}
outputs:
  scores: {type: uri_folder}
jobs:
  score:
    type: parallel
    mini_batch_size: "1"
    mini_batch_error_threshold: 1
    max_concurrency_per_instance: 1
    retry_settings: {max_retries: 2, timeout: 60}
    resources: {instance_count: 2}
    inputs: {files: "${{parent.inputs.files}}"}
    outputs: {out: "${{parent.outputs.scores}}"}
    input_data: ${{inputs.files}}
    task:
      type: run_function
      code: code
      entry_script: score.py
      environment: azureml:bare:1
      program_arguments: --word yaml
      append_row_to: ${{outputs.out}}
  best:
    type: sweep
    trial: ./trial.yml
    sampling_algorithm: random
    search_space:
      rate: {type: choice, values: [0.5]}
    objective: {goal: maximize, primary_metric: accuracy}
    limits: {max_total_trials: 1}
''')
    (folder / "trial.yml").write_text('''
type: command
name: trial
version: "1"
code: code
command: python train.py ${{inputs.rate}} ${{outputs.model}}
environment: azureml:bare:1
inputs:
  rate: {type: number}
outputs:
  model: {type: uri_folder}
''')
    job = ml.jobs.create_or_update(load_job(folder / "parallel.yml"))
    ml.jobs.stream(job.name)
    found["yaml"] = ml.jobs.get(job.name).status
    ml.jobs.download(job.name, download_path=folder / "yaml", output_name="scores")
    print("FOUND", json.dumps(found))
"""
)


@pytest.fixture
def run(workspace: Workspace, tmp_path):
    folder = tmp_path / "client"
    for name in ("code", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "code" / "train.py").write_text(LOG)
    (folder / "code" / "score.py").write_text(SCORE)

    def run(script):
        names = (workspace.id.split("/")[2], workspace.group, workspace.name, str(folder))
        said, _, text = workspace.stand_in.script(script, *names, AZUREML_RUN_POLLING_INTERVAL_MIN="1").partition(
            "FOUND "
        )
        return said, json.loads(text), folder

    return run


def test_the_official_client_runs_sweeps(run):
    said, found, folder = run(SWEEP)
    assert found["job"] == ["SweepJob", "Completed", True]
    assert found["children"] == [[f"_{n}", "Completed", "Completed"] for n in range(3)]
    assert "_1 completed, accuracy 0.7" in said
    assert (folder / "best" / "named-outputs" / "model" / "model").read_text() == "0.7"
    assert (folder / "everything" / "artifacts" / "user_logs" / "std_log.txt").read_text().endswith("trying 0.7\n")
    assert (folder / "everything" / "hd-artifacts" / "azureml-logs" / "hyperdrive.txt").exists()
    assert found["yaml"] == [2, True]
    assert found["cancelled"] == "Canceled"


def test_the_official_client_runs_pipelines_with_parallel_steps_and_sweeps(run):
    _, found, folder = run(PARALLEL)
    assert found["children"] == [["best", "Completed"], ["score", "Completed"]]
    assert found["trials"] == ["Completed", "Completed"]
    rows = next((folder / "got" / "named-outputs" / "scores").rglob("*")).read_text().splitlines()
    assert rows == [f"f{n} hello" for n in range(5)]
    assert (folder / "got" / "named-outputs" / "model" / "model").read_text() == "0.6"
    assert found["sweep"] == ["SweepJob", "Completed"]
    assert (folder / "trial" / "named-outputs" / "model" / "model").read_text() == "0.6"
    assert found["yaml"] == "Completed"
    rows = (folder / "yaml" / "named-outputs" / "scores" / "parallel_run_step.txt").read_text().splitlines()
    assert rows == [f"f{n} yaml" for n in range(5)]
