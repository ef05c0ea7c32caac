"""The first step: from the raw table of digits to features."""

from amlkit import Conda, Folder, Input, Output, PythonScriptStep, output


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    """Read the images, scale their pixels to 0..1, and set every fifth image of a digit aside for testing."""

    raw: Input[Folder]
    features: Output[Folder] = output()
