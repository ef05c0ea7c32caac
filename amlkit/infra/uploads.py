"""Hooks that upload files straight before the resource that says they are there.

Used by `PublishedPipeline` for code and by `DataFolder` for data; the sending is `amlkit.transfer`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pulumi

from amlkit.manifest import SnapshotFile
from amlkit.transfer import send


def upload_hook(name: str, files: Sequence[SnapshotFile], *, immutable: bool) -> pulumi.ResourceHookBinding:
    """Uploads `files` below the resource's `uploadedTo` before it is created and before it is updated.

    With `immutable` the place is named by its content: a blob of the right size there is the right one.
    """

    async def upload(args: pulumi.ResourceHookArgs) -> None:
        place = (args.new_inputs or {})["uploadedTo"]
        await asyncio.to_thread(send, place, files, immutable=immutable)

    hook = pulumi.ResourceHook(name, upload)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
