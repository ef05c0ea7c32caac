"""Which provider manages a resource or answers a call: the one that the program names, else the default one.

`registrar` asks while it decides. A default provider is registered as any other resource, when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable

from amlkit.errors import AmlkitError, EngineError

from . import urns
from .goal import Goal, explicit_provider
from .lookup import Seen
from .providers import config_only
from .registry import default_inputs
from .resource import PROVIDER_PREFIX, Resource
from .run import Run
from .snapshot import New
from .values import equal


class ProviderChoice:
    """The providers of one run. `register` makes one of a goal; the caller holds what keeps decisions apart."""

    def __init__(self, run: Run, seen: Seen, register: Callable[[Goal], New]) -> None:
        self._run = run
        self._seen = seen
        self._register = register
        self._defaults: dict[tuple[str, str], str] = {}
        self._failed: dict[tuple[str, str], AmlkitError] = {}  # asked for by others before the run has stopped

    def of(self, goal: Goal) -> str:
        """The reference to the provider of a goal with its inheritance; empty for what has none."""
        if not goal.custom or goal.is_provider:
            return ""
        named = explicit_provider(goal, self._seen.goals.get(goal.parent))
        return named or self.default(goal.type, goal.version)

    def default(self, type_: str, version: str) -> str:
        """The reference to the default provider of a type's package."""
        package = urns.package_of(type_)
        if error := self._failed.get((package, version)):
            raise error
        if (package, version) not in self._defaults:
            goal = Goal(
                type=f"{PROVIDER_PREFIX}{package}",
                name=urns.default_provider_name(version),
                custom=True,
                inputs=default_inputs(package, version, self._run.config),
            )
            try:
                entry = self._register(goal)
            except AmlkitError as error:
                self._failed[package, version] = error
                raise
            self._seen.add(entry)
            self._defaults[package, version] = urns.provider_reference(entry.resource.urn, entry.resource.id)
        return self._defaults[package, version]

    def changed(self, old: Resource, new: Resource) -> bool:
        """A provider that is another one replaces what it manages only if its own DiffConfig says so.

        Raises:
            EngineError: the program does not register the new one.
        """
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        old_urn, _ = urns.parse_reference(old.provider)
        new_urn, _ = urns.parse_reference(new.provider)
        if self._seen.aliases.new_of.get(old_urn) == new_urn:
            return False
        before, entry = self._seen.old_provider(old_urn), self._seen.news.get(new_urn)
        if entry is None:
            raise EngineError(f"a provider that the program does not register: {new.provider}")
        after = entry.resource
        if before is None or equal(config_only(before.inputs), config_only(after.inputs)):
            return before is None
        return self._run.registry.get(new.provider).diff_config(before, after).replace
