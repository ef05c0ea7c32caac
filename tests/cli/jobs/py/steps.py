"""A pipeline of two steps."""

from typing import Literal, NamedTuple

from amlkit import Compute, Conda, Folder, Input, Output, PythonScriptStep, output, pipeline

cpu = Compute("cpu")


class Load(PythonScriptStep, script="load.py", environment=Conda("environment.yaml")):
    raw: Input[Folder]
    times: Input[int] = 1
    kind: Input[Literal["plain", "fancy"]] = "plain"
    names: Output[Folder] = output()


class Finish(PythonScriptStep, script="finish.py", environment=Conda("environment.yaml")):
    names: Input[Folder]
    gate: Input[str] = ""
    done: Output[Folder] = output()


class Ended(NamedTuple):
    done: Output[Folder]


@pipeline
def naming(
    raw: Input[Folder],
    times: Input[int] = 1,
    kind: Input[Literal["plain", "fancy"]] = "plain",
    gate: Input[str] = "",
) -> Ended:
    """Name files, and end."""
    loaded = Load(raw=raw, times=times, kind=kind, compute=cpu)
    return Ended(Finish(names=loaded.names, gate=gate, compute=cpu).done)
