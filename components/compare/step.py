"""The last step: which of two models is better."""

from amlkit import Conda, Folder, Input, Output, PythonScriptStep, output


class Compare(PythonScriptStep, script="compare.py", environment=Conda("environment.yaml")):
    """Compare two models by the accuracy that each measured, and write down which one is best."""

    first: Input[Folder]
    second: Input[Folder]
    report: Output[Folder] = output()
