"""Runs `declared.py` of the project, as a user's program, on a workspace that is there: `platform` is it."""

from pathlib import Path

import pulumi

from amlkit import infra

with infra.program():
    config = pulumi.Config("test")
    platform = infra.Platform.existing("small", workspace_id=config.require("workspace"))
    text = (Path(pulumi.get_root_directory()) / "declared.py").read_text()
    exec(text, {**vars(infra), "pulumi": pulumi, "platform": platform, "workspace": platform.workspace})
