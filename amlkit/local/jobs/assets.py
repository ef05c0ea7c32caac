"""What a job refers to, looked up when it is submitted: components, code, environments, computes, data.

References are ARM ids or short names (`azureml:train:3`, `cpu`). One that cannot be followed
is a problem with a place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..blobs import Blobs
from ..documents import Documents
from ..web import AzureError
from .records import DATA_TYPES, LITERAL_TYPES, EnvironmentSpec, Port
from .values import Problems, literal, type_name

_DATA_VERSION = re.compile(r".*/data/([^/]+)/versions/([^/]+)")
_PORT_NAME = re.compile(r"\w[\w.-]*")  # bindings take no other, and it becomes a part of file names
_RUNS_COMMANDS = ("AmlCompute", "ComputeInstance")


class Assets:
    """The assets of one workspace, for one submit. What is wrong goes to `problems`; the caller refuses."""

    def __init__(self, workspace: str, documents: Documents, blobs: Blobs, problems: Problems) -> None:
        self._workspace = workspace
        self._documents = documents
        self._blobs = blobs
        self._problems = problems

    def component(self, reference: Any, place: str) -> dict[str, Any]:
        """The spec of a component version; empty after a problem."""
        document = self._version("components", reference, place)
        spec: dict[str, Any] = document.get("properties", {}).get("componentSpec", {})
        return spec

    def code(self, reference: Any, place: str) -> str:
        """The URI of a snapshot's folder; empty if there is no code."""
        if not reference:
            return ""
        uri = str(self._version("codes", reference, place).get("properties", {}).get("codeUri", ""))
        if uri:
            self.check_uri(uri, place)
        return uri

    def environment(self, reference: Any, place: str) -> EnvironmentSpec:
        """An environment version. One that needs Docker to be built is a problem."""
        if not reference:
            self._problems.add(place, "no environment")
            return EnvironmentSpec()
        document = self._version("environments", reference, place)
        properties = document.get("properties", {})
        if properties.get("build"):
            self._problems.add(place, "an environment with a Docker build context does not run in the local Azure ML")
        name = ":".join(str(document.get("id", "")).split("/")[-3::2])
        return EnvironmentSpec(name, str(properties.get("image") or ""), str(properties.get("condaFile") or ""))

    def compute(self, reference: Any, place: str) -> tuple[str, int]:
        """The ARM id of a compute and how many steps it runs at once; `("", 0)` for serverless: no limit of its own."""
        name = str(reference or "").removeprefix("azureml:")
        if not name or name.lower() == "serverless":
            return "", 0
        identifier = name if name.startswith("/") else f"{self._workspace}/computes/{name}"
        document = self._documents.get(identifier)
        if document is None:
            self._problems.add(place, f"no such compute: {identifier.rpartition('/')[2]}")
            return "", 0
        properties = document["properties"]
        kind = properties.get("computeType")
        if kind not in _RUNS_COMMANDS:
            self._problems.add(place, f"a {kind} compute runs no commands in the local Azure ML")
        scale = (properties.get("properties") or {}).get("scaleSettings") or {}
        return str(document["id"]), int(scale.get("maxNodeCount") or 1) if kind == "AmlCompute" else 1

    def data(self, uri: Any, place: str) -> str:
        """A data URI; a reference to a data asset is followed."""
        text = str(uri or "")
        if (match := _DATA_VERSION.fullmatch(text)) and "/datastores/" not in text:
            text = f"azureml:{match[1]}:{match[2]}"
        if text.startswith("azureml:") and not text.startswith("azureml://"):
            document = self._version("data", text, place)
            text = str(document.get("properties", {}).get("dataUri", ""))
            if not text:
                return ""
        self.check_uri(text, place)
        return text

    def check_uri(self, uri: str, place: str) -> None:
        """A URI of a datastore or a storage account of this stand-in, or a problem."""
        try:
            self._blobs.folder_of(uri, self._workspace)
        except AzureError as error:
            self._problems.add(place, error.message)

    def ports(self, declared: Any, place: str) -> tuple[Port, ...]:
        """The inputs or outputs of a spec."""
        named = self._problems.mapping(declared, place).items()
        return tuple(
            self._port(name, self._problems.mapping(item, f"{place}.{name}"), f"{place}.{name}") for name, item in named
        )

    def _port(self, name: str, item: Mapping[str, Any], place: str) -> Port:
        if not _PORT_NAME.fullmatch(name):
            self._problems.add(place, "the name of a port has letters, digits, dashes, dots and underscores")
        kind = type_name(str(item.get("type", "string")))
        if kind not in LITERAL_TYPES | DATA_TYPES:
            self._problems.add(place, f"a port of type {kind} does not run in the local Azure ML")
        default = item.get("default", item.get("path", item.get("uri")))
        text = None
        if default is not None:
            try:
                text = literal(kind, default) if kind in LITERAL_TYPES else self.data(default, place)
            except ValueError as error:
                self._problems.add(place, f"its default is {error}")
        optional = str(item.get("optional", False)).lower() == "true"
        return Port(name, kind, optional, text, str(item.get("mode") or ""))

    def _version(self, kind: str, reference: Any, place: str) -> dict[str, Any]:
        text = str(reference)
        if text.startswith("azureml://registries/"):
            self._problems.add(place, f"assets of registries are not in the local Azure ML: {text}")
            return {}
        name = text.removeprefix("azureml:")
        if not name.startswith("/"):
            asset, _, version = name.partition(":")
            name = f"{self._workspace}/{kind}/{asset}/versions/{version}"
        found = self._documents.get(name)
        if found is None or f"/{kind.lower()}/" not in found["id"].lower():
            self._problems.add(place, f"there is no {text}" if found is None else f"it is none of the {kind}: {text}")
            return {}
        return found
