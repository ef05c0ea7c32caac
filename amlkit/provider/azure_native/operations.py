"""Create, read, update and delete one resource over ARM, as the official provider orders the calls.

Create looks first and refuses what exists; after every PUT the resource is read and that answer is what is stored;
update sends the program's inputs alone; delete takes a resource that is gone for deleted and purges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from amlkit.errors import EngineError, ServiceError, UnreachableError
from amlkit.retries import may_have_worked

from . import body, outputs
from .arm import Arm, Deadline, said
from .types import ResourceType


@dataclass(frozen=True)
class Found:
    """A resource as it is: ARM's id, Pulumi's outputs and inputs."""

    id: str
    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any]


class Incomplete(Exception):  # noqa: N818  not a failure of the call alone: the resource exists
    """The service took the resource but did not finish it; `found` is as much of it as there is."""

    def __init__(self, found: Found, reason: str) -> None:
        super().__init__(reason)
        self.found = found
        self.reason = reason


Warn = Callable[[str], None]
_LOOK_SECONDS = 30.0
_T = TypeVar("_T")


def create(arm: Arm, row: ResourceType, inputs: Mapping[str, Any], deadline: Deadline, warn: Warn) -> Found:
    """Make a resource that is not there yet.

    Raises:
        EngineError: it exists, or the service refused.
        Incomplete: accepted, but it ended badly; or nobody can say that it was not made.
    """
    id_ = body.resource_id(row.path, inputs, arm.subscription)
    try:
        existing = arm.get(id_, row.version, deadline)
    except UnreachableError:
        raise
    except ServiceError as error:
        text = f"cannot check existence of resource '{id_}': status code {error.status}, {error.message}"
        raise EngineError(text) from error
    if existing is not None:
        raise EngineError(f"cannot create already existing resource '{id_}'")
    try:
        return _put(arm, row, id_, inputs, body.wire_body(row, inputs, create=True), deadline, warn)
    except (ServiceError, EngineError) as error:
        refusal = error if isinstance(error, ServiceError) else error.__cause__
        if isinstance(refusal, ServiceError) and not may_have_worked(refusal):
            raise
        # The official provider forgets what it cannot be sure of, and then refuses it as existing or makes a second one
        # under another random name. Kept as incomplete, the next update puts it again, whether it is there or not.
        found = _rest(arm, row, id_, inputs)
        if found is None:
            raise
        raise Incomplete(found, str(error)) from error


def update(
    arm: Arm,
    row: ResourceType,
    inputs: Mapping[str, Any],
    old_inputs: Mapping[str, Any],
    deadline: Deadline,
    warn: Warn,
) -> Found:
    """PUT the inputs as they are now; what the program no longer gives is absent.

    Raises as `create`, but does not look whether it exists.
    """
    id_ = body.resource_id(row.path, inputs, arm.subscription)
    restored = {name: value for name, value in row.restored.items() if name in old_inputs and name not in inputs}
    content = body.wire_body(row, {**restored, **inputs}, create=False)
    try:
        _maintain_lists(arm, row, id_, content, deadline)
    except ServiceError as error:
        raise EngineError(f"failed maintaining unset sub-resource properties: {said(error)}") from error
    return _put(arm, row, id_, inputs, content, deadline, warn)


def read(
    arm: Arm, row: ResourceType, id_: str, inputs: Mapping[str, Any], state: Mapping[str, Any], deadline: Deadline
) -> Found | None:
    """The resource now, or None: it is gone. `inputs` and `state` (outputs) are the engine's; empty for an import.

    An empty id asks whether a create that was cut off has happened: the id is then built from `inputs`.
    """
    asked = id_ or body.resource_id(row.path, inputs, arm.subscription)
    document = _answered(lambda: arm.get(asked, row.version, deadline))
    if document is None:
        return None
    now = outputs.from_answer(row, document)
    if not id_:
        return Found(document.get("id") or asked, now, inputs)
    if not inputs:
        return Found(id_, now, outputs.imported(row, id_, now))
    return Found(id_, now, outputs.refreshed(row, inputs, state, now))


def delete(arm: Arm, row: ResourceType, id_: str, deadline: Deadline) -> None:
    """Delete by the state's id; a resource that is not there is deleted.

    Raises:
        EngineError: the service refused, or it ended badly.
    """
    try:
        response = arm.send("DELETE", id_, row.version, None, deadline)
        arm.settle(response, lambda: None, deadline)
    except UnreachableError:
        raise
    except ServiceError as error:
        if error.status != 404:
            raise EngineError(said(error)) from error


def _put(
    arm: Arm,
    row: ResourceType,
    id_: str,
    inputs: Mapping[str, Any],
    content: dict[str, Any],
    deadline: Deadline,
    warn: Warn,
) -> Found:
    url = id_ + body.query(row, inputs)
    response = _answered(lambda: arm.send("PUT", url, row.version, content, deadline))
    try:
        if row.polls or response.status_code == 202:
            arm.settle(response, lambda: arm.get(id_, row.version, deadline), deadline)
    except (ServiceError, EngineError) as error:
        reason = said(error) if isinstance(error, ServiceError) else str(error)
        raise Incomplete(_rest(arm, row, id_, inputs) or Found(id_, {}, inputs), reason) from error
    return _stored(arm, row, id_, inputs, response.json() if response.content else {}, deadline, warn)


def _stored(
    arm: Arm,
    row: ResourceType,
    id_: str,
    inputs: Mapping[str, Any],
    answer: Mapping[str, Any],
    deadline: Deadline,
    warn: Warn,
) -> Found:
    """Read after write: what GET gives is what is kept; without it, what PUT answered."""
    try:
        document = arm.get(id_, row.version, deadline)
        problem = "" if document else "not found"
    except (ServiceError, EngineError) as error:
        document, problem = None, said(error) if isinstance(error, ServiceError) else str(error)
    if document is None:
        warn(f"Failed to read resource after Create. Please report this issue: {problem}")
    best = document or answer
    return Found(best.get("id") or id_, outputs.from_answer(row, best), inputs)


def _rest(arm: Arm, row: ResourceType, id_: str, inputs: Mapping[str, Any]) -> Found | None:
    """What there is of a resource that failed on its way; None: surely nothing."""
    try:
        document = arm.get(id_, row.version, Deadline.after(_LOOK_SECONDS))
    except (ServiceError, EngineError):
        return Found(id_, {}, inputs)
    if document is None:
        return None
    known = outputs.from_answer(row, document)
    known.pop(outputs.VERSION)
    return Found(document.get("id") or id_, known, inputs)


def _maintain_lists(arm: Arm, row: ResourceType, id_: str, content: dict[str, Any], deadline: Deadline) -> None:
    """Sub-resource arrays that the program does not give keep what other resources put there."""
    for path in row.lists:
        *holders, last = path.split(".")
        place = content
        for part in holders:
            place = place.setdefault(part, {})
        if last in place:
            continue
        there: Any = arm.get(id_, row.version, deadline)
        for part in (*holders, last):
            there = there.get(part) if isinstance(there, dict) else None
        if there is not None:
            place[last] = there


def _answered(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except UnreachableError:
        raise
    except ServiceError as error:
        raise EngineError(said(error)) from error
