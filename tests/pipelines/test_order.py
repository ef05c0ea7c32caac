"""Order without data: `after=`, `sequence`, and how Azure ML is told."""

from __future__ import annotations

import subprocess
from typing import NamedTuple

import pytest

from amlkit import CommandStep, Conda, Folder, Input, MLflowModel, Output, check, compile, output, pipeline, sequence
from amlkit.errors import DefinitionError
from amlkit.pipelines.trace import trace
from tests.pipelines.sample.steps import Extract, Train, cpu, digits
from tests.pipelines.wide.steps import Clean, Score

here = Conda("sample/environment.yaml")


class Made(NamedTuple):
    features: Output[Folder]


class Copy(CommandStep, command="cp -r ${{inputs.one}} ${{outputs.two}}", environment=here, code=None):
    one: Input[Folder]
    two: Output[Folder] = output()


class Tidy(CommandStep, command="rm -rf old; exit 0  # as it is", environment=here, code=None):
    """Its command ends the shell."""


def order(of) -> dict[str, tuple[str, ...]]:
    return {node.name: node.after for node in trace(of).graph.nodes}


def spec(manifest, name: str):
    found = (item for item in manifest.assets if (item.kind, item.name) == ("component", name))
    return next(found).body["componentSpec"]


def jobs(manifest):
    return manifest.pipeline.body["componentSpec"]["jobs"]


def test_items_of_a_sequence_wait_for_all_of_the_item_before():
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        a, b, c, d, e, f = (Clean(name=name) for name in "abcdef")
        sequence(a, [b, [c, d]], [], e, f)

    assert order(ordered) == {"a": (), "b": ("a",), "c": ("a",), "d": ("a",), "e": ("b", "c", "d"), "f": ("e",)}
    assert check(ordered) == ()


def test_a_sequence_is_an_item_of_another_one():
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        a, b, c, d, e = (Clean(name=name) for name in "abcde")
        sequence(a, [sequence(b, c), d], e)

    assert order(ordered) == {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("a",), "e": ("b", "c", "d")}


def test_after_takes_steps_and_adds_up_with_a_sequence():
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        a, b = Clean(name="a"), Clean(name="b")
        c = Clean(name="c", after=[a])
        sequence(b, c)

    assert order(ordered) == {"a": (), "b": (), "c": ("a", "b")}


def test_an_order_that_data_tells_already_needs_no_word():
    def features(later):
        made = Extract(raw=digits)
        trained = Train(features=made.features, after=[made] if later else ())
        sequence(made, trained)

    @pipeline(default_compute=cpu)
    def ordered() -> None:
        features(later=True)

    def plain() -> None:
        features(later=False)

    plain.__name__ = "ordered"
    assert order(ordered) == {"extract": (), "train": ()}
    assert compile(ordered).definition == compile(pipeline(default_compute=cpu)(plain)).definition


def test_both_ends_get_variants_of_their_components_and_a_binding():
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        first, second = Copy(name="first", one=digits), Copy(name="second", one=digits)
        Copy(name="third", one=digits, after=[first, second])
        Copy(name="fourth", one=digits)

    manifest = compile(ordered)
    names = [item.name for item in manifest.assets if item.kind == "component"]
    assert names == ["copy__done", "copy__after_2", "copy", "ordered"]
    assert len({item.slot for item in manifest.assets}) == len(manifest.assets)
    assert jobs(manifest)["third"]["componentId"] == "${amlkit:component:copy__after_2}"
    assert jobs(manifest)["third"]["inputs"] | {"one": None} == {
        "one": None,
        "amlkit_after_1": {"job_input_type": "literal", "value": "${{parent.jobs.first.outputs.amlkit_done}}"},
        "amlkit_after_2": {"job_input_type": "literal", "value": "${{parent.jobs.second.outputs.amlkit_done}}"},
    }
    assert spec(manifest, "copy__done")["outputs"]["amlkit_done"] == {"type": "uri_folder"}
    assert spec(manifest, "copy__after_2")["command"] == spec(manifest, "copy")["command"]
    same = {item.definition for item in manifest.assets if item.kind == "component" and item.name != "ordered"}
    assert len(same) == 1


@pytest.mark.parametrize(("step", "code"), [(Clean, 0), (Tidy, 0)], ids=["plain", "with a comment and an exit"])
def test_a_command_says_that_it_is_done_after_it_succeeded(step, code, tmp_path):
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        sequence(step(name="first"), Clean(name="second"))

    manifest = compile(ordered)
    name = jobs(manifest)["first"]["componentId"].split(":")[-1].rstrip("}")
    command = spec(manifest, name)["command"].replace("${{outputs.amlkit_done}}", str(tmp_path / "out"))
    run = subprocess.run(["bash", "-c", command], cwd=tmp_path)
    assert run.returncode == code
    assert (tmp_path / "out" / "done").read_text() == "done\n"
    failing = command.replace("true", "false").replace("exit 0", "exit 3")
    assert subprocess.run(["bash", "-c", failing.replace("/out", "/not")], cwd=tmp_path).returncode in (1, 3)
    assert not (tmp_path / "not").exists()


def test_the_definition_has_the_edge():
    def made(later: bool):
        def ordered() -> None:
            a, b = Clean(name="a"), Clean(name="b")
            if later:
                sequence(a, b)

        return compile(pipeline(default_compute=cpu)(ordered)).definition

    assert made(True) != made(False)


def test_a_parallel_step_is_waited_for_by_its_output():
    @pipeline(default_compute=cpu)
    def ordered(rows: Input[Folder]) -> None:
        made = Copy(one=rows)
        scored = Score(rows=made.two, model=MLflowModel("azureml:digits@latest"))
        sequence(scored, Clean())

    manifest = compile(ordered)
    clean = jobs(manifest)["clean"]
    assert clean["inputs"]["amlkit_after_1"]["value"] == "${{parent.jobs.score.outputs.scores}}"
    name = clean["componentId"].split(":")[-1].rstrip("}")
    assert name.startswith("clean__after_1_")
    assert spec(manifest, name)["inputs"] == {"amlkit_after_1": {"type": "uri_file"}}
    assert jobs(manifest)["score"]["componentId"] == "${amlkit:component:score}"


@pipeline(default_compute=cpu)
def two(corpus: Input[Folder]) -> Made:
    """Two first steps, three last ones."""
    first, second = Copy(name="first", one=corpus), Copy(name="second", one=corpus)
    Clean(name="third", after=[first])
    Clean(name="fourth", after=[first])
    return Made(second.two)


def test_a_nested_pipeline_is_done_when_its_last_steps_are_and_its_first_steps_wait():
    @pipeline(default_compute=cpu)
    def outer() -> None:
        before = two.named("before")(digits)
        after = two.named("after")(digits)
        sequence(Clean(name="start"), before, after, Clean(name="end"))

    assert check(outer) == ()
    manifest = compile(outer)
    assert jobs(manifest)["before"]["componentId"] == "${amlkit:component:two__after_1__done}"
    assert jobs(manifest)["after"]["componentId"] == "${amlkit:component:two__after_3__done}"
    inner = spec(manifest, "two__after_3__done")
    assert sorted(inner["inputs"]) == ["amlkit_after_1", "amlkit_after_2", "amlkit_after_3", "corpus"]
    assert sorted(inner["outputs"]) == ["amlkit_done_1", "amlkit_done_2", "amlkit_done_3", "features"]
    assert sorted(inner["jobs"]["second"]["inputs"]) == ["amlkit_after_1", "amlkit_after_2", "amlkit_after_3", "one"]
    assert sorted(inner["jobs"]["third"]["inputs"]) == ["amlkit_after_1"]
    said = {name: node.get("outputs", {}).get("amlkit_done", {}).get("value") for name, node in inner["jobs"].items()}
    assert said == {
        "first": None,
        "second": "${{parent.outputs.amlkit_done_1}}",
        "third": "${{parent.outputs.amlkit_done_2}}",
        "fourth": "${{parent.outputs.amlkit_done_3}}",
    }
    assert len([name for name in jobs(manifest)["end"]["inputs"] if name.startswith("amlkit_after_")]) == 3


def test_circles_through_an_order_are_found():
    @pipeline(default_compute=cpu)
    def wrong(corpus: Input[Folder]) -> None:
        first = Copy(name="first", one=corpus)
        second = Copy(name="second", one=first.two)
        sequence(second, first)
        own = Clean(name="own")
        sequence(own, own)

    (problem,) = check(wrong)
    assert problem.what.startswith("steps wait for each other: ")


def test_what_cannot_be_waited_for():
    class Silent(CommandStep, command="true", environment=here, code=None):
        """Fine."""

    outside = Silent()

    @pipeline(default_compute=cpu)
    def nothing(corpus: Input[Folder]) -> None:
        Copy(one=corpus)

    @pipeline(default_compute=cpu)
    def wrong(corpus: Input[Folder]) -> None:
        Clean(name="a", after=["b", outside])
        sequence(nothing(corpus), Clean(name="c"), Silent, {"d": 1})

    assert {(problem.where, problem.what) for problem in check(wrong)} == {
        ("wrong.a.after", "a str is given where a step is meant: 'b'"),
        ("wrong.a.after", "step `silent` was made outside of this pipeline"),
        ("wrong.sequence", "None is given where a step is meant"),
        ("wrong.sequence", f"a type is given where a step is meant: {Silent!r}"),
        ("wrong.sequence", "a dict is given where a step is meant: {'d': 1}"),
    }


def test_a_sequence_belongs_into_a_pipeline():
    with pytest.raises(DefinitionError, match="there is no pipeline"):
        sequence(Clean(), Clean())
