"""Data in pipelines: which type may feed which, listed values, optional inputs, and where data may lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from amlkit import (
    CommandStep,
    Conda,
    CustomModel,
    File,
    Folder,
    Input,
    MLflowModel,
    MLTable,
    Output,
    check,
    compile,
    output,
    pipeline,
)
from amlkit.errors import DefinitionError
from amlkit.pipelines.trace import trace
from tests.pipelines.sample.steps import corpora, cpu

here = Conda("sample/environment.yaml")
KINDS = {"folder": Folder, "file": File, "table": MLTable, "mlflow": MLflowModel, "custom": CustomModel}


def _command(side: str) -> str:
    return " ".join(f"${{{{{side}.{name}}}}}" for name in KINDS)


class Make(CommandStep, command="make " + _command("outputs"), environment=here, code=None):
    folder: Output[Folder] = output()
    file: Output[File] = output()
    table: Output[MLTable] = output()
    mlflow: Output[MLflowModel] = output()
    custom: Output[CustomModel] = output()


class Take(
    CommandStep,
    command="take " + " ".join(f"$[[${{{{inputs.{name}}}}}]]" for name in KINDS),
    environment=here,
    code=None,
):
    folder: Input[Folder] | None = None
    file: Input[File] | None = None
    table: Input[MLTable] | None = None
    mlflow: Input[MLflowModel] | None = None
    custom: Input[CustomModel] | None = None


class Choose(
    CommandStep, command="choose ${{inputs.how}} $[[${{inputs.rate}}]] ${{inputs.size}}", environment=here, code=None
):
    how: Input[Literal["fast", "slow"]] = "fast"
    rate: Input[float] | None = None
    size: Input[int] = 1


class Kept(NamedTuple):
    model: Output[MLflowModel]


FITS = {("folder", "table"), ("folder", "mlflow"), ("folder", "custom"), ("custom", "mlflow")}


@pytest.mark.parametrize("port", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_what_is_more_special_may_come_where_the_more_general_is_asked_for(port, source):
    @pipeline(default_compute=cpu)
    def feeding() -> None:
        Take(**{port: getattr(Make(), source)})

    found = check(feeding)
    if port == source or (port, source) in FITS:
        assert found == ()
    else:
        (problem,) = found
        assert problem.where == f"feeding.take.{port}"
        assert f"`make.{source}` is of type" in problem.what


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_data_lies_where_it_is_said(kind):
    of = KINDS[kind]

    @pipeline(default_compute=cpu)
    def placed() -> None:
        Take(**{kind: of("azureml:thing:3")})

    given = compile(placed).pipeline.body["componentSpec"]["jobs"]["take"]["inputs"][kind]
    type_ = next(iter(port.type for port in trace(placed).graph.nodes[0].step.inputs if port.name == kind))
    assert given == {"job_input_type": str(type_), "uri": "azureml:thing:3"}


@pytest.mark.parametrize(
    "path",
    [
        "azureml:digits:3",
        "azureml:digits@latest",
        "azureml://datastores/corpora/paths/digits/",
        "azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/d/paths/p",
        "azureml://registries/azureml/data/digits/versions/1",
        "https://example.org/digits/",
        "wasbs://c@account.blob.core.windows.net/digits",
        "abfss://c@account.dfs.core.windows.net/digits",
    ],
)
def test_addresses_that_azure_ml_reads(path):
    @pipeline(default_compute=cpu)
    def placed(corpus: Input[Folder] = Folder(path)) -> None:  # noqa: B008
        Take(folder=corpus)

    assert compile(placed).pipeline.body["properties"]["amlkit.default.corpus"] == path


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("azureml:digits", "not a version of registered data: azureml:digits"),
        ("azureml:digits:", "not a version of registered data: azureml:digits:"),
        ("azureml://digits/1", "not an address that Azure ML knows: azureml://digits/1"),
        ("s3://bucket/digits", "Azure ML reads no `s3` address: s3://bucket/digits"),
        ("data/digits", "a published pipeline cannot read a local path: data/digits"),
    ],
)
def test_addresses_that_azure_ml_does_not_read(path, what):
    @pipeline(default_compute=cpu)
    def placed(corpus: Input[Folder] = Folder(path)) -> None:  # noqa: B008
        Take(folder=corpus)

    assert [(problem.where, problem.what) for problem in check(placed)] == [("placed.corpus", what)]


def test_local_data_is_listed_for_upload_where_the_pipeline_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("digits").mkdir()
    Path("one.csv").touch()

    @pipeline(default_compute=cpu)
    def local(corpus: Input[Folder] = Folder("digits")) -> None:  # noqa: B008
        Take(folder=corpus, file=File("one.csv"))

    manifest = compile(local, local_data=True)
    assert manifest.uploads == {"local.corpus": f"{tmp_path}/digits", "local.take.file": f"{tmp_path}/one.csv"}
    body = manifest.pipeline.body
    assert body["properties"]["amlkit.default.corpus"] == "${amlkit:upload:local.corpus}"
    fed = body["componentSpec"]["jobs"]["take"]["inputs"]["file"]
    assert fed == {"job_input_type": "uri_file", "uri": "${amlkit:upload:local.take.file}"}
    with pytest.raises(DefinitionError, match="cannot read a local path"):
        compile(local)

    @pipeline(default_compute=cpu)
    def wrong() -> None:
        Take(folder=Folder("one.csv"), file=File("digits"))
        Take(name="second", folder=Folder("nowhere"))

    with pytest.raises(DefinitionError) as caught:
        compile(wrong, local_data=True)
    assert [problem.what for problem in caught.value.problems] == [
        "no such file or folder: nowhere",
        "a folder, not a file: digits",
        "a file, not a folder: one.csv",
    ]


def test_an_optional_input_without_a_value_is_not_in_the_job():
    @pipeline(default_compute=cpu)
    def optional(rate: Input[float] | None = None) -> None:
        Choose(rate=rate)
        Choose(name="without", rate=None)

    body = compile(optional).pipeline.body["componentSpec"]
    assert body["inputs"]["rate"] == {"type": "number", "optional": True}
    assert body["jobs"]["choose"]["inputs"]["rate"]["value"] == "${{parent.inputs.rate}}"
    assert body["jobs"]["without"]["inputs"] == {}


def test_listed_values_and_values_that_may_be_missing():
    @pipeline(default_compute=cpu)
    def wrong(
        size: Input[int] | None = None,
        text: Input[str] = "fast",
        how: Input[Literal["fast", "quick"]] = "fast",
        fine: Input[Literal["slow"]] = "slow",
    ) -> None:
        Choose(how="slwo", size=size)
        Choose(name="second", how=text)
        Choose(name="third", how=how)
        Choose(name="fourth", how=fine, size=None)

    assert {problem.where: (problem.what, problem.hint) for problem in check(wrong)} == {
        "wrong.choose.how": ("`slwo` is none of fast, slow", "did you mean `slow`?"),
        "wrong.choose.size": (
            "parameter `size` may have no value, the input needs one",
            "let the step do without it (`size: Input[…] | None = None`), or give the parameter a default",
        ),
        "wrong.fourth.size": ("a NoneType is given: None", "give a literal, a Folder, a File or an output"),
        "wrong.second.how": (
            "parameter `text` does not fit: it may be any text, the input takes fast, slow",
            'declare it as `Input[Literal["fast", "slow"]]`',
        ),
        "wrong.third.how": (
            "parameter `how` does not fit: it may be quick, the input takes fast, slow",
            'declare it as `Input[Literal["fast", "slow"]]`',
        ),
    }


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (["a"], "a list is given"),
        (("a", "b"), "a tuple is given"),
        ({"a": 1}, "a dict is given"),
        ({"a"}, "a set is given"),
        (object, "a type is given: <class 'object'>"),
    ],
)
def test_a_value_that_is_none_for_an_input(value, what):
    @pipeline(default_compute=cpu)
    def wrong() -> None:
        Choose(size=value)

    (problem,) = check(wrong)
    assert (problem.where, problem.what) == ("wrong.choose.size", what)
    assert problem.hint


def test_a_registered_output_may_be_a_result():
    class Keep(CommandStep, command="keep ${{outputs.model}}", environment=here, code=None):
        model: Output[MLflowModel] = output(register="digits", version="4", mode="upload")

    @pipeline(default_compute=cpu)
    def keeping() -> Kept:
        return Kept(Keep().model)

    body = compile(keeping).pipeline.body["componentSpec"]
    assert body["outputs"] == {"model": {"type": "mlflow_model"}}
    assert body["jobs"]["keep"]["outputs"]["model"] == {
        "type": "literal",
        "value": "${{parent.outputs.model}}",
        "name": "digits",
        "version": "4",
        "mode": "Upload",
    }


def test_a_datastore_with_a_path_is_a_need():
    @pipeline(default_compute=cpu)
    def placed() -> None:
        Take(folder=corpora.folder("a/"), file=corpora.file("b.csv"))

    assert compile(placed).datastores == ("corpora",)
