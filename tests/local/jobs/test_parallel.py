"""Parallel steps: mini-batches, rows in order, thresholds, tries, time limits, processes that die."""

import json

import pytest

from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, is_alive, literal

FOLDER = {"type": "uri_folder"}
FILE = {"type": "uri_file"}
NAMES = """
import os
def init():
    print("init")
def run(mini_batch):
    return [os.path.basename(path) + " of " + str(len(mini_batch)) for path in mini_batch]
"""


PANDAS = "dependencies: [pip, {pip: [pandas]}]\n"


def parallel(lab, script, name="score", outputs=None, inputs=None, task=None, **spec):
    """A parallel component whose input is `i` and whose rows go to `o`."""
    code = lab.code(name, score__py=script)
    wanted = {"type": "run_function", "code": code, "entry_script": "score.py", "environment": lab.environment()}
    wanted |= {"append_row_to": "${{outputs.o}}", **(task or {})}
    return lab.component(
        name,
        "",
        type="parallel",
        inputs={"i": FOLDER, **(inputs or {})},
        outputs={"o": FILE} if outputs is None else outputs,
        **{"input_data": "${{inputs.i}}", "mini_batch_size": "2", "task": wanted, **spec},
    )


def data(lab, count=5, path="many"):
    return {"job_input_type": "uri_folder", "uri": lab.data(path, **{f"f{n}": str(n) for n in range(count)})}


def run(lab, component, given, node=None, **inputs):
    graph = {"s": {"type": "parallel", "componentId": component, "inputs": {"i": given, **inputs}, **(node or {})}}
    job = lab.run(graph)
    return job, lab.steps(job.name)["s"]


def rows(lab, step, file=""):
    return lab.text(step, "o", file).splitlines()


def test_files_come_in_mini_batches_and_rows_in_their_order(lab):
    slow_first = NAMES + "\nimport time\nfast = run\n"
    slow_first += (
        "def run(mini_batch):\n    time.sleep(0.3 if 'f0' in mini_batch[0] else 0)\n    return fast(mini_batch)\n"
    )
    job, step = run(lab, parallel(lab, slow_first, max_concurrency_per_instance=2), data(lab))
    assert (job.status, job.error) == (Status.COMPLETED, "")
    assert rows(lab, step) == ["f0 of 2", "f1 of 2", "f2 of 2", "f3 of 2", "f4 of 1"]
    assert "5 items in 3 mini-batches, 2 processes" in lab.log(step)
    assert lab.log(step, "logs/user/stdout/node-0/process000.stdout.txt").startswith("init\n")


def test_a_node_overrides_its_component_and_equal_bytes_are_reused(lab):
    component = parallel(lab, NAMES)
    assert rows(lab, run(lab, component, data(lab), {"mini_batch_size": 4})[1])[0] == "f0 of 4"
    again, _ = run(lab, component, data(lab), {"mini_batch_size": 4})
    assert lab.reasons(again.name) == {"s": "reused"}
    assert rows(lab, run(lab, component, data(lab), {"mini_batch_size": 3})[1])[0] == "f0 of 3"


def test_rows_go_to_a_folder_under_the_usual_or_a_chosen_name(lab):
    folder = {"o": FOLDER}
    _, step = run(lab, parallel(lab, NAMES, "usual", folder), data(lab, 1))
    assert rows(lab, step, "parallel_run_step.txt") == ["f0 of 1"]
    task = {"program_arguments": "--append_row_file_name mine.txt"}
    _, step = run(lab, parallel(lab, NAMES, "chosen", folder, task=task), data(lab, 1))
    assert rows(lab, step, "mine.txt") == ["f0 of 1"]


def test_arguments_reach_the_entry_script(lab):
    script = "import sys\ndef run(mini_batch):\n    return [' '.join(sys.argv[1:]) for _ in mini_batch]\n"
    task = {"program_arguments": "--rate ${{inputs.rate}} --word ${{inputs.word}} $[[--o ${{inputs.none}}]]"}
    ports = {"rate": {"type": "number"}, "word": {"type": "string"}, "none": {"type": "string", "optional": True}}
    component = parallel(lab, script, inputs=ports, task=task)
    _, step = run(lab, component, data(lab, 1), rate=literal(0.5), word=literal("two 'words' $HOME"))
    assert rows(lab, step) == ["--rate 0.5 --word two 'words' $HOME"]


def test_a_mini_batch_that_fails_is_tried_again(lab, tmp_path):
    script = f"""
import os
def run(mini_batch):
    mark = "{tmp_path}/tried"
    if "f0" in mini_batch[0] and not os.path.exists(mark):
        open(mark, "w").close()
        raise ValueError("the first time")
    return mini_batch
"""
    job, step = run(lab, parallel(lab, script), data(lab))
    assert (job.status, len(rows(lab, step))) == (Status.COMPLETED, 5)
    assert "mini-batch 0 failed, try 1 of 3" in lab.log(step)
    assert "ValueError: the first time" in lab.log(step, "logs/user/error.txt")


def test_failed_items_are_counted_against_the_threshold(lab):
    script = "def run(mini_batch):\n    assert 'f4' not in mini_batch[0]\n    return mini_batch[:1]\n"
    retry = {"retry_settings": {"max_retries": 0}}
    ignored, step = run(lab, parallel(lab, script, **retry), data(lab))
    assert (ignored.status, len(rows(lab, step))) == (Status.COMPLETED, 2)
    assert "3 of 3 mini-batches done, 1 failed; 5 items, 3 failed" in lab.log(step)
    assert run(lab, parallel(lab, script, error_threshold=3, **retry), data(lab))[0].status is Status.COMPLETED
    failed, _ = run(lab, parallel(lab, script, error_threshold=2, **retry), data(lab))
    assert failed.status is Status.FAILED
    assert "failed: 3 items failed, more than the error_threshold of 2" in failed.error
    batches = parallel(lab, script, mini_batch_error_threshold=0, **retry)
    assert (
        "1 mini-batches failed, more than the mini_batch_error_threshold of 0" in run(lab, batches, data(lab))[0].error
    )
    task = {"program_arguments": "--allowed_failed_percent 59"}
    assert "60.0 % of the items failed" in run(lab, parallel(lab, script, task=task, **retry), data(lab))[0].error


def test_a_hung_and_a_dead_process_are_replaced(lab, tmp_path):
    script = f"""
import os, signal, time
def run(mini_batch):
    name = os.path.basename(mini_batch[0])
    mark = "{tmp_path}/" + name
    if not os.path.exists(mark):
        open(mark, "w").close()
        if name == "f0":
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            time.sleep(600)
        if name == "f2":
            os._exit(7)
    return mini_batch
"""
    job, step = run(lab, parallel(lab, script, retry_settings={"timeout": 1, "max_retries": 1}), data(lab))
    assert (job.status, len(rows(lab, step))) == (Status.COMPLETED, 5)
    assert "run() took longer than 1 s in process" in lab.log(step)
    assert "(exit code 7)" in lab.log(step)


def test_an_entry_script_that_cannot_start_fails_the_step_with_its_traceback(lab):
    job, _ = run(
        lab, parallel(lab, "def init():\n    raise KeyError('no model')\ndef run(b):\n    return b\n"), data(lab)
    )
    assert "KeyError: 'no model'" in job.error
    job, _ = run(lab, parallel(lab, "import os\nos._exit(3)\n"), data(lab))
    assert "the processes of the entry script end before init() is done" in job.error
    job, _ = run(lab, parallel(lab, "def run(b):\n    return None\n"), data(lab))
    assert "run() must return a list, a tuple, an array or a pandas DataFrame, not NoneType" in job.error


def test_azure_ml_s_own_helper_the_context_and_shutdown(lab):
    script = """
from azureml_user.parallel_run import EntryScript
def init():
    EntryScript().logger.info("said in init")
def run(mini_batch, context):
    return [context.minibatch_index for _ in mini_batch]
def shutdown():
    print("down")
"""
    _, step = run(lab, parallel(lab, script, max_concurrency_per_instance=1), data(lab, 3))
    assert rows(lab, step) == ["0", "0", "1"]
    assert "said in init" in lab.log(step, "logs/user/entry_script_log/node-0/process000.log.txt")
    assert lab.log(step, "logs/user/stdout/node-0/process000.stdout.txt") == "down\n"


def test_nothing_in_the_input_is_an_error(lab):
    assert "failed: there is nothing in the input" in run(lab, parallel(lab, NAMES), data(lab, 0, "none"))[0].error


def test_cancel_ends_all_processes_of_a_parallel_step(lab, tmp_path):
    script = f"import os, time\ndef run(b):\n    open('{tmp_path}/' + str(os.getpid()), 'w')\n    time.sleep(600)\n"
    component = parallel(lab, script, max_concurrency_per_instance=2)
    graph = {"s": {"type": "parallel", "componentId": component, "inputs": {"i": data(lab)}}}
    name = lab.start(graph)
    lab.until(name, lambda _: len(list(tmp_path.glob("[0-9]*"))) == 2)
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED
    assert not any(is_alive(path.name) for path in tmp_path.glob("[0-9]*"))


def test_what_is_wrong_with_a_parallel_component_is_said_at_submit(lab):
    component = parallel(
        lab,
        NAMES,
        task={"entry_script": "", "append_row_to": "out.txt"},
        mini_batch_size="many",
        error_threshold=-2,
        input_data="${{inputs.x}}",
        logging_level="LOUD",
    )
    with pytest.raises(AzureError) as refused:
        lab.start({"s": {"type": "parallel", "componentId": component, "inputs": {"i": data(lab)}}})
    said = {item["target"]: item["message"] for item in refused.value.details}
    assert said["jobs.s.task.entry_script"] == "no entry script"
    assert said["jobs.s.task.append_row_to"] == "it must be a binding to a port: out.txt"
    assert said["jobs.s.mini_batch_size"] == "neither a number of files nor a size like 10kb: 'many'"
    assert said["jobs.s.error_threshold"] == "it must be -1 or more, not -2"
    assert said["jobs.s.input_data"] == "`input_data` must name an input with data: x"
    assert "DEBUG" in said["jobs.s.logging_level"]


def test_a_table_needs_pandas_and_what_it_cannot_do_is_refused_by_name(lab):
    table = {"paths": [{"file": "./a.csv"}], "transformations": [{"read_delimited": {"delimiter": ","}}]}
    component = parallel(lab, NAMES, inputs={"i": {"type": "mltable"}})
    uri = lab.data("table", MLTable=json.dumps(table), **{"a.csv": "x,y\n1,2\n"})
    given = {"job_input_type": "mltable", "uri": uri}
    assert "a table as input needs pandas in the environment of the step" in run(lab, component, given)[0].error
    table["transformations"].append({"take_random_sample": {"probability": 0.1}})
    lab.data("table", MLTable=json.dumps(table))
    said = run(lab, component, given)[0].error
    assert said.endswith("a transformation that the local Azure ML does not do: take_random_sample")


def test_a_table_without_a_reader_is_a_list_of_files(lab):
    uri = lab.data(
        "listed", MLTable=json.dumps({"paths": [{"pattern": "./*.csv"}]}), **{"a.csv": "", "b.csv": "", "c": ""}
    )
    component = parallel(lab, NAMES, inputs={"i": {"type": "mltable"}})
    _, step = run(lab, component, {"job_input_type": "mltable", "uri": uri})
    assert rows(lab, step) == ["a.csv of 2", "b.csv of 2"]


def test_a_table_comes_as_frames_of_about_a_size_or_by_its_keys(lab):
    table = {"paths": [{"pattern": "./*.csv"}], "transformations": ["read_delimited", {"drop_columns": "z"}]}
    rows_of = {n: "".join(f"{k},{n},0\n" for k in "abab") for n in (1, 2)}
    files = {f"{n}.csv": "x,y,z\n" + text for n, text in rows_of.items()}
    given = {"job_input_type": "mltable", "uri": lab.data("frames", MLTable=json.dumps(table), **files)}
    script = """
import pandas
def run(mini_batch, context):
    told = {"n": context.minibatch_index, "x": "".join(mini_batch.x), "y": mini_batch.y.sum(), "w": mini_batch.shape[1]}
    return pandas.concat([pandas.DataFrame([told])] * len(mini_batch))
"""
    task = {"environment": lab.environment("frames", condaFile=PANDAS)}
    port = {"i": {"type": "mltable"}}
    job, step = run(lab, parallel(lab, script, "sized", inputs=port, task=task, mini_batch_size="16"), given)
    assert job.error == ""
    assert list(dict.fromkeys(rows(lab, step))) == ["0 ab 2 2", "1 ab 2 2", "2 ab 4 2", "3 ab 4 2"]
    keyed = parallel(lab, script, "keyed", inputs=port, task=task, partition_keys='["x"]', error_threshold=0)
    assert list(dict.fromkeys(rows(lab, run(lab, keyed, given)[1]))) == ["0 aaaa 6 2", "1 bbbb 6 2"]
    lost = parallel(lab, script, "lost", inputs=port, task=task, partition_keys='["q"]')
    assert "the table has no column for the partition key: q" in run(lab, lost, given)[0].error
