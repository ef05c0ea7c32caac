"""Order without data: `sequence(prepare, [train_a, train_b], report)`, and what `after=` means for the graph.

`sequence` is for users, `waits` for `trace`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from ..components.ports import Output
from ..components.step import Step, wait_for
from ..errors import DefinitionError, Problem
from .frame import Frame, Handle, Nested, handles_in, name_of, running

Item: TypeAlias = "Step | Output[Any] | Sequence[Item]"


def sequence(*items: Item) -> tuple[Item, ...]:
    """Let every step of an item start only when all steps of the item before are done, without taking their data.

    An item is a step, what a nested pipeline returned, or a list of such, whose parts have no order among each other.
    What is returned stands for all of its steps, so that a sequence can be an item of another one:
    `sequence(prepare, [sequence(a, b), c], report)`.

    Raises:
        DefinitionError: it is called outside of a pipeline's function.
    """
    frame = running.get()
    if frame is None:
        raise DefinitionError([Problem("sequence", "there is no pipeline", "call it in a pipeline's function")])
    before: list[Handle] = []
    for item in items:
        found = _nodes(item, frame)
        for node in found:
            _wait(node, before)
        before = found or before  # an empty list has no part in the order
    return items


def waits(handle: Handle, after: Sequence[Any], frame: Frame, here: Mapping[int, str]) -> tuple[str, ...]:
    """The names of the nodes that a node waits for, sorted; what is no node of this pipeline becomes a problem.

    `here` has the names of this pipeline's nodes by identity.
    """
    where = f"{frame.pipeline.name}.{name_of(handle)}.after"
    names = set()
    for found in handles_in(list(after)):
        if isinstance(found, Problem):
            frame.problems.append(Problem(where, found.what, found.hint))
        elif id(found) not in here:
            what = f"step `{name_of(found)}` was made outside of this pipeline"
            frame.problems.append(Problem(where, what, "make it in the function"))
        else:
            names.add(here[id(found)])
    return tuple(sorted(names))


def _nodes(item: Any, frame: Frame) -> list[Handle]:
    nodes: dict[int, Handle] = {}
    for found in handles_in(item):
        if isinstance(found, Problem):
            frame.problems.append(Problem(f"{frame.pipeline.name}.sequence", found.what, found.hint))
        else:
            nodes[id(found)] = found
    return list(nodes.values())


def _wait(node: Handle, before: list[Handle]) -> None:
    if not before:
        return
    if isinstance(node, Nested):
        node.after = (*node.after, *before)
    else:
        wait_for(node, cast(Sequence[Step], before))  # it keeps what it is given
