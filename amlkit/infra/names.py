"""Names that Azure must find legal and unique: made here from the names of pipelines, stacks and workspaces."""

from __future__ import annotations

import re

from amlkit import digest

_LONGEST_ENDPOINT = 32  # characters, Azure ML's limit; unique in a region


def endpoint_name(pipeline: str, stack: str, workspace_id: str) -> str:
    """`training-local-3f9a1c`: 3 to 32 letters, digits and dashes, a letter first, the same for the same three."""
    suffix = digest.short(digest.of([pipeline, stack, workspace_id.lower()]))
    readable = re.sub(r"[^A-Za-z0-9]+", "-", f"{pipeline}-{stack}").strip("-")
    if not readable[:1].isalpha():
        readable = f"p-{readable}"
    return f"{readable[: _LONGEST_ENDPOINT - len(suffix) - 1].rstrip('-')}-{suffix}"


def deployment_name(version: str) -> str:
    """`v` and the first 12 digits of what is deployed."""
    return f"v{version[:12]}"
