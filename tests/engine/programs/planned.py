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


class Toy(pulumi.ProviderResource):
    def __init__(self, logical, zone):
        super().__init__("toy", logical, {"zone": zone})


made = {}
providers = {}


def provider(logical):
    """Made when it is first asked for; no name, no provider."""
    if logical and logical not in providers:
        providers[logical] = Toy(logical, str(plan["resources"][0]["zone"]))
    return providers.get(logical)


for number, each in enumerate(plan["resources"]):
    if number == plan["stop_at"]:
        if plan["stop"] == "raise":
            raise RuntimeError("the program stops here")
        os.kill(os.getpid(), signal.SIGKILL)
    options = pulumi.ResourceOptions(
        parent=made.get(each["parent"]),
        depends_on=[made[name] for name in each["after"]],
        delete_before_replace=each["delete_first"] or None,
        provider=provider(each["provider"]),
        deleted_with=made[each["within"][0]] if each["within"] else None,
        replace_with=[made[name] for name in each["along"]],
        aliases=[f"urn:pulumi:dev::any::{chain}::{name}" for chain, name in each["was"]],
    )
    if each["group"]:
        made[each["name"]] = Group(each["name"], options)
        continue
    inputs = {key: each[key] for key in ("text", "zone", "after", "named")} | {"logical": each["name"]}
    for edge in ("needs", "bound", "within"):
        inputs[edge] = [made[name].id for name in each[edge]]
    if each["slot"] is not None:
        inputs["slot"] = each["slot"]
    if each["named"]:
        inputs["name"] = each["name"] + "-named"
    if each["secret"]:
        inputs["text"] = pulumi.Output.secret(each["text"])
    made[each["name"]] = Thing(each["name"], inputs, options)
pulumi.export("things", sorted(made))
