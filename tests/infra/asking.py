"""The engine's answers mocked for computes: what was asked for, and what was said at it."""

import pulumi
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import Mocks

from amlkit.infra import Workspace
from amlkit.propertyvalues import is_secret, unsecret

GROUP = "/subscriptions/s1/resourceGroups/g1"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws1"


class Asked(Mocks):
    """Answers as ARM would. `said` are the messages of the program: severity, text, logical name."""

    def __init__(self):
        self.made, self.said = {}, []

    def new_resource(self, args):
        kind = args.typ.rpartition(":")[2]
        self.made[f"{kind} {args.name}"] = args
        outputs = {"location": "westeurope", "name": args.name, "azureApiVersion": "1", **unsecret(args.inputs)}
        named = (outputs.get("identity") or {}).get("userAssignedIdentities")
        if named:
            outputs["identity"] = {**outputs["identity"], "userAssignedIdentities": {each: {} for each in named}}
        if kind == "Workspace" and "machinelearning" in args.typ:
            return [WORKSPACE, outputs | {"name": "ws1"}]
        return [args.resource_id or f"{GROUP}/providers/Some/{kind}/{args.name}", outputs]

    def call(self, args):
        return {"subscriptionId": "s1", "tenantId": "t1", "clientId": "c1", "objectId": "o1"}

    def inputs(self, what):
        """What a resource was asked for, secrets opened."""
        return unsecret(self.made[what].inputs)

    def compute(self, name):
        """The properties that a compute was asked for."""
        return self.inputs(f"Compute {name}")["properties"]

    def is_secret(self, name):
        """Do the properties of a compute hold a secret?"""
        return is_secret(self.made[f"Compute {name}"].inputs["properties"])

    def warnings(self, severity="warn"):
        """What was said, with what it was said at."""
        return [(text, name) for kind, text, name in self.said if kind == severity]


def asked_of(mocker, **config):
    """Mocks for one test; `config` are the keys of `amlkit`."""
    asked = Asked()
    set_mocks(asked, project="digits", stack="test")
    set_all_config({f"amlkit:{key}": value for key, value in config.items()})

    def said(severity):
        def note(text, resource=None, *_, **__):
            asked.said.append((severity, text, resource._name if resource else ""))

        return note

    for severity in ("debug", "warn"):
        mocker.patch(f"pulumi.log.{severity}", said(severity))
    return asked


def run(program):
    """Run a program to its end, all of its resources made; what it gave."""
    given = []
    pulumi.runtime.test(lambda: given.append(program()))()
    return given[0]


def workspace():
    """One that is there."""
    return Workspace.existing("ws", resource_id=WORKSPACE, snapshots="https://store/snapshots")
