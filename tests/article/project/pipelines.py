"""Where the commands find the project's pipelines."""

from news.pipelines import PIPELINES

__all__ = ["PIPELINES"]
