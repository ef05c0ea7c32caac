"""What `check` finds: every mistake with its place and a hint, all of them at once."""

from __future__ import annotations

import copy
from typing import Literal, NamedTuple

import pytest

from amlkit import Compute, Conda, Datastore, File, Folder, Input, Output, PythonScriptStep, check, output, pipeline
from amlkit.errors import DefinitionError
from amlkit.pipelines.checks import problems_of
from amlkit.pipelines.graph import FromOutput, Graph, Node
from amlkit.pipelines.trace import trace
from tests.pipelines.sample.steps import Extract, Results, Train, corpora, cpu, digits, sample


def found(of) -> list[str]:
    return [str(problem) for problem in check(of)]


def texts(of) -> str:
    return "\n".join(found(of))


def test_a_right_pipeline_has_no_problems():
    assert check(sample) == ()


def test_unknown_missing_and_unnamed_inputs():
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Extract(rwa=corpus, compute=cpu)
        Extract(corpus, name="second", compute=cpu)
        Extract(name="third", features=corpus, raw=corpus, compute=cpu)

    assert found(wrong) == [
        "wrong.extract.raw: nothing feeds this input\n  hint: give `raw=…`",
        "wrong.extract.rwa: `extract` has no such input\n  hint: did you mean `raw`?",
        "wrong.second: 1 inputs are given without a name\n  hint: give inputs by name",
        "wrong.second.raw: nothing feeds this input\n  hint: give `raw=…`",
        "wrong.third.features: `features` is an output, not an input\n  hint: did you mean `raw`?",
    ]


def test_two_steps_of_one_name():
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus, compute=cpu)
        Extract(raw=corpus, compute=cpu)

    assert found(wrong) == ['wrong.extract: 2 steps have this name\n  hint: tell them apart: `name="extract_2"`']


@pytest.mark.parametrize(
    ("inputs", "place", "words"),
    [
        ({"learning_rate": "fast"}, "learning_rate", "`'fast'` is of type string, the input of type number"),
        ({"learning_rate": True}, "learning_rate", "`True` is of type boolean, the input of type number"),
        ({"learning_rate": float("nan")}, "learning_rate", "not a finite number: nan"),
        ({"depth": 1.5}, "depth", "`1.5` is of type number, the input of type integer"),
        ({"features": "data/digits"}, "features", "`'data/digits'` is of type string, the input of type uri_folder"),
        ({"features": corpora.file("a.csv")}, "features", "`a.csv` is of type uri_file, the input of type uri_folder"),
        ({"features": Folder("data")}, "features", "a published pipeline cannot read a local path: data"),
        ({"features": corpora.folder("/a")}, "features", "not a path from the datastore's root: /a"),
        ({"features": corpora.folder("a/../b")}, "features", "not a path from the datastore's root: a/../b"),
        ({"kind": None}, "kind", "a NoneType is given: None"),
    ],
)
def test_a_value_of_the_wrong_kind(inputs, place, words):
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        extract = Extract(raw=corpus, compute=cpu)
        Train(**{"features": extract.features, "compute": cpu, **inputs})

    (problem,) = check(wrong)
    assert problem.where == f"wrong.train.{place}"
    assert words in problem.what


def test_outputs_that_do_not_fit_or_do_not_exist():
    @pipeline
    def wrong(corpus: Input[Folder]) -> Results:
        extract = Extract(raw=corpus, compute=cpu)
        Train(name="first", features=extract, compute=cpu)
        Train(name="second", features=extract.featuers, compute=cpu)
        third = Train(name="third", features=extract.features, compute=cpu)
        Train(name="fourth", features=third.metrics, compute=cpu)
        return Results(third.metric)

    assert found(wrong) == [
        "wrong.first.features: a whole step is given: extract\n  hint: did you mean `extract.features`?",
        "wrong.fourth.features: `third.metrics` is of type uri_file, the input of type uri_folder",
        "wrong.metrics: `third` has no output `metric`\n  hint: did you mean `third.metrics`?",
        "wrong.second.features: `extract` has no output `featuers`\n  hint: did you mean `extract.features`?",
    ]


def test_a_step_of_another_pipeline_is_refused():
    outside = Extract(raw=digits, compute=cpu)

    @pipeline
    def wrong() -> None:
        Train(features=outside.features, compute=cpu)

    assert "step `extract` was made outside of this pipeline" in texts(wrong)


def test_a_step_without_compute_is_an_unbound_need():
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus)

    hint = 'say where it runs: `compute=Compute("cpu")`, or `@pipeline(default_compute=…)`'
    assert found(wrong) == [f"wrong.extract: it has no compute\n  hint: {hint}"]


def test_a_compute_or_a_datastore_that_is_none():
    @pipeline(default_compute="cpu", default_datastore=cpu)
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus, compute="cpu")
        Extract(name="second", raw=Datastore("a b").folder("x/"), compute=Compute("ä"))

    assert [(problem.where, problem.what) for problem in check(wrong)] == [
        ("wrong", "not a legal name for a compute: 'ä'"),
        ("wrong.default_compute", "not a Compute: 'cpu'"),
        ("wrong.default_datastore", "not a Datastore: Compute(name='cpu')"),
        ("wrong.extract.compute", "not a Compute: 'cpu'"),
        ("wrong.second.raw", "not a legal name for a datastore: 'a b'"),
    ]


def test_a_parameter_that_no_step_uses():
    @pipeline
    def wrong(corpus: Input[Folder], learning_rate: Input[float] = 0.1) -> None:
        Extract(raw=corpus, compute=cpu)

    assert found(wrong) == ["wrong.learning_rate: no step uses this parameter\n  hint: give it to a step, or remove it"]


def test_parameters_that_are_not_inputs():
    @pipeline
    def wrong(
        corpus,
        rate: float,
        size: Input[int] = 0.5,
        kind: Input[str] | None = "deep",
        mode: Input[Literal["a", "b"]] = "c",
        *rest: Input[int],
    ) -> None:
        Train(features=corpus, learning_rate=rate, depth=size, kind=kind, shuffle=mode, compute=cpu)

    assert {problem.where: problem.what for problem in check(wrong)} == {
        "wrong.corpus": "it has no type: annotate it with `Input[…]`",
        "wrong.kind": "the default of an optional parameter is None: 'deep'",
        "wrong.mode": "its default is none of a, b: 'c'",
        "wrong.rate": "`float` is neither `Input[…]` nor `Output[…]`",
        "wrong.rest": "a pipeline takes no `*` or `**` parameters",
        "wrong.size": "a default of type float for a parameter of type integer: 0.5",
    }


@pytest.mark.parametrize(
    "use",
    [
        lambda rate: rate > 0.5,
        lambda rate: rate == 0.5,
        lambda rate: bool(rate),
        lambda rate: rate * 2,
        lambda rate: 1 / rate,
        lambda rate: f"{rate}",
        lambda rate: float(rate),
        lambda rate: rate in (0.1, 0.2),
    ],
)
def test_a_parameter_has_no_value_while_the_pipeline_is_defined(use):
    @pipeline
    def wrong(corpus: Input[Folder], rate: Input[float] = 0.1) -> None:
        Train(features=corpus, learning_rate=use(rate), compute=cpu)

    (problem,) = check(wrong)
    assert problem.where == "wrong.rate"
    assert problem.what == "its value is not known while the pipeline is defined"


def test_a_function_that_fails_is_a_problem_with_its_line_and_keeps_its_exception():
    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Extract(raw=corpus)
        {}["nothing"]

    assert [problem.where for problem in check(wrong)] == ["wrong", "wrong.extract"]
    assert "test_checks.py`: KeyError: 'nothing'" in texts(wrong)
    assert isinstance(trace(wrong).failure, KeyError)


def test_results_are_outputs_with_names():
    class Wrong(NamedTuple):
        corpus: Output[Folder]
        features: Output[Folder]
        again: Output[Folder]
        model: Output[Folder]

    @pipeline
    def unnamed(corpus: Input[Folder]) -> Output[Folder]:
        return Extract(raw=corpus, compute=cpu).features

    @pipeline
    def wrong(corpus: Input[Folder]) -> Wrong:
        features = Extract(raw=corpus, compute=cpu).features
        return Wrong(corpus, features, features, Train(features=features, compute=cpu).model)

    assert "return a NamedTuple of outputs" in texts(unnamed)
    assert [problem.what for problem in check(wrong)] == [
        "2 results are one output: extract.features",
        "parameter `corpus` is not the output of a step",
    ]


def test_a_circle_of_steps():
    (step,) = {node.step for node in trace(sample).graph.nodes if node.name == "extract"}
    one = Node("one", step, {"raw": FromOutput("two", "features")}, "cpu")
    two = Node("two", step, {"raw": FromOutput("one", "features")}, "cpu")
    problems = [str(problem) for problem in problems_of(Graph("circle", "", (), (one, two), ()))]
    assert len(problems) == 1
    assert problems[0].startswith("circle: steps wait for each other: ")


def test_illegal_and_clashing_names():
    class Sample(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
        raw: Input[Folder]
        features: Output[Folder] = output()

    @pipeline
    def sample(corpus: Input[Folder]) -> None:
        Sample(name="Über", raw=corpus, compute=cpu)

    whats = [problem.what for problem in check(sample)]
    assert "not a legal name for a step" in whats
    assert "the pipeline has the same name as a step's class" in whats


def test_an_empty_pipeline_has_no_steps():
    @pipeline
    def empty() -> None:
        pass

    assert found(empty) == ["empty: it has no steps"]


def test_a_pipeline_is_not_called_by_hand():
    with pytest.raises(DefinitionError, match="a pipeline is not called"):
        sample(corpus=digits)


def test_problems_of_steps_and_of_the_pipeline_come_together():
    class Broken(PythonScriptStep, script="missing.py", environment=Conda("nowhere.yaml")):
        data: Input[list]
        compute: Input[str] = "cpu"
        text: Output[str] = output()
        table: Output[File] = 3

    @pipeline
    def wrong(corpus: Input[Folder]) -> None:
        Broken(compute=Compute("cpu"))

    places = [problem.where for problem in check(wrong)]
    assert places == [
        "broken.compute",
        "broken.data",
        "broken.environment",
        "broken.environment",
        "broken.script",
        "broken.table",
        "broken.text",
        "wrong.corpus",
    ]


def test_a_step_outside_of_a_pipeline_is_a_plain_value():
    step = Train(features=Folder("tests/data"), learning_rate=0.5)
    assert (step.name, step.learning_rate, step.features) == ("train", 0.5, Folder("tests/data"))
    assert step.depth == 3
    assert repr(step.model) == "<train.model>"
    assert copy.copy(step).learning_rate == 0.5
    with pytest.raises(AttributeError, match="step `train` has no port `modle`"):
        _ = step.modle
    with pytest.raises(AttributeError, match="a step cannot be changed: `depth`"):
        step.depth = 4
