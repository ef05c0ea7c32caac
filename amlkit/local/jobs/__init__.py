"""What runs: pipelines and commands, from a submit to outputs, logs, metrics and the reason for every reuse."""

from .service import Jobs

__all__ = ["Jobs"]
