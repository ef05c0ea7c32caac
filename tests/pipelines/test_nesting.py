"""Pipelines in pipelines: what calling one in another does, what `check` says of it, what is registered."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from amlkit import Compute, Datastore, Folder, Input, Output, check, compile, pipeline
from amlkit.pipelines.trace import trace
from tests.pipelines.sample.steps import Extract, Train, cpu, digits


class Made(NamedTuple):
    features: Output[Folder]


@pipeline
def inner(corpus: Input[Folder] = digits, rate: Input[float] = 0.1) -> Made:
    """Make features."""
    features = Extract(raw=corpus, compute=cpu).features
    Train(features=features, learning_rate=rate, compute=cpu)
    return Made(features)


def texts(of) -> str:
    return "\n".join(str(problem) for problem in check(of))


def component(manifest, name: str):
    return next(item for item in manifest.assets if (item.kind, item.name) == ("component", name)).body


def test_a_pipeline_called_in_another_is_a_node_and_a_component_of_its_own():
    @pipeline
    def outer(corpus: Input[Folder], rate: Input[float] = 0.3) -> Made:
        first = inner(corpus=corpus, rate=rate)
        return inner.named("again")(first.features)

    manifest = compile(outer)
    jobs = manifest.pipeline.body["componentSpec"]["jobs"]
    assert jobs["inner"] == {
        "name": "inner",
        "type": "pipeline",
        "componentId": "${amlkit:component:inner}",
        "inputs": {
            "corpus": {"job_input_type": "literal", "value": "${{parent.inputs.corpus}}"},
            "rate": {"job_input_type": "literal", "value": "${{parent.inputs.rate}}"},
        },
    }
    assert jobs["again"]["inputs"] == {
        "corpus": {"job_input_type": "literal", "value": "${{parent.jobs.inner.outputs.features}}"}
    }
    assert jobs["again"]["outputs"] == {"features": {"type": "literal", "value": "${{parent.outputs.features}}"}}
    components = [item.slot for item in manifest.assets if item.kind == "component"]
    assert components == ["outer-extract", "outer-train", "outer-inner", "outer"]
    spec = component(manifest, "inner")["componentSpec"]
    assert spec["outputs"] == {"features": {"type": "uri_folder"}}
    assert spec["inputs"]["rate"] == {"type": "number", "default": "0.1"}


def test_a_nested_pipeline_has_the_definition_that_it_has_by_itself():
    @pipeline
    def outer(corpus: Input[Folder]) -> Made:
        return inner(corpus=corpus)

    alone, nested = compile(inner), compile(outer)
    assert component(nested, "inner")["properties"]["amlkit.definition"] == alone.definition


def test_the_place_where_data_lies_by_default_is_given_to_the_node():
    @pipeline
    def outer() -> Made:
        return inner()

    @pipeline
    def same() -> Made:
        return inner(corpus=digits, rate=0.1)

    manifest = compile(outer)
    place = "azureml://datastores/${amlkit:datastore:corpora}/paths/digits/"
    fed = manifest.pipeline.body["componentSpec"]["jobs"]["inner"]["inputs"]
    assert fed == {"corpus": {"job_input_type": "uri_folder", "uri": place}}
    assert manifest.datastores == ("corpora",)
    assert manifest.definition == compile(same).definition


def test_a_pipeline_runs_its_function_once_however_often_it_is_nested():
    calls = []

    @pipeline
    def leaf(corpus: Input[Folder]) -> Made:
        calls.append(1)
        return Made(Extract(raw=corpus, compute=cpu).features)

    levels = [leaf]
    for number in range(12):  # 2 ** 12 leaves
        levels.append(_twice(levels[-1], f"level_{number}"))
    assert check(levels[-1]) == ()
    assert len(calls) == 1


def _twice(below, name: str):
    def level(corpus: Input[Folder]) -> Made:
        return below.named("b")(below.named("a")(corpus).features)

    level.__name__ = name
    return pipeline(level)


def test_arguments_of_a_nested_pipeline_are_judged_as_those_of_a_step():
    @pipeline
    def wrong(corpus: Input[Folder], text: Input[str] = "a") -> None:
        inner.named("one")(corpus, corpus=corpus)
        inner.named("two")(corpus, 0.1, 3)
        inner.named("three")(corpsu=corpus, rate=text)
        Train(features=inner(corpus), compute=cpu)
        Train(name="third", features=[inner.named("five")().features], compute=cpu)
        inner.named("Über")(None)

    assert {problem.where: problem.what for problem in check(wrong)} == {
        "wrong.one.corpus": "two values feed this input",
        "wrong.third.features": "a list is given",
        "wrong.three.corpsu": "`inner` has no such input",
        "wrong.three.rate": "parameter `text` is of type string, the input of type number",
        "wrong.train.features": "all that a pipeline returns is given",
        "wrong.two": "1 more inputs are given than it has",
        "wrong.Über": "not a legal name for a step",
        "wrong.Über.corpus": "a NoneType is given: None",
    }


def test_nothing_passes_between_pipelines_but_arguments_and_results():
    kept = {}

    @pipeline
    def leaky(corpus: Input[Folder]) -> Made:
        kept["step"] = Extract(name="hidden", raw=corpus, compute=cpu)
        kept["rate"] = None
        return Made(kept["step"].features)

    @pipeline
    def wrong(corpus: Input[Folder], rate: Input[float] = 0.1) -> None:
        @pipeline
        def greedy(source: Input[Folder]) -> Made:
            features = Extract(name="mine", raw=source, compute=cpu).features
            Train(features=features, learning_rate=rate, compute=cpu)
            return Made(features)

        leaky(corpus)
        greedy(corpus)
        Train(name="last", features=kept["step"].features, after=[kept["step"]], learning_rate=rate, compute=cpu)

    assert {problem.where: (problem.what, problem.hint) for problem in check(wrong)} == {
        "greedy.train.learning_rate": (
            "a parameter of another pipeline is given: wrong.rate",
            "give it to this pipeline as an argument",
        ),
        "wrong.last.after": ("step `hidden` was made outside of this pipeline", "make it in the function"),
        "wrong.last.features": ("step `hidden` was made outside of this pipeline", "make it in the function"),
    }


def test_problems_of_a_nested_pipeline_are_those_of_the_outer_one_once():
    @pipeline
    def broken(corpus: Input[Folder]) -> Made:
        return Made(Extract(rwa=corpus, compute=cpu).features)

    @pipeline
    def outer(corpus: Input[Folder]) -> Made:
        broken(corpus)
        return broken.named("again")(corpus)

    assert [str(problem) for problem in check(outer)] == [
        "broken.extract.raw: nothing feeds this input\n  hint: give `raw=…`",
        "broken.extract.rwa: `extract` has no such input\n  hint: did you mean `raw`?",
        "outer.broken: nothing uses what this step makes\n"
        "  hint: give an output to a step, return it, or register it: `output(register=…)`",
    ]


def test_a_nested_function_that_fails_is_the_cause():
    @pipeline
    def failing(corpus: Input[Folder]) -> Made:
        raise KeyError("nothing")

    @pipeline
    def outer(corpus: Input[Folder]) -> Made:
        return failing(corpus)

    assert "failing: its function failed in line" in texts(outer)
    assert isinstance(trace(outer).failure.__cause__, KeyError)


def test_a_pipeline_that_nests_itself():
    @pipeline
    def first(corpus: Input[Folder]) -> Made:
        return second(corpus)

    @pipeline
    def second(corpus: Input[Folder]) -> Made:
        return first(corpus)

    assert "a pipeline nests itself: first → second → first" in texts(first)


def test_names_of_what_is_registered_are_unique_across_levels():
    @pipeline
    def train(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus, compute=cpu).features)

    def other(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus, compute=cpu).features)

    other.__name__ = "inner"

    @pipeline
    def outer(corpus: Input[Folder]) -> Made:
        inner(corpus)
        return pipeline(other).named("else")(train(corpus).features)

    assert "outer.inner: 2 pipelines have this name" in texts(outer)
    assert "outer.train: a nested pipeline has the same name as a step's class" in texts(outer)


def test_settings_become_those_of_the_run_and_fields_of_the_manifest():
    gpu, lake = Compute("gpu"), Datastore("lake")

    @pipeline(
        tags={"team": "vision"},
        experiment="digits",
        continue_on_step_failure=True,
        force_rerun=True,
        default_compute=gpu,
        default_datastore=lake,
    )
    def outer(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus).features)

    manifest = compile(outer)
    assert manifest.settings == {
        "default_compute": "${amlkit:compute:gpu}",
        "default_datastore": "${amlkit:datastore:lake}",
        "continue_on_step_failure": True,
        "force_rerun": True,
    }
    assert (manifest.tags, manifest.experiment) == ({"team": "vision"}, "digits")
    assert (manifest.computes, manifest.datastores) == (("gpu",), ("lake",))
    body = manifest.pipeline.body
    assert body["tags"] == {"team": "vision"}
    assert body["componentSpec"]["jobs"]["extract"]["computeId"] == "${amlkit:compute:gpu}"
    assert body["properties"]["amlkit.bind.compute.gpu"] == "${amlkit:compute:gpu}"
    assert body["properties"]["amlkit.bind.datastore.lake"] == "${amlkit:datastore:lake}"
    assert body["properties"]["amlkit.experiment"] == "digits"


def test_settings_that_a_nested_pipeline_cannot_have():
    @pipeline(continue_on_step_failure=True, force_rerun=True, default_datastore=Datastore("lake"), default_compute=cpu)
    def strict(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus).features)

    @pipeline(force_rerun=True)
    def outer(corpus: Input[Folder]) -> Made:
        return strict(corpus)

    assert [str(problem) for problem in check(outer)] == [
        f"strict.{name}: a nested pipeline cannot have this setting of its own\n"
        "  hint: say it on the outermost pipeline, `outer`, and for all of it"
        for name in ("continue_on_step_failure", "default_datastore")
    ]


def test_a_compute_that_is_not_said_is_the_pipelines_own_else_the_outermosts():
    @pipeline(default_compute=Compute("mine"))
    def own(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus).features)

    @pipeline
    def none(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus).features)

    @pipeline(default_compute=cpu)
    def outer(corpus: Input[Folder]) -> Made:
        return none(own(corpus).features)

    manifest = compile(outer)
    computes = {
        name: component(manifest, name)["componentSpec"]["jobs"]["extract"]["computeId"] for name in ("own", "none")
    }
    assert computes == {"own": "${amlkit:compute:mine}", "none": "${amlkit:compute:cpu}"}
    assert manifest.computes == ("cpu", "mine")
    assert "none.extract: it has no compute" in texts(none)


@pytest.mark.parametrize(
    ("arguments", "place", "what"),
    [
        ({"tags": ["a"]}, "tags", "tags are names and texts: ['a']"),
        ({"tags": {"a": 1}}, "tags", "tags are names and texts: {'a': 1}"),
        ({"experiment": "my experiment"}, "experiment", "not a legal name for an experiment: 'my experiment'"),
        ({"force_rerun": "yes"}, "force_rerun", "neither True nor False: 'yes'"),
        ({"default_compute": "cpu"}, "default_compute", "not a Compute: 'cpu'"),
    ],
)
def test_settings_of_the_wrong_kind(arguments, place, what):
    @pipeline(**arguments)
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus, compute=cpu)

    assert [(problem.where, problem.what) for problem in check(wrong)] == [(f"wrong.{place}", what)]
