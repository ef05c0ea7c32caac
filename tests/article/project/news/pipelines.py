"""The article's pipelines, and what they need from the workspace: a compute and a datastore."""

from typing import NamedTuple

from amlkit import CommandStep, Compute, Conda, Datastore, Folder, Input, Output, pipeline

from .source.steps import Compare, Extract, HashedWorld, HelloWorld, Train

aml_compute = Compute("aml-compute")
corpora = Datastore("corpora")
blob_input_data = corpora.file("20newsgroups/20news.pkl")


class Compared(NamedTuple):
    """What `compare_models` returns."""

    output_data: Output[Folder]


@pipeline(default_compute=aml_compute, experiment="Compare_Models_Exp")
def compare_models(pipeline_arg: Input[int] = 10) -> Compared:
    """My Published Pipeline Description."""
    train = Train(input=blob_input_data)
    extract = Extract(input=blob_input_data)
    compare = Compare(comp_data1=train.output, comp_data2=extract.output, param1=pipeline_arg)
    return Compared(compare.output_data)


@pipeline(default_compute=aml_compute)
def hello() -> None:
    """Two steps with what the article says about reuse."""
    HelloWorld()
    HashedWorld()


class Meet(
    CommandStep,
    command="touch ${{inputs.place}}/${{inputs.me}}; i=0; until [ -e ${{inputs.place}}/${{inputs.other}} ]; "
    "do i=$((i+1)); [ $i -lt 600 ] || exit 1; sleep 0.05; done",
    environment=Conda("source/environment.yaml"),
    code=None,
):
    """Wait for a step that runs at the same time: succeeds only if both do."""

    place: Input[str]
    me: Input[str]
    other: Input[str]


@pipeline(default_compute=aml_compute)
def meeting(place: Input[str]) -> None:
    """Two steps of which neither takes data of the other."""
    Meet(name="here", place=place, me="here", other="there")
    Meet(name="there", place=place, me="there", other="here")


PIPELINES = (compare_models, hello)
