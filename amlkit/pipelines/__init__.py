"""How steps become a pipeline: graph, check, compile. Pure, offline; ends in an `amlkit.manifest.Manifest`.

Used by `amlkit.delivery`, `infra/` and tests; users reach the public names through `amlkit`.
"""

from __future__ import annotations

from .checks import check
from .compiler import compile
from .decorator import Pipeline, pipeline
from .order import sequence

__all__ = ["Pipeline", "check", "compile", "pipeline", "sequence"]
