"""The program of every story: it registers what the file that PLAN names says."""

import json
import os
import signal
from pathlib import Path

import pulumi

plan = json.loads(Path(os.environ["PLAN"]).read_text())


class Thing(pulumi.CustomResource):
    def __init__(self, logical, inputs, opts):
        super().__init__("toy:index:Thing", logical, {"text": None, **inputs}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, logical, opts):
        super().__init__("toy:index:Group", logical, {}, opts)


made = {}
for number, each in enumerate(plan["resources"]):
    if number == plan["stop_at"]:
        if plan["stop"] == "raise":
            raise RuntimeError("the program stops here")
        os.kill(os.getpid(), signal.SIGKILL)
    options = pulumi.ResourceOptions(
        parent=made.get(each["parent"]),
        depends_on=[made[name] for name in each["after"]],
        delete_before_replace=each["delete_first"] or None,
    )
    if each["group"]:
        made[each["name"]] = Group(each["name"], options)
        continue
    inputs = {key: each[key] for key in ("text", "zone", "after", "named")} | {"logical": each["name"]}
    for edge in ("needs", "bound"):
        inputs[edge] = [made[name].id for name in each[edge]]
    if each["slot"] is not None:
        inputs["slot"] = each["slot"]
    if each["named"]:
        inputs["name"] = each["name"] + "-named"
    if each["secret"]:
        inputs["text"] = pulumi.Output.secret(each["text"])
    made[each["name"]] = Thing(each["name"], inputs, options)
pulumi.export("things", sorted(made))
