"""Steps that are made of an existing component's YAML, in a pipeline with others."""

from __future__ import annotations

from typing import NamedTuple

from amlkit import Compute, Folder, Input, Output, Step, check, compile, pipeline, sequence
from tests.pipelines.sample.steps import Extract, cpu

Clean = Step.from_yaml("written/clean.yml")
Whole = Step.from_yaml("written/whole.yml")


class Made(NamedTuple):
    features: Output[Folder]


def spec(manifest, name: str):
    found = (item for item in manifest.assets if (item.kind, item.name) == ("component", name))
    return next(found).body["componentSpec"]


def test_they_are_nodes_like_others():
    @pipeline(default_compute=cpu)
    def mixed(raw: Input[Folder], limit: Input[int] = 3) -> Made:
        cleaned = Clean(raw=raw, limit=limit)
        whole = Whole(raw=cleaned.clean)
        last = Extract(raw=whole.clean)
        sequence(Clean(name="before", raw=raw, note="x"), cleaned)
        return Made(last.features)

    assert check(mixed) == ()
    manifest = compile(mixed)
    jobs = manifest.pipeline.body["componentSpec"]["jobs"]
    assert {name: job["type"] for name, job in jobs.items()} == {
        "clean_table": "command",
        "whole_table": "pipeline",
        "extract": "command",
        "before": "command",
    }
    assert jobs["whole_table"].get("computeId") is None
    assert manifest.computes == ("big", "cpu")
    assert spec(manifest, "whole_table")["jobs"]["first"]["computeId"] == "${amlkit:compute:big}"
    assert jobs["clean_table"]["inputs"]["amlkit_after_1"]["value"] == "${{parent.jobs.before.outputs.amlkit_done}}"
    assert spec(manifest, "clean_table__done")["command"].endswith("echo done > ${{outputs.amlkit_done}}/done")


def test_what_is_wrong_with_one_is_found_by_the_names_of_its_file():
    @pipeline(default_compute=cpu)
    def wrong(raw: Input[Folder]) -> Made:
        cleaned = Clean(rwa=raw, limit="many")
        whole = Whole(raw=cleaned.cleen, compute=Compute("other"), after=[Extract(raw=raw)])
        return Made(whole.clean)

    assert {problem.where: problem.what for problem in check(wrong)} == {
        "wrong.clean_table.limit": "`'many'` is of type string, the input of type integer",
        "wrong.clean_table.raw": "nothing feeds this input",
        "wrong.clean_table.rwa": "`clean_table` has no such input",
        "wrong.whole_table.after": "a pipeline that is read from YAML cannot wait without taking data",
        "wrong.whole_table.compute": "a pipeline from YAML runs on the computes that its jobs name",
        "wrong.whole_table.raw": "`clean_table` has no output `cleen`",
    }
