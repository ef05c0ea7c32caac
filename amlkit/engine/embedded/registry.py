"""All providers of one operation: which are loaded, and how one is got for a registration or from the state.

`registrar` loads them as the program registers them, `deleting` and `refreshing` from what the state says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import grpc

from amlkit.errors import EngineError
from amlkit.propertyvalues import unsecret

from . import plugins, urns
from .builtin import PACKAGE, Builtin, StackReader
from .plugins import Places
from .protocol import provider_pb2
from .providers import Provider
from .resource import Resource
from .values import equal


class Registry:
    """Providers by reference (`urn::id`). `line_seen(plugin, text)` gets what plugins print."""

    def __init__(
        self, places: Places, engine_address: str, read_stack: StackReader, line_seen: Callable[[str, str], None]
    ) -> None:
        self._places = places
        self._address = engine_address
        self._read_stack = read_stack
        self._line_seen = line_seen
        self._loaded: dict[str, Provider] = {}
        self._checking: dict[str, Provider] = {}
        self._all: list[Provider] = []
        self._aliases: dict[str, str] = {}
        self._lock = threading.RLock()

    def get(self, reference: str) -> Provider:
        """A provider that the program registered, or that the state gave earlier.

        Raises:
            EngineError: there is none.
        """
        with self._lock:
            if reference in self._loaded:
                return self._loaded[reference]
        raise EngineError(f"unknown provider: {reference}")

    def has(self, reference: str) -> bool:
        """Is it loaded?"""
        with self._lock:
            return reference in self._loaded

    def ensure(self, reference: str, resources: Iterable[Resource]) -> Provider:
        """A provider, started and configured as the state has it if it is not loaded yet.

        Raises:
            EngineError: the state does not know it, or it refuses its configuration.
            SetupError: its plugin is not installed.
        """
        with self._lock:
            if reference in self._loaded:
                return self._loaded[reference]
            urn, identifier = urns.parse_reference(reference)
            for resource in resources:
                if resource.urn == urn and resource.id == identifier:
                    provider = self._start(resource)
                    provider.configure(resource)
                    self._loaded[reference] = provider
                    return provider
        raise EngineError(f"unknown provider in the state: {reference}")

    def for_check(self, resource: Resource, old: Resource | None) -> Provider:
        """The provider that checks and compares the configuration of a provider resource; `configured` makes it usable.

        One that the state gave already (for a refresh) is taken again.
        """
        with self._lock:
            reference = urns.provider_reference(old.urn, old.id) if old else ""
            same_version = old is not None and old.inputs.get("version") == resource.inputs.get("version")
            provider = self._loaded.get(reference) if same_version else None
            if provider is None:
                provider = self._start(resource)
            self._checking[resource.urn] = provider
            return provider

    def checking(self, urn: str) -> Provider:
        """The provider that `for_check` gave for this URN last."""
        with self._lock:
            return self._checking[urn]

    def configured(self, resource: Resource) -> Provider:
        """Configure the provider that was checked under this URN and make it known by its reference."""
        with self._lock:
            provider = self._checking.pop(resource.urn)
            if provider.inputs is not None and not equal(dict(provider.inputs), dict(resource.inputs)):
                provider = self._start(resource)  # a process takes its configuration once
            if provider.inputs is None:
                provider.configure(resource)
            for urn in filter(None, (resource.urn, self._aliases.get(resource.urn))):
                self._loaded[urns.provider_reference(urn, resource.id)] = provider
            return provider

    def alias(self, urn: str, old: str) -> None:
        """Have references to a provider's old name mean the one that is configured under its new name."""
        with self._lock:
            self._aliases[urn] = old

    def close(self) -> None:
        """End all plugins, at the same time."""
        with self._lock:
            providers, self._all = self._all, []
        if providers:
            with ThreadPoolExecutor(len(providers)) as pool:
                list(pool.map(lambda provider: provider.close(), providers))

    def kill(self) -> None:
        """End all plugins at once, whatever they do."""
        with self._lock:
            for provider in self._all:
                provider.kill()

    def _start(self, resource: Resource) -> Provider:
        package = urns.package_of(resource.type)
        if package == PACKAGE:
            return Builtin(self._read_stack)
        version = str(unsecret(resource.inputs.get("version", "")))
        plugin = plugins.start(
            package, version, self._places, self._address, lambda line: self._line_seen(package, line)
        )
        provider = Provider(plugin, _handshake(plugin, self._address))
        self._all.append(provider)
        return provider


def default_inputs(package: str, version: str, config: Mapping[str, object]) -> dict[str, object]:
    """The inputs of a package's default provider: its version and what the stack's configuration says for it.

    `config` has whole keys (`package:key`), secrets marked.
    """
    prefix = f"{package}:"
    inputs: dict[str, object] = {
        key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)
    }
    if version:
        inputs |= {"__internal": {}, "version": version}
    return inputs


def _handshake(plugin: plugins.Plugin, engine_address: str) -> provider_pb2.ProviderHandshakeResponse | None:
    request = provider_pb2.ProviderHandshakeRequest(
        engine_address=engine_address,
        configure_with_urn=True,
        supports_views=False,
        supports_refresh_before_update=True,
        invoke_with_preview=True,
    )
    try:
        answer: provider_pb2.ProviderHandshakeResponse = plugin.stub.Handshake(request, wait_for_ready=True, timeout=60)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNIMPLEMENTED:
            return None
        said = plugin.last_lines()
        raise EngineError(f"plugin `{plugin.name}` does not answer" + (f":\n{said}" if said else "")) from error
    return answer
