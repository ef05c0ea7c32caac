"""The second step: from features to a model."""

from amlkit import Conda, Folder, Input, Output, PythonScriptStep, output


class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):
    """Fit one classifier with a constant learning rate and measure it on images it has not seen."""

    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    model: Output[Folder] = output()
