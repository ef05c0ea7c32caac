"""The article's steps. All scripts lie in one folder, as with one `source_directory`."""

import amlkit
from amlkit import Conda, File, Folder, Input, Output, PythonScriptStep

PLAIN = Conda("environment.yaml")


class Train(PythonScriptStep, script="train.py", environment=PLAIN):
    """Count the words of each group of messages: a model. The article's `trainStep`."""

    input: Input[File]
    output: Output[Folder] = amlkit.output()


class Extract(PythonScriptStep, script="extract.py", environment=PLAIN):
    """Find the words that occur most often. The article's `extractStep`."""

    input: Input[File]
    output: Output[Folder] = amlkit.output()


class Compare(PythonScriptStep, script="compare.py", environment=PLAIN):
    """See how many of the most frequent words a model knows. The article's `compareStep`."""

    comp_data1: Input[Folder]
    comp_data2: Input[Folder]
    param1: Input[int]
    output_data: Output[Folder] = amlkit.output()


class HelloWorld(
    PythonScriptStep,
    script="hello_world.py",
    environment=PLAIN,
    allow_reuse=False,
    hash_paths=["hello_world.ipynb"],
):
    """The article's last step, as it stands there."""


class HashedWorld(PythonScriptStep, script="hello_world.py", environment=PLAIN, hash_paths=["hello_world.ipynb"]):
    """The same, reused as long as its script and its notebook stay the same."""
