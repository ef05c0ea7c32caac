"""Steps made of existing Azure ML YAML: ports, code, environment, and the components of a pipeline's jobs."""

from __future__ import annotations

import textwrap

import pytest

from amlkit import Folder
from amlkit.components.component import inspect
from amlkit.components.render import assets
from amlkit.components.step import call_of, definition_of
from amlkit.errors import DefinitionError

PREPARE = """
    name: prepare_it
    display_name: Prepare it
    description: Takes what counts.
    version: 4
    type: command
    command: python prepare.py ${{inputs.raw}} --share ${{inputs.share}} ${{outputs.rows}}
    code: ./src
    additional_includes: [./shared]
    environment:
      image: example.azurecr.io/base:1
      conda_file: conda.yml
    inputs:
      raw: {type: uri_folder, description: All of it.}
      share: {type: number, default: 0.5}
      most: {type: integer, optional: true}
      kind: {type: string, enum: [a, b], default: a}
      strict: {type: boolean, default: true}
    outputs:
      rows: {type: mltable}
    """
WHOLE = """
    type: pipeline
    name: whole
    inputs:
      raw: {type: uri_folder}
    outputs:
      rows: {type: mltable}
    jobs:
      prepare:
        type: command
        component: ./prepare.yml
        compute: azureml:cpu
        inputs: {raw: "${{parent.inputs.raw}}"}
        outputs: {rows: "${{parent.outputs.rows}}"}
      count:
        type: command
        command: ls ${{inputs.rows}}
        environment: azureml:known:1
        inputs: {rows: "${{parent.jobs.prepare.outputs.rows}}"}
    """


@pytest.fixture
def made(tmp_path, load):
    """The class of a YAML file with all that it needs beside it."""
    for name, content in {"src/prepare.py": "", "shared/common.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11]\n")
    (tmp_path / "prepare.yml").write_text(textwrap.dedent(PREPARE))

    def made(text: str = PREPARE):
        (tmp_path / "made.yml").write_text(textwrap.dedent(text))
        return load('Made = Step.from_yaml("made.yml")').Made

    return made


def test_ports_and_name_are_those_of_the_file(made):
    step = definition_of(made())
    assert (step.name, step.kind, step.description) == ("prepare_it", "yaml", "Takes what counts.")
    found = [(port.name, str(port.type), port.default, port.optional, port.enum) for port in step.inputs]
    no_default = step.inputs[0].default
    assert found == [
        ("raw", "uri_folder", no_default, False, ()),
        ("share", "number", 0.5, False, ()),
        ("most", "integer", no_default, True, ()),
        ("kind", "string", "a", False, ("a", "b")),
        ("strict", "boolean", True, False, ()),
    ]
    assert [(port.name, str(port.type)) for port in step.outputs] == [("rows", "mltable")]


def test_it_is_called_as_any_step_is(made):
    step = made()(raw=Folder("a"), most=None, name="first")
    call = call_of(step)
    assert (call.name, dict(call.given)) == ("first", {"raw": Folder("a")})
    assert step.rows.port == "rows"


def test_code_includes_and_environment_are_registered_beside_it(made):
    component, problems = inspect(definition_of(made()))
    assert problems == ()
    code, environment, registered = assets(component, "p")
    assert [file.path for file in code.files] == ["prepare.py", "shared/common.py"]
    assert environment.body["image"] == "example.azurecr.io/base:1"
    assert "python=3.11" in environment.body["condaFile"]
    spec = registered.body["componentSpec"]
    assert spec["code"] == "azureml:${amlkit:code:prepare_it}"
    assert spec["environment"] == "azureml:${amlkit:environment:prepare_it}"
    assert spec["inputs"]["raw"] == {"type": "uri_folder"}
    assert not {"additional_includes", "version", "description", "display_name"} & spec.keys()


def test_words_change_nothing_and_what_runs_does(made):
    def definition(text: str) -> str:
        return inspect(definition_of(made(text)))[0].definition

    first = definition(PREPARE)
    assert definition(PREPARE.replace("All of it.", "Some.").replace("version: 4", "version: 5")) == first
    assert definition(PREPARE.replace("default: 0.5", "default: 0.6")) == first
    assert definition(PREPARE.replace("--share", "--part")) != first
    assert definition(PREPARE.replace("base:1", "base:2")) != first


def test_a_pipeline_brings_the_components_of_its_jobs(made):
    component, problems = inspect(definition_of(made(WHOLE)))
    assert problems == ()
    found = assets(component, "p")
    assert [(asset.kind, asset.name) for asset in found] == [
        ("code", "whole__prepare"),
        ("environment", "whole__prepare"),
        ("component", "whole__prepare"),
        ("component", "whole__count"),
        ("component", "whole"),
    ]
    jobs = found[-1].body["componentSpec"]["jobs"]
    assert jobs["prepare"]["componentId"] == "${amlkit:component:whole__prepare}"
    assert jobs["prepare"]["computeId"] == "${amlkit:compute:cpu}"
    assert jobs["count"]["inputs"]["rows"]["value"] == "${{parent.jobs.prepare.outputs.rows}}"


def test_a_change_beneath_a_pipeline_is_a_change_of_it(made, tmp_path):
    before = inspect(definition_of(made(WHOLE)))[0].definition
    (tmp_path / "prepare.yml").write_text(textwrap.dedent(PREPARE).replace("--share", "--part"))
    assert inspect(definition_of(made(WHOLE)))[0].definition != before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE.replace("./prepare.yml", "azureml:prepare:3"), "it uses a component that is registered elsewhere"),
        (PREPARE.replace("code: ./src", "code: azureml:known:1"), "it uses code that is registered elsewhere"),
        (PREPARE.replace("type: mltable", "type: triton_model"), "a port of type triton_model is not supported"),
    ],
)
def test_what_cannot_be_published_is_told(made, text, problem):
    found = [item.what for item in inspect(definition_of(made(text)))[1]]
    assert any(problem in what for what in found), found


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (PREPARE.replace("code: ./src", "code: ./absent"), {"made.yml.code": "no such file or folder: /"}),
        (
            "type: command\nname: x\n",
            {
                "made.yml.command": "Missing data for required field",
                "made.yml.environment": "Missing data for required field",
            },
        ),
        ("type: nothing\nname: x\n", {"made.yml": "Unsupported component type: nothing"}),
        ("jobs: [", {"made.yml": "Error while parsing yaml file"}),
        (
            "type: pipeline\nname: x\njobs: {a: {type: command, component: ./absent.yml}}\n",
            {"made.yml.jobs.a.component": "no such file or folder: "},
        ),
    ],
)
def test_a_file_that_azure_ai_ml_does_not_take(made, text, problems):
    with pytest.raises(DefinitionError) as caught:
        definition_of(made(text))
    found = {problem.where: problem.what for problem in caught.value.problems}
    assert found.keys() == problems.keys()
    for where, what in problems.items():
        assert found[where].startswith(f"azure-ai-ml does not take it: {what}")


def test_a_file_that_is_not_there(load):
    with pytest.raises(DefinitionError, match="no such file"):
        definition_of(load('Made = Step.from_yaml("absent.yml")').Made)
