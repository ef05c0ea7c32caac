"""The SDK of the fake cloud: what test programs import."""

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
