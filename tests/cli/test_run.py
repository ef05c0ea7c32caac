"""`amlkit run` in a folder that is no project: Azure ML's YAML unchanged, and pipelines in Python, for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from amlkit.home import Home

JOBS = Path(__file__).parent / "jobs"
NAMING = "py/steps.py"
HEAVY = ("httpx", "azure", "pulumi", "pydantic", "starlette", "rich")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Folder:
    """A folder with jobs and nothing else."""

    root: Path
    environment: dict[str, str]

    def run(self, *words: str) -> Ended:
        command = [sys.executable, "-m", "amlkit", *words]
        ended = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        assert "Traceback" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def ok(self, *words: str) -> Ended:
        ended = self.run(*words)
        assert ended.code == 0, ended.text
        return ended

    def refused(self, *words: str) -> str:
        ended = self.run(*words)
        assert ended.code == 1, ended.text
        return ended.err

    def output(self, ended: Ended, name: str) -> Path:
        found = re.search(rf"^Output {name}: (.*)$", ended.out, re.MULTILINE)
        assert found, ended.text
        return self.root / found[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    root = tmp_path_factory.mktemp("jobs") / "here"
    shutil.copytree(JOBS, root, ignore=shutil.ignore_patterns("__pycache__"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_", "AZURE"))}
    cache = str(request.config.cache.mkdir("amlkit"))
    made = Folder(root, {**plain, "NO_COLOR": "1", "AMLKIT_CACHE": cache})
    yield made
    made.run("local", "stop")


def steps(ended: Ended) -> dict[str, str]:
    """What became of each step, by its name."""
    found = re.findall(r"^ *(\S+)  +(ran|reused|failed|canceled|would run|depends)\b", ended.out, re.MULTILINE)
    return dict(found)


def test_a_pipeline_runs_unchanged_where_there_is_nothing_but_its_file(folder):
    ended = folder.ok("run", "pipeline.yml")
    assert steps(ended) == {"count": "ran", "report": "ran"}
    assert (folder.output(ended, "report") / "count.txt").read_text() == "3"
    assert "Local Azure ML started" in ended.err
    assert "Compute `small-cluster` made" in ended.err
    assert "Try next:" in ended.err
    assert Home(folder.root).address_file.is_file()
    again = folder.ok("run", "pipeline.yml", "--param", "least=5", "--input", "text=words/four.txt")
    assert (folder.output(again, "report") / "count.txt").read_text() == "0"
    assert "made" not in again.err


def test_a_command_with_a_compute_and_data_that_are_not_there(folder):
    said = folder.refused("run", "command.yml")
    assert "inputs.text: no such data asset in the workspace: azureml:letters:7" in said
    assert "`--input text=PATH`" in said
    assert "az ml data create --name letters" in said
    ended = folder.ok("run", "command.yml", "-i", "text=words/three.txt", "--compute", "huge=small-cluster")
    assert (folder.output(ended, "counts") / "count.txt").read_text() == "2"


def test_a_component_becomes_a_job_with_its_inputs(folder):
    said = folder.refused("run", "count.yml")
    assert "count.yml.text: no value for it: it is data (uri_file) without a default" in said
    ended = folder.ok("run", "count.yml", "-i", "text=words/four.txt", "-p", "least=3")
    assert (folder.output(ended, "counts") / "count.txt").read_text() == "2"


def test_a_parallel_component_runs(folder):
    ended = folder.ok("run", "parallel.yml", "-i", "texts=words")
    assert steps(ended) == {"score": "ran"}


def test_a_nested_pipeline_runs_and_is_forecast(folder):
    ended = folder.ok("run", "nested.yml", "-o", "json")
    run = json.loads(ended.out)
    assert run["status"] == "Completed"
    assert [step["name"] for step in run["steps"]] == ["inner", "last"]
    assert "Compute `inner-cluster` made" in ended.err
    assert set(steps(folder.ok("run", "nested.yml", "--dry-run")).values()) == {"reused"}


def test_a_sweep_runs_its_trials(folder):
    said = folder.refused("run", "sweep.yml")
    assert "none of its trials logged the metric `accuracy`" in said


def test_what_is_wrong_with_a_file_is_said_with_its_lines(folder):
    said = folder.refused("run", "wrong.yml")
    assert said.startswith("error: 2 problems")
    assert re.search(r"wrong\.yml:4: jobs\.first\.type: value 'comand' passed is not in set", said)
    assert re.search(r"wrong\.yml:6: jobs\.second\.component: missing data", said)
    (folder.root / "broken.yml").write_text("type: [\n")
    assert "broken.yml:2: not YAML" in folder.refused("run", "broken.yml")
    assert "nothing.yml: no such file" in folder.refused("run", "nothing.yml")


def test_check_finds_inputs_that_there_are_not(folder):
    (folder.root / "unbound.yml").write_text(
        "type: pipeline\ninputs: {least: 3}\nsettings: {default_compute: azureml:cpu}\njobs:\n"
        "  a:\n    type: command\n    command: echo ${{inputs.lest}} ${{ inputs.least }}\n"
        "    inputs: {least: '${{parent.inputs.m}}'}\n    environment: {image: ubuntu}\n"
        "  b:\n    type: command\n    inputs: {n: 1}\n    component:\n"
        "      {type: command, command: 'echo $[[${{inputs.x}}]]', inputs: {n: {type: integer}}}\n"
    )
    said = folder.refused("check", "unbound.yml")
    assert "jobs.a.command: there is no such input: lest\n  hint: did you mean `least`?" in said
    assert "jobs.a.inputs.least: the pipeline has no such input: m" in said
    assert "jobs.b.component.command: there is no such input: x\n  hint: there is: n" in said
    assert "3 problems" in said


def test_a_compute_that_cannot_be_is_said_with_its_place(folder):
    text = (folder.root / "pipeline.yml").read_text().replace("azureml:small-cluster", "azureml:my_odd one")
    (folder.root / "odd.yml").write_text(text)
    for verb in ("check", "run"):
        said = folder.refused(verb, "odd.yml")
        assert "odd.yml: settings.default_compute: not a name of a compute: my_odd one\n  hint: a name has 2 to" in said
    assert "c d: not a name of a compute" in folder.refused("run", "odd.yml", "--compute", "my_odd one=c d")
    folder.ok("run", "odd.yml", "--compute", "my_odd one=small-cluster")


def test_another_process_at_the_kept_port_is_not_taken_for_the_local_azure_ml(folder):
    folder.ok("run", "count.yml", "-i", "text=words/four.txt")
    folder.run("local", "stop")
    address = Home(folder.root).address()
    command = [sys.executable, "-m", "http.server", str(address.port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONUNBUFFERED": "1"}) as stranger:
        assert b"Serving HTTP" in stranger.stdout.readline()
        said = folder.refused("runs")
        stranger.kill()
    assert f"error: no answer from {address.url}: " in said
    assert f"hint: something else than this checkout's local Azure ML has port {address.port}: end it" in said


def test_a_parallel_job_by_itself_is_not_taken_for_a_component(folder):
    text = (folder.root / "parallel.yml").read_text().partition("\n")[2]
    text = text.replace("name: score\n", "").replace("{type: uri_folder}", "{type: uri_folder, path: words}", 1)
    (folder.root / "alone.yml").write_text(text)
    said = folder.refused("check", "alone.yml")
    assert "alone.yml: not a type of job that runs here: parallel\n  hint: Azure ML has none by itself" in said


def test_check_finds_all_problems_offline(folder):
    folder.run("local", "stop")  # if it runs
    ended = folder.run("check", "pipeline.yml", "count.yml", "wrong.yml", NAMING)
    assert ended.code == 1
    assert "pipeline.yml  pipeline job" in ended.out
    assert "count.yml  command component" in ended.out
    assert re.search(r"^naming  [0-9a-f]{6}  2 steps$", ended.out, re.MULTILINE)
    assert "error: 2 problems" in ended.err
    assert folder.run("local", "status").code == 1


def test_check_warns_of_what_is_another_one_next_month(folder):
    (folder.root / "loose.py").write_text(
        "from amlkit import CommandStep, Compute, Image, pipeline\n\n"
        'class Say(CommandStep, command="echo hi", environment=Image("ubuntu:22.04"), code=None): ...\n\n'
        '@pipeline\ndef loose() -> None:\n    Say(compute=Compute("cpu"))\n'
    )
    ended = folder.run("check", "loose.py")
    assert ended.code == 0
    assert "warning: say.environment: the image is not pinned by its digest: ubuntu:22.04" in ended.err


def test_a_python_pipeline_runs_without_being_published(folder):
    ended = folder.ok("run", NAMING, "-i", "raw=words", "-p", "times=2")
    assert steps(ended) == {"load": "ran", "finish": "ran"}
    written = (folder.output(ended, "done") / "done.txt").read_text()
    assert written == "plain four.txt three.txt four.txt three.txt"
    again = folder.ok("run", f"{NAMING}:naming", "-i", "raw=words", "-p", "times=2")
    assert steps(again) == {"load": "reused", "finish": "reused"}
    assert "registered" not in again.err


def test_every_wrong_parameter_is_said_before_anything_starts(folder):
    folder.run("local", "stop")  # if it runs
    said = folder.refused(
        "run", NAMING, "-p", "time=2", "-p", "times=two", "-p", "kind=plan", "-i", "gate=x", "-p", "x"
    )
    for line in (
        "naming.time: no such parameter\n  hint: did you mean `times`?",
        "naming.times: not an integer: two",
        "naming.kind: not one of plain, fancy: plan\n  hint: did you mean `plain`?",
        "naming.raw: no value for it: it is data (uri_folder) without a default\n  hint: `--input raw=PATH`",
        "naming.gate: it is a string, not data",
        "naming.x: not a name with a value",
    ):
        assert f"error: {line}" in said
    assert folder.run("local", "status").code == 1


def test_a_forecast_names_what_would_run_and_runs_nothing(folder):
    folder.ok("run", NAMING, "-i", "raw=words")
    before = folder.ok("runs").out
    ended = folder.ok("run", NAMING, "-i", "raw=words", "-p", "gate=other", "--dry-run")
    assert steps(ended) == {"load": "reused", "finish": "would run"}
    assert "nothing was run" in ended.err
    assert set(steps(folder.ok("run", NAMING, "-i", "raw=words", "--force", "--dry-run")).values()) == {"would run"}
    assert folder.ok("runs").out == before


def test_until_a_step_and_from_a_step(folder):
    assert steps(folder.ok("run", NAMING, "-i", "raw=words", "--until", "load")).keys() == {"load"}
    assert "did you mean `load`?" in folder.refused("run", NAMING, "-i", "raw=words", "--until", "lod")
    whole = folder.ok("run", "pipeline.yml", "--name", "whole")
    assert "Running word_count (whole)" in whole.err
    part = folder.ok("run", "pipeline.yml", "--from", "report")
    assert steps(part).keys() == {"report"}
    assert "What comes before is taken from run whole" in part.err


def test_from_a_step_needs_a_completed_run(folder):
    copy = (folder.root / "pipeline.yml").read_text().replace("word_count", "never_ran")
    (folder.root / "never.yml").write_text(copy)
    assert "no completed run of `never_ran`" in folder.refused("run", "never.yml", "--from", "report")


def test_a_failed_run_is_resumed_with_its_parameters(folder):
    failed = folder.run("run", NAMING, "-i", "raw=words", "-p", "times=3", "-p", "gate=fail", "--name", "failing")
    assert (failed.code, steps(failed)) == (1, {"load": "ran", "finish": "failed"})
    assert "told to fail" in failed.err
    resumed = folder.ok("run", NAMING, "--resume", "failing", "-p", "gate=")
    assert steps(resumed) == {"load": "reused", "finish": "ran"}
    assert (folder.output(resumed, "done") / "done.txt").read_text().count("three.txt") == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_or_a_request_to_end_cancels_the_run(folder, number):
    name = f"cut-{number}"
    command = [sys.executable, "-m", "amlkit", "run", NAMING, "-i", "raw=words", "-p", "gate=/nowhere", "--name", name]
    running = subprocess.Popen(
        command,
        cwd=folder.root,
        env=folder.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # ignored where tests run in the background
    )
    for line in running.stderr:
        if re.match(r"  finish +running", line):
            break
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert f"Canceling run {name}" in err
    assert re.search(r"^finish  canceled", out, re.MULTILINE)
    assert "Traceback" not in err


def test_a_local_path_that_is_not_there_is_said(folder):
    said = folder.refused("run", "pipeline.yml", "-i", "text=words/nine.txt")
    assert "pipeline.yml: inputs.text: no such file or folder: words/nine.txt" in said


def test_code_around_the_home_goes_without_it(folder):
    image = "environment:\n  image: example.com/python\n"
    (folder.root / "around.yml").write_text(
        f"type: command\ncode: .\ncommand: ls -a\n{image}compute: azureml:around-it\n"
    )
    folder.ok("run", "around.yml", "--name", "around")
    shown = folder.ok("runs", "logs", "around").out
    assert "around.yml" in shown
    assert ".amlkit\n" not in shown
    assert (folder.root / ".amlkit" / ".gitignore").read_text() == "*\n"


def test_a_run_left_alone_prints_its_id(folder):
    assert folder.ok("run", NAMING, "-i", "raw=words", "--no-wait", "--name", "alone").out == "alone\n"
    end = time.monotonic() + 60
    while not re.search(r"^alone +completed ", folder.ok("runs").out, re.MULTILINE):
        assert time.monotonic() < end


def test_a_run_of_a_python_pipeline_imports_nothing_heavy(folder):
    folder.ok("run", NAMING, "-i", "raw=words")
    code = (
        "import sys; from amlkit.cli import root; "
        f"root.main(['run', {NAMING!r}, '-i', 'raw=words'], standalone_mode=False); "
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=folder.root, env=folder.environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines()[-1] == "[]"


def test_data_that_nobody_can_mean_is_refused(folder):
    assert "naming.raw: an empty path" in folder.refused("run", f"{NAMING}:naming", "-i", "raw=")
    said = folder.refused("run", f"{NAMING}:naming", "-i", "raw=https://someone:hunter2@example.invalid/x")
    assert "naming.raw: a web address with a user or password in it" in said
    assert "hunter2" not in said
    for file, where in ((f"{NAMING}:naming", "naming."), ("count.yml", "count.yml: inputs.")):
        name = "raw" if file != "count.yml" else "text"
        said = folder.refused("run", file, "-i", f"{name}=https://example.invalid/x?sv=1&sig=hunter2")
        assert f"{where}{name}: a web address with a signature in it" in said
        assert "hint: it would be kept with the run" in said
        assert "hunter2" not in said
    assert "name too long" in folder.refused("run", f"{NAMING}:naming", "-i", f"raw={'x' * 5000}")
    (folder.root / "odd").mkdir()
    (folder.root / "odd" / "two\nlines").touch()
    assert "its name is not plain text" in folder.refused("run", f"{NAMING}:naming", "-i", "raw=odd")


@pytest.mark.parametrize(
    "text", ["[" * 5000, "type: pipeline\njobs:\n  a: {type: pipeline, component: ./circle.yml}\n"]
)
def test_a_file_without_an_end_is_refused(folder, text):
    (folder.root / "circle.yml").write_text(text)
    assert "nested too deeply" in folder.refused("run", "circle.yml")
