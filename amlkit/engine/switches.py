"""Variables that are on or off, as Pulumi reads them; for `cli`, `flags` and the embedded engine."""

from __future__ import annotations

from collections.abc import Mapping


def is_on(environ: Mapping[str, str], name: str) -> bool:
    """Is the variable `1` or `true`, in any case of letters?"""
    return environ.get(name, "").lower() in ("1", "true")
