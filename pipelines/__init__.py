"""This project's pipelines. A new one is added here; nothing is found by itself."""

from pipelines.training import training

PIPELINES = (training,)
