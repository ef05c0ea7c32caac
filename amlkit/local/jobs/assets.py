"""What a job refers to, looked up when it is submitted: components, code, environments, computes, data, models.

References are ARM ids or short names (`azureml:train:3`, `azureml:train@latest`, `cpu`). One that cannot be followed
is a problem with a place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..blobs import Blobs, is_web, shown
from ..documents import Documents
from ..versions import NAME, VERSION, VERSION_LENGTH, find
from ..web import AzureError
from . import curated
from .bindings import mode_name
from .job_uris import Made
from .records import DATA_TYPES, FILE_TYPES, LITERAL_TYPES, EnvironmentSpec, Port
from .values import Problems, is_wanted, literal, of_type, type_name

_ASSET = re.compile(r".*/(data|models)/([^/]+)/(versions|labels)/([^/]+)", re.IGNORECASE)
_VERSION_ID = re.compile(r"(/.+)/([^/]+)/([^/]+)/(?:versions|labels)/([^/]+)", re.IGNORECASE)
_PORT_NAME = re.compile(r"\w[\w.-]*")  # bindings take no other, and it becomes a part of file names
_RUNS_COMMANDS = ("AmlCompute", "ComputeInstance")
_INPUT_MODES = ("", "ro_mount", "rw_mount", "download", "direct", "eval_mount", "eval_download")
_OUTPUT_MODES = ("", "rw_mount", "upload", "direct")


Lookup = Callable[[str, str], Made | None]  # (workspace, reference)


def nothing_made(workspace: str, reference: str) -> Made | None:
    """Where there are no jobs, no reference is to one."""
    return None


class Assets:
    """The assets of one workspace, for one submit. What is wrong goes to `problems`; the caller refuses."""

    def __init__(
        self, workspace: str, documents: Documents, blobs: Blobs, problems: Problems, made: Lookup | None = None
    ) -> None:
        self._workspace = workspace
        self._documents = documents
        self._blobs = blobs
        self._problems = problems
        self._made = made or nothing_made
        self._document = cache(documents.get)  # a thousand steps refer to the same few
        self._find = cache(self._look_up)

    def component(self, reference: Any, place: str) -> dict[str, Any]:
        """A component version: `componentSpec`, `properties` and what else it has; empty after a problem."""
        document = self._version("components", reference, place)
        properties: dict[str, Any] = document.get("properties", {})
        return properties

    def code(self, reference: Any, place: str) -> str:
        """The URI of a snapshot's folder; empty if there is no code."""
        if not reference:
            return ""
        uri = str(self._version("codes", reference, place).get("properties", {}).get("codeUri", ""))
        if uri:
            self.check_place(uri, place)
        return uri

    def environment(self, reference: Any, place: str) -> EnvironmentSpec:
        """An environment version, or a curated one. One that needs Docker to be built is a problem."""
        if not reference:
            self._problems.add(place, "no environment")
            return EnvironmentSpec()
        if curated.is_reference(str(reference)):
            if curated.stand_in(str(reference)) is None:
                self._problems.add(place, curated.unknown(str(reference)))
            return EnvironmentSpec(curated.label(str(reference)), str(reference))
        document = self._version("environments", reference, place)
        properties = document.get("properties", {})
        if properties.get("build"):
            self._problems.add(place, "an environment with a Docker build context does not run in the local Azure ML")
        name = ":".join(str(document.get("id", "")).split("/")[-3::2])
        return EnvironmentSpec(name, str(properties.get("image") or ""), str(properties.get("condaFile") or ""))

    def compute(self, reference: Any, place: str) -> tuple[str, int]:
        """The ARM id of a compute and how many steps it runs at once; `("", 0)` for serverless: no limit of its own."""
        name = str(reference or "").removeprefix("azureml:")
        if name.rpartition("/")[2].lower() in ("", "serverless"):
            return "", 0
        identifier = name if name.startswith("/") else f"{self._workspace}/computes/{name}"
        document = self._document(identifier)
        if document is None or "/computes/" not in identifier.lower():
            self._problems.add(place, f"no such compute: {identifier.rpartition('/')[2]}")
            return "", 0
        properties = document["properties"]
        kind = properties.get("computeType")
        if kind not in _RUNS_COMMANDS:
            self._problems.add(place, f"a {kind} compute runs no commands in the local Azure ML")
        scale = (properties.get("properties") or {}).get("scaleSettings") or {}
        return str(document["id"]), int(scale.get("maxNodeCount") or 1) if kind == "AmlCompute" else 1

    def data(self, uri: Any, place: str, port: Port) -> str:
        """The URI of data for a port; a reference to a data asset or a model is followed."""
        text = str(uri or "")
        if text.startswith("azureml://registries/"):
            self._problems.add(place, f"data and models of registries are not in the local Azure ML: {text}")
            return ""
        if found := self._made(self._workspace, text):
            if not found.uri:
                self._problems.add(place, f"job {found.job} is not there, or has made no such output: {text}")
            return found.uri
        match = _ASSET.fullmatch(text)
        if match and "/datastores/" not in text.lower():
            kind = match[1].lower()
            sign = ":" if match[3].lower() == "versions" else "@"
            return self._asset((kind,), f"azureml:{match[2]}{sign}{match[4]}", place, port)
        if text.startswith("azureml:") and not text.startswith("azureml://"):
            kinds = ("models", "data") if port.type.endswith("_model") else ("data", "models")
            return self._asset(kinds, text, place, port)
        if not is_web(text):
            self.check_place(text, place)
        elif port.type not in FILE_TYPES:
            self._problems.add(place, f"behind a web address is a file, but it takes {port.type}: {shown(text)}")
        return text

    def check_place(self, uri: str, place: str) -> None:
        """A URI of a datastore or a storage account of this stand-in, or a problem."""
        try:
            if is_web(uri):
                raise AzureError(400, "UserError", f"Not a URI of a datastore or of this storage: '{shown(uri)}'.")
            self._blobs.folder_of(uri, self._workspace)
        except AzureError as error:
            self._problems.add(place, error.message)

    def check_asset(self, port: Port, name: str, version: str, place: str) -> None:
        """The name and version under which an output shall be registered are legal."""
        kind = "models" if port.type.endswith("_model") else "data"
        if not NAME.fullmatch(name):
            self._problems.add(place, f"not a name for {kind}: {name!r}")
        elif version and (not VERSION.fullmatch(version) or len(version) > VERSION_LENGTH):
            self._problems.add(place, f"not a version for {kind}: {version!r}")

    def ports(self, declared: Any, place: str, is_output: bool = False) -> tuple[Port, ...]:
        """The inputs or outputs of a spec."""
        named = self._problems.mapping(declared, place).items()
        return tuple(
            self._port(name, self._problems.mapping(item, f"{place}.{name}"), f"{place}.{name}", is_output)
            for name, item in named
        )

    def _port(self, name: str, item: Mapping[str, Any], place: str, is_output: bool) -> Port:
        if not _PORT_NAME.fullmatch(name):
            self._problems.add(place, "the name of a port has letters, digits, dashes, dots and underscores")
        kind = type_name(str(item.get("type") or ("uri_folder" if is_output else "string")))
        known = DATA_TYPES if is_output else LITERAL_TYPES | DATA_TYPES
        if kind not in known:
            side = "an output" if is_output else "an input"
            self._problems.add(place, f"{side} of type {kind} does not run in the local Azure ML")
        mode = mode_name(str(item.get("mode") or ""))
        if is_output and mode == "ro_mount":  # `mount`, which means another thing on each side
            mode = "rw_mount"
        if mode not in (_OUTPUT_MODES if is_output else _INPUT_MODES):
            self._problems.add(place, f"no such mode for {'an output' if is_output else 'an input'}: {mode}")
        optional = str(item.get("optional", False)).lower() == "true"
        port = Port(name, kind, optional, None, mode, *self._limits(kind, item, place))
        default = item.get("default", item.get("path", item.get("uri")))
        if default is None or is_output:
            return port
        try:
            text = literal(port, default) if port.is_literal else self.data(default, place, port)
        except ValueError as error:
            self._problems.add(place, f"its default is {error}")
            return port
        return Port(name, kind, optional, text, mode, port.enum, port.least, port.most)

    def _limits(self, kind: str, item: Mapping[str, Any], place: str) -> tuple[tuple[str, ...], str | None, str | None]:
        """The values that a literal may have: (`enum`, `min`, `max`)."""
        listed = item.get("enum") or []
        bounds: list[str | None] = []
        try:
            if not isinstance(listed, list):
                raise ValueError(f"not a list: {listed!r}")
            enum = tuple(of_type(kind, value) for value in listed)
            bounds += [of_type("number", item[name]) if item.get(name) is not None else None for name in ("min", "max")]
        except ValueError as error:
            self._problems.add(place, f"its enum, min or max is {error}")
            return (), None, None
        return (enum, *bounds) if kind in ("integer", "number") else (enum, None, None)  # type: ignore[return-value]

    def _asset(self, kinds: tuple[str, ...], reference: str, place: str, port: Port) -> str:
        """The URI of a registered asset, the first of the kinds that has it."""
        found = next(filter(None, (self._find(kind, reference) for kind in kinds)), None)
        if found is None:
            self._problems.add(place, f"there is no {reference} among the {' and '.join(kinds)}")
            return ""
        properties = found["properties"]
        kind = str(properties.get("dataType") or properties.get("modelType") or port.type)
        if not is_wanted(port, type_name(kind)):
            self._problems.add(place, f"it takes {port.type}, but {reference} is {kind}")
        uri = str(properties.get("dataUri") or properties.get("modelUri") or "")
        if not is_web(uri):
            self.check_place(uri, place)
        return uri

    def _version(self, kind: str, reference: Any, place: str) -> dict[str, Any]:
        text = str(reference)
        if text.startswith("azureml://registries/"):
            self._problems.add(place, f"{kind} of registries are not in the local Azure ML: {text}")
            return {}
        found = self._find(kind, text)
        if found is None or f"/{kind.lower()}/" not in found["id"].lower():
            self._problems.add(place, f"there is no {text}" if found is None else f"it is none of the {kind}: {text}")
            return {}
        return found

    def _look_up(self, kind: str, reference: str) -> dict[str, Any] | None:
        """A version by its id, `name:version` or `name@label`; a label means the newest one.

        azure-ai-ml leaves the scheme before the name of data and models in ids that it made from a label.
        """
        name = reference.replace("azureml:", "")
        if name.startswith("/"):
            match = _VERSION_ID.fullmatch(name)
            return find(self._documents, *match.groups()) if match else self._documents.get(name)
        asset, is_label, version = name.partition("@")
        if not is_label:
            asset, _, version = name.partition(":")
        return find(self._documents, self._workspace, kind, asset, version)
