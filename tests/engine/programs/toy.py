"""The SDK of the fake cloud: what test programs import."""

import os
from pathlib import Path

import pulumi


class Thing(pulumi.CustomResource):
    """A thing; every keyword is an input."""

    name: pulumi.Output[str]
    text: pulumi.Output[str]
    shout: pulumi.Output[str]

    def __init__(self, logical, opts=None, **inputs):
        inputs.setdefault("name", logical)
        super().__init__("toy:index:Thing", logical, {"text": None, "shout": None, **inputs}, opts)

    @staticmethod
    def get(logical, identifier, opts=None, **inputs):
        merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=identifier))
        return Thing(logical, opts=merged, **inputs)


class Group(pulumi.ComponentResource):
    """A component."""

    def __init__(self, logical, opts=None, **inputs):
        super().__init__("toy:index:Group", logical, inputs, opts)


class Toy(pulumi.ProviderResource):
    """An explicit provider."""

    def __init__(self, logical, opts=None, **inputs):
        super().__init__("toy", logical, inputs, opts)


def echo(text, opts=None, **more):
    """What the provider's function `toy:index:echo` says to `text`."""
    return pulumi.runtime.invoke("toy:index:echo", {"text": text, **more}, opts).value["echo"]


def echo_later(text, opts=None):
    """The same for outputs."""
    answer = pulumi.runtime.invoke_output("toy:index:echo", {"text": text}, opts)
    return answer.apply(lambda found: found["echo"])


def note(*words):
    """Write a line that a test reads."""
    with Path(os.environ["FAKECLOUD"], "notes").open("a") as file:
        print(*words, file=file)
