"""What goes into ports and comes out: literals with limits, data, models, web addresses, registered outputs."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, literal, output_of
from .test_runs import FOLDER, OUT, parent_output, step

FILE = {"type": "uri_file"}
MODEL = {"type": "mlflow_model"}


def asset(lab, kind, name, version, uri, type_):
    field, named = ("modelUri", "modelType") if kind == "models" else ("dataUri", "dataType")
    return lab._version(kind, name, version, {field: uri, named: type_})


def cat(lab, **port):
    return lab.component("cat", "cat ${{inputs.i}}/* > ${{outputs.o}}/x", inputs={"i": {**FOLDER, **port}}, outputs=OUT)


def given(uri, type_="uri_folder"):
    return {"job_input_type": type_, "uri": uri}


def made(lab, job, step_name, output="o", file="x"):
    return lab.text(lab.steps(job.name)[step_name], output, file)


@pytest.mark.parametrize(
    ("port", "value", "what"),
    [
        ({"type": "string", "enum": ["a", "b"]}, "c", "not one of a, b: 'c'"),
        ({"type": "integer", "enum": [1, 2]}, "3", "not one of 1, 2: '3'"),
        ({"type": "integer", "min": "1"}, "0", "less than 1: 0"),
        ({"type": "number", "min": "0.0", "max": "1.0"}, "1.5", "more than 1.0: 1.5"),
        ({"type": "boolean"}, "maybe", "not a boolean: 'maybe'"),
        ({"type": "integer"}, "1.5", "not an integer: '1.5'"),
    ],
)
def test_a_literal_that_its_port_does_not_take_is_refused(lab, port, value, what):
    component = lab.component("c", "echo ${{inputs.v}}", inputs={"v": port})
    with pytest.raises(AzureError) as refused:
        lab.start({"s": step(component, v=literal(value))})
    assert refused.value.details == [{"code": "UserError", "target": "jobs.s.inputs.v", "message": what}]


def test_a_default_that_its_port_does_not_take_is_refused(lab):
    component = lab.component(
        "c", "echo ${{inputs.v}}", inputs={"v": {"type": "string", "enum": ["a"], "default": "b"}}
    )
    with pytest.raises(AzureError, match="its default is not one of a: 'b'"):
        lab.start({"s": step(component)})


def test_an_optional_input_sent_as_nothing_is_left_off_the_command_line(lab):
    command = "echo [$[[ --t ${{inputs.t}}]] $[[ --i ${{inputs.i}}]] ] > ${{outputs.o}}/x"
    ports = {"t": {"type": "string", "optional": True}, "i": {**FOLDER, "optional": True}}
    component = lab.component("c", command, inputs=ports, outputs=OUT)
    job = lab.run(
        {"s": step(component, t={"job_input_type": "literal", "value": None}, i={"job_input_type": "literal"})}
    )
    assert made(lab, job, "s") == "[ ]\n"


@pytest.mark.parametrize("reference", ["azureml:d:1", "azureml:d@latest", f"{WORKSPACE}/data/d/versions/1"])
def test_registered_data_is_found_by_version_label_and_id(lab, reference):
    asset(lab, "data", "d", "1", lab.data("there", a="1"), "uri_folder")
    assert made(lab, lab.run({"s": step(cat(lab), i=given(reference))}), "s") == "1"


@pytest.mark.parametrize("reference", ["azureml:m:2", "azureml:m@latest", f"{WORKSPACE}/models/m/labels/latest"])
def test_registered_models_are_found_by_version_label_and_id(lab, reference):
    asset(lab, "models", "m", "1", lab.data("old", a="1"), "mlflow_model")
    asset(lab, "models", "m", "2", lab.data("new", a="2"), "mlflow_model")
    job = lab.run({"s": step(cat(lab, **MODEL), i=given(reference, "mlflow_model"))})
    assert made(lab, job, "s") == "2"


def test_data_that_is_not_there_or_of_another_kind_is_refused(lab):
    asset(lab, "data", "file", "1", lab.data("there", a="1") + "/a", "uri_file")
    graph = {
        "a": step(cat(lab), i=given("azureml:none:1")),
        "b": step(cat(lab), i=given("azureml:file:1")),
        "c": step(cat(lab), i=given("azureml://jobs/none/outputs/o")),
        "d": step(cat(lab), i=given("https://example.org/folder?sv=1&sig=hunter2")),
        "e": step(cat(lab), i=given("azureml://datastores/none/paths/x")),
        "f": step(cat(lab), i=given("azureml://registries/r/data/d/versions/1")),
    }
    with pytest.raises(AzureError) as refused:
        lab.start(graph)
    said = {item["target"].split(".")[1]: item["message"] for item in refused.value.details}
    assert said == {
        "a": "there is no azureml:none:1 among the data and models",
        "b": "it takes uri_folder, but azureml:file:1 is uri_file",
        "c": "job none is not there, or has made no such output: azureml://jobs/none/outputs/o",
        "d": "behind a web address is a file, but it takes uri_folder: https://example.org/folder",
        "e": "Could not find datastore with name: 'none'.",
        "f": "data and models of registries are not in the local Azure ML: azureml://registries/r/data/d/versions/1",
    }


def test_the_output_of_another_job_is_an_input(lab):
    writer = lab.component("w", "echo 7 > ${{outputs.o}}/x", outputs=OUT)
    first = lab.run({"s": step(writer, {"o": parent_output("r")})}, outputs={"r": {"jobOutputType": "uri_folder"}})
    for uri in (f"azureml://jobs/{first.name}/outputs/r", f"azureml:azureml_{first.name}_output_data_r:1"):
        assert made(lab, lab.run({"s": step(cat(lab), i=given(uri))}), "s") == "7\n"


def test_a_file_behind_a_web_address_is_fetched_once(lab, site):
    reader = lab.component("r", "cat ${{inputs.i}} > ${{outputs.o}}/x", inputs={"i": FILE}, outputs=OUT)
    uri = f"{site.url}/some/numbers.csv?key=secret"
    graph = {name: step(reader, i=given(uri, "uri_file")) for name in ("a", "b")}
    job = lab.run(graph)
    assert (made(lab, job, "a"), made(lab, job, "b")) == ("1,2\n", "1,2\n")
    lab.run(graph, settings={"force_rerun": True})
    assert site.asked == ["/some/numbers.csv?key=secret"]
    log = lab.log(job, "logs/azureml/executionlogs.txt")
    assert f"fetches {site.url}/some/numbers.csv\n" in log
    assert "secret" not in log


def test_a_web_address_that_does_not_answer_fails_the_step_by_name(lab, site):
    reader = lab.component("r", "cat ${{inputs.i}}", inputs={"i": FILE})
    job = lab.run({"s": step(reader, i=given(f"{site.url}/none?key=secret", "uri_file"))})
    assert (
        job.error
        == f"step `s` could not start: {site.url}/none cannot be fetched: HTTPError: HTTP Error 404: Not Found"
    )


def test_outputs_are_registered_as_data_and_models_with_the_job_they_come_from(lab):
    component = lab.component(
        "w",
        "echo 1 > ${{outputs.o}}/x; echo 2 > ${{outputs.m}}/MLmodel",
        outputs={**OUT, "m": {**MODEL, "mode": "upload"}},
    )
    outputs = {"o": {"job_output_type": "uri_folder", "name": "numbers"}, "m": parent_output("best")}
    top = {"best": {"jobOutputType": "mlflow_model", "assetName": "model", "assetVersion": "7"}}
    job = lab.run({"s": step(component, outputs)}, outputs=top)
    data = lab.documents.get(f"{WORKSPACE}/data/numbers/versions/1")["properties"]
    assert (data["dataType"], data["properties"]["amlkit.job"]) == ("uri_folder", f"{job.name}-s")
    assert (lab.blobs.folder_of(data["dataUri"], WORKSPACE) / "x").read_text() == "1\n"
    model = lab.documents.get(f"{WORKSPACE}/models/model/versions/7")["properties"]
    assert (model["modelType"], model["jobName"]) == ("mlflow_model", f"{job.name}-s")
    assert lab.blobs.folder_of(model["modelUri"], WORKSPACE) == lab.blobs.folder_of(
        job.produced["best"]["uri"], WORKSPACE
    )
    shown = lab.jobs.document(lab.jobs.get(WORKSPACE, job.name))["properties"]["outputs"]["best"]
    assert (shown["assetName"], shown["assetVersion"]) == ("model", "7")


def versions(lab, name):
    return [each["name"] for each in lab.documents.children(f"{WORKSPACE}/data/{name}", "versions")]


def test_a_reused_output_keeps_its_version_and_a_new_one_gets_the_next(lab):
    component = lab.component(
        "w", "echo ${{inputs.t}} > ${{outputs.o}}/x", inputs={"t": {"type": "string"}}, outputs=OUT
    )
    out = {"o": {"job_output_type": "uri_folder", "name": "numbers"}}
    for text in ("a", "a", "b"):
        lab.run({"s": step(component, out, t=literal(text))})
    assert versions(lab, "numbers") == ["1", "2"]
    lab.run({"s": step(component, {"o": {"job_output_type": "uri_folder", "name": "others"}}, t=literal("a"))})
    assert versions(lab, "others") == ["1"]


def test_a_version_that_exists_with_other_content_fails_the_step(lab):
    component = lab.component(
        "w", "echo ${{inputs.t}} > ${{outputs.o}}/x", inputs={"t": {"type": "string"}}, outputs=OUT
    )
    out = {"o": {"job_output_type": "uri_folder", "name": "numbers", "version": "1"}}
    assert lab.run({"s": step(component, out, t=literal("a"))}).status is Status.COMPLETED
    job = lab.run({"s": step(component, out, t=literal("b"))})
    what = "version 1 of data `numbers` exists with other content"
    assert job.error == f"step `s` failed: output `o` cannot be registered: {what}"


def test_the_mode_of_an_output_is_that_of_the_node_or_else_of_the_run(lab):
    component = lab.component("w", "echo ${{outputs.o}} > ${{outputs.p}}/path", outputs={**OUT, "p": FOLDER})
    direct = {"job_output_type": "uri_folder", "mode": "Direct"}
    bad = lab.run({"s": step(component, {"o": direct}), "c": step(cat(lab), i=output_of("s", "p"))})
    assert made(lab, bad, "c").startswith("azureml://subscriptions/")
    with pytest.raises(AzureError, match="no such mode for an output: download"):
        lab.start({"s": step(lab.component("x", "true", outputs={"o": {**FOLDER, "mode": "download"}}))})


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        found = self.path.startswith("/some/")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"1,2\n" if found else b"")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def site():
    server = HTTPServer(("127.0.0.1", 0), Site)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
