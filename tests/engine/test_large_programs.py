"""Programs of many resources: what `child` does in place of the SDK's own ways, with the same result."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import resource_cycle_breaker as breaker

from amlkit.engine.embedded import child

ERROR = 1
NODES = 9
COMPONENTS = """
class Many(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("many:index:Many", name)
"""


class Node:
    """As much of a resource as the search for circles looks at."""


def test_a_chain_is_longer_than_python_recurses(project):
    project.write(
        "import sys\nsys.setrecursionlimit(300)\n"
        "before = 'none'\nfor number in range(320):\n    before = Thing(f't{number}', text=before).shout"
    )
    assert "+ 321 to create" in project.run("preview")


@pytest.mark.parametrize(
    "circle",
    [
        "one = Many('one')\nThing('a', text='a', opts=O(parent=one, depends_on=[one]))",
        "one, two = Many('one'), Many('two')\n"
        "a = Thing('a', text='a', opts=O(parent=one))\n"
        "b = Thing('b', text='b', opts=O(parent=two, depends_on=[one]))\n"
        "Thing('c', text='c', opts=O(parent=one, depends_on=[two]))",
    ],
    ids=["of one", "of more"],
)
def test_a_circle_is_refused(project, circle):
    said = project.run("preview", program=COMPONENTS + circle, code=ERROR)
    assert "We have detected a circular dependency involving a resource of type" in said


def test_an_output_that_fails_is_told_while_another_never_comes(project):
    said = project.up(
        "import asyncio\npulumi.Output.from_input(asyncio.get_event_loop().create_future())\n"
        "def refuse(text):\n    raise ValueError(f'no use for {text}')\n"
        "Thing('a', text='one').shout.apply(refuse)",
        code=ERROR,
    )
    assert "ValueError: no use for" in said
    assert project.calls() == [("Create", "a")]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=40))
def test_circles_are_found_as_the_sdk_finds_them(wanted):
    nodes = [Node() for _ in range(NODES)]
    slow = breaker._reachable
    try:
        child._find_cycles_quickly()
        for one, other in wanted:
            circle = slow(from_resource=nodes[other], to_resource=nodes[one])
            assert breaker.declare_dependency(nodes[one], nodes[other]) is not circle
    finally:
        breaker._reachable = slow
