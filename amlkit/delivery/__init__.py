"""From a change to production: the one layer that sees pipelines, infra and engine. The commands call it.

`from amlkit.delivery import submit` runs a pipeline from Python.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .submission import Choices, Submitted, submit

__all__ = ["Choices", "Submitted", "submit"]


def __getattr__(name: str) -> Any:
    """The public names, imported on use: most commands need none of them."""
    if name in __all__:
        return getattr(import_module(".submission", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
