"""Azure Machine Learning platforms and pipelines as one versioned Pulumi program."""

__version__ = "0.1.0"
