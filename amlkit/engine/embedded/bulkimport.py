"""The command `import`: what exists in the cloud becomes part of the state, without a program.

`operations` calls `take_over` in a session of its own. Rules: Pulumi's import deployment: everything in the state
stays as it is; the stack and the providers that are missing are made; then each resource is read, parents first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from amlkit.engine.events import Op
from amlkit.errors import AmlkitError, EngineError
from amlkit.propertyvalues import is_secret, secret

from . import importing, steps, urns
from .gate import Stopped
from .importfile import Import
from .kinds import Component, Custom, ProviderKind
from .registry import default_inputs
from .resource import PROVIDER_PREFIX, STACK_TYPE, Resource
from .run import Run
from .steps import Step
from .values import mark_outputs


def take_over(run: Run, imports: Sequence[Import]) -> None:
    """Bring these resources into the state.

    Raises:
        EngineError: one is asked for twice, or a provider refuses its configuration.
        Stopped: one could not be read; that has been reported.
    """
    present = {each.urn: each for each in run.snapshot.base.resources if not each.delete}
    _keep_all(run)
    stack = next((urn for urn, each in present.items() if each.type == STACK_TYPE), "") or _stack(run)
    references = _providers(run, imports, present)
    wanted = _wanted(run, imports, stack, references, present)
    done = {*present, stack}
    while wanted:
        layer = [each for each in wanted if each.resource.parent not in {other.resource.urn for other in wanted}]
        with ThreadPoolExecutor(max_workers=run.parallel) as pool:
            list(pool.map(lambda each: _one(run, each, present, done), layer))
        run.gate.check()
        done.update(each.resource.urn for each in layer)
        wanted = [each for each in wanted if each not in layer]


class _Wanted:
    """A resource to make of an import."""

    def __init__(self, resource: Resource, asked: Import) -> None:
        self.resource = resource
        self.asked = asked


def _keep_all(run: Run) -> None:
    for old in run.snapshot.olds:
        if not old.resource.delete:
            run.reporter.hide([old.resource.inputs, old.resource.outputs])
            with steps.reported(run, Step(Op.SAME, old.resource, old.resource, {})):
                run.snapshot.same(old, old.resource)


def _stack(run: Run) -> str:
    urn = urns.stack_urn(run.stack, run.project)
    steps.create(run, Resource(urn, STACK_TYPE), Component(), None, {})
    return urn


def _wanted(
    run: Run,
    imports: Sequence[Import],
    stack: str,
    references: Mapping[str, str],
    present: Mapping[str, Resource],
) -> list[_Wanted]:
    found: dict[str, _Wanted] = {}
    for each in imports:
        if each.is_provider:
            continue
        parent = each.parent or stack
        urn = urns.urn(run.stack, run.project, parent, each.type, each.name)
        if urn in found:
            raise EngineError(f"duplicate import '{each.name}' of type '{each.type}'")
        old = present.get(urn)
        if old is not None and (old.import_id or old.id) == each.id:
            continue
        resource = Resource(
            urn,
            each.type,
            custom=not each.component,
            inputs=each.inputs or {},
            parent=parent,
            protect=each.protect,
            provider="" if each.component else references[_provider_urn(run, each)],
            import_id=each.id,
        )
        found[urn] = _Wanted(resource, each)
    return list(found.values())


def _one(run: Run, wanted: _Wanted, present: Mapping[str, Resource], done: set[str]) -> None:
    resource = wanted.resource
    try:
        with run.gate.enter(), run.gate.slot():
            importing.take(run, resource, lambda: _found(run, wanted, present, done), None)
    except Stopped:
        return
    except AmlkitError as error:
        run.reporter.failure(error, resource.urn)
        run.gate.stop()


def _found(run: Run, wanted: _Wanted, present: Mapping[str, Resource], done: set[str]) -> Resource:
    resource, asked = wanted.resource, wanted.asked
    if resource.urn in present:
        raise EngineError(f"resource '{resource.urn}' already exists")
    if resource.parent not in done:
        raise EngineError(f"unknown parent '{resource.parent}' for resource '{resource.urn}'")
    if not resource.custom:
        return importing.stamped(replace(resource, outputs=asked.outputs or {}))
    kind = Custom(run.registry.ensure(resource.provider, run.snapshot.resources()))
    if asked.outputs:
        found = replace(resource, id=asked.id, outputs=asked.outputs)
    else:
        outcome = importing.read(kind, resource)
        inputs = _merged(outcome.inputs or {}, resource.inputs)
        found = replace(
            resource,
            id=outcome.id,
            inputs=inputs,
            outputs=mark_outputs(outcome.outputs, inputs, ()),
            init_errors=outcome.init_errors,
            refresh_before_update=outcome.refresh_before_update,
        )
    _warn_of_invalid(run, found, kind)
    return importing.stamped(replace(found, import_id=""))


def _merged(read: Mapping[str, Any], supplied: Mapping[str, Any]) -> dict[str, Any]:
    """What was read, with what was supplied where nothing was; what was supplied as a secret is one."""
    merged = dict(read)
    for key, value in supplied.items():
        if merged.get(key) is None:
            merged[key] = value
        elif is_secret(value) and not is_secret(merged[key]):
            merged[key] = secret(merged[key])
    return merged


def _warn_of_invalid(run: Run, found: Resource, kind: Custom) -> None:
    """The provider's own check of what it read: a failure is told, and stops nothing."""
    checked = kind.check(found, found.inputs, None)
    if checked.failures:
        text = "what was imported does not pass the provider's own check; it is kept as it was read"
        run.reporter.message("warning", text, found.urn)
    for line in checked.told(found):
        run.reporter.message("warning", line, found.urn)


def _provider_urn(run: Run, asked: Import) -> str:
    if asked.provider:
        return asked.provider
    type_ = f"{PROVIDER_PREFIX}{urns.package_of(asked.type)}"
    return urns.urn(run.stack, run.project, "", type_, urns.default_provider_name(asked.version))


def _providers(run: Run, imports: Sequence[Import], present: Mapping[str, Resource]) -> dict[str, str]:
    """Reference by URN of every provider that is needed; missing ones are made: default ones first."""
    declared = {_own_urn(run, each): each for each in imports if each.is_provider}
    defaults: dict[str, dict[str, Any]] = {}
    explicit: dict[str, dict[str, Any]] = {urn: _configuration(each) for urn, each in declared.items()}
    needed = set(declared)
    for each in imports:
        if each.is_provider or each.component:
            continue
        urn = _provider_urn(run, each)
        needed.add(urn)
        if each.provider:
            explicit.setdefault(urn, _configuration(replace(each, inputs=None)))
        else:
            defaults.setdefault(urn, default_inputs(urns.package_of(each.type), each.version, run.config))
    references = {urn: urns.provider_reference(urn, present[urn].id) for urn in needed if urn in present}
    for group in (defaults, explicit):
        for urn in sorted(set(group) - set(references)):
            parent = declared[urn].parent if urn in declared else ""
            references[urn] = _made(run, urn, parent, group[urn])
    return references


def _own_urn(run: Run, each: Import) -> str:
    return urns.urn(run.stack, run.project, each.parent, each.type, each.name)


def _configuration(each: Import) -> dict[str, Any]:
    version = {"__internal": {}, "version": each.version} if each.version else {}
    return {**(each.inputs or {}), **version}


def _made(run: Run, urn: str, parent: str, inputs: Mapping[str, Any]) -> str:
    resource = Resource(urn, urns.parse(urn).type, custom=True, inputs=inputs, parent=parent)
    kind = ProviderKind(run.registry)
    run.reporter.hide(inputs)
    checked = kind.check(resource, {}, None)
    for line in checked.told(resource):
        run.reporter.message("error", line, urn)
    if checked.failures:
        raise EngineError(f"provider check failed for {urn}")
    made = steps.create(run, resource, kind, None, {}).resource
    return urns.provider_reference(urn, made.id)
