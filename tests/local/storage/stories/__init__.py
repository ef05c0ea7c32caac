"""Stories of blob operations: what is asked lies in YAML files here, what Azurite answers is recorded beside them.

`python -m tests.local.storage.stories record` asks Azurite (on PATH, or named by `AZURITE`) and writes the answers;
`python -m tests.local.storage.stories compare` asks Azurite and a stand-in of its own, and shows where they differ.
A step that has `differs` is one where Azurite does not do what Azure's reference says, or cannot; `why` says which.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.etree import ElementTree

import httpx
import yaml

from amlkit.local import sas

FOLDER = Path(__file__).parent
VERSION = "2025-05-05"
_HEADERS = re.compile(
    r"content-(type|length|range|md5|encoding|language|disposition)|cache-control|accept-ranges|x-ms-meta-.*"
    r"|x-ms-(blob-type|blob-content-md5|blob-content-length|blob-append-offset|blob-committed-block-count|lease-state"
    r"|lease-status|lease-duration|lease-id|lease-time|copy-status|copy-progress|request-server-encrypted"
    r"|server-encrypted|access-tier|error-code)"
)
_PRESENT = ("etag", "last-modified", "x-ms-request-id", "x-ms-version", "x-ms-copy-id", "x-ms-creation-time")
_ELEMENTS = re.compile(
    r"Name|BlobPrefix|Blob|Blobs|Container|Containers|Properties|Metadata|Content-(Length|Type|Encoding|Language|MD5)"
    r"|Cache-Control|BlobType|LeaseStatus|LeaseState|LeaseDuration|Prefix|Marker|MaxResults|Delimiter|NextMarker"
    r"|EnumerationResults|BlockList|CommittedBlocks|UncommittedBlocks|Block|Size|SignedIdentifiers?|Id|AccessPolicy"
    r"|Start|Expiry|Permission|CopyStatus|Code|Error"
)


@dataclass(frozen=True)
class Server:
    """A blob service: where it is, its account and key, and what `{url}` means in headers."""

    http: httpx.Client
    account: str
    key: str
    url: str
    prefix: str = ""
    host: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes, *, signed: bool) -> httpx.Response:
        """One request, with the account's key unless it is to have no signature."""
        path, _, query = target.partition("?")
        raw = f"{self.prefix}/{quote(path.strip('/'), safe='/~!$&()*+,;=:@%')}"
        moment = format_datetime(datetime.datetime.now(datetime.UTC), usegmt=True)
        sent = {"x-ms-version": VERSION, "x-ms-date": moment, "content-length": str(len(body))} | headers
        if method in ("GET", "HEAD", "DELETE"):
            sent.pop("content-length")
        if signed:
            parameters = [(name, unquote(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
            names = {name.lower(): value for name, value in sent.items()}
            text = sas.shared_key_text(method, self.account, raw, parameters, names)
            sent["Authorization"] = f"SharedKey {self.account}:{sas.sign(self.key, text)}"
        target = f"{raw}?{query}" if query else raw
        return self.http.request(method, target, headers=self.host | sent, content=body)


@dataclass(frozen=True)
class Story:
    """Its name and its steps."""

    name: str
    steps: list[dict[str, Any]]

    @property
    def recording(self) -> Path:
        """Where Azurite's answers are kept."""
        return FOLDER / f"{self.name}.json"

    def recorded(self) -> list[dict[str, Any]]:
        """Azurite's answers."""
        return list(json.loads(self.recording.read_text()))

    def expected(self) -> list[dict[str, Any]]:
        """What a stand-in for Azure is to answer: as Azurite, but where the story says otherwise."""
        return [_otherwise(answer, step) for answer, step in zip(self.recorded(), self.steps, strict=True)]

    def tell(self, server: Server) -> Iterator[dict[str, Any]]:
        """Take the steps one after the other; the answers, without what differs each time."""
        known = {"c": self.name, "url": server.url}
        for step in self.steps:
            method, _, target = _filled(step["do"], known).partition(" ")
            headers = {name: _filled(str(value), known) for name, value in step.get("headers", {}).items()}
            body = _filled(str(step.get("body", "")), known).encode() * step.get("times", 1)
            answer = server.ask(method, target, headers, body, signed=step.get("signed", True))
            for name, header in step.get("keep", {}).items():
                known[name] = _kept(answer, header)
            yield seen(step, answer)


def stories() -> list[Story]:
    """All there are."""
    return [Story(path.stem, yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))]


def seen(step: dict[str, Any], answer: httpx.Response) -> dict[str, Any]:
    """What matters of an answer."""
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw]
    names = [(name if name.lower().startswith("x-ms-meta-") else name.lower(), value) for name, value in sent]
    headers = {name: value for name, value in names if _HEADERS.fullmatch(name)}
    refused = answer.status_code >= 400
    if "content-range" not in headers:
        headers.pop("x-ms-blob-content-md5", None)  # Azure's reference has it of ranges only, Azurite always
    for name in ("content-length", "content-type") if refused or "xml" in headers.get("content-type", "") else ():
        headers.pop(name, None)
    if headers.get("content-length") == "0":
        headers.pop("content-length")
    present = [] if refused else [name for name in _PRESENT if name in answer.headers]
    return {
        "do": step["do"],
        "status": answer.status_code,
        "headers": {name: headers[name] for name in sorted(headers)},
        "present": present,
        "body": _body(answer, refused),
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """In words, where an answer is not the wanted one."""
    lines = [
        f"{name}: {wanted[name]!r}, not {found[name]!r}" for name in ("status", "body") if wanted[name] != found[name]
    ]
    for name in sorted({*wanted["headers"], *found["headers"]}):
        one, other = wanted["headers"].get(name), found["headers"].get(name)
        if one != other:
            lines.append(f"{name}: {one!r}, not {other!r}")
    missing = set(wanted["present"]) - set(found["present"])
    return lines + ([f"missing: {', '.join(sorted(missing))}"] if missing else [])


def _otherwise(answer: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    differs = step.get("differs")
    if differs is None:
        return answer
    headers = answer["headers"] | differs.get("headers", {})
    headers = {name: value for name, value in headers.items() if value is not None}
    absent = differs.get("absent", [])
    present = [name for name in answer["present"] if name not in absent]
    changed = {name: differs[name] for name in ("status", "body") if name in differs}
    return answer | changed | {"headers": headers, "present": present}


def _body(answer: httpx.Response, refused: bool) -> Any:
    if "xml" in answer.headers.get("content-type", "") and answer.content:
        return None if refused else _element(ElementTree.fromstring(answer.content))
    if refused:
        return None
    try:
        return answer.content.decode() if len(answer.content) < 200 else f"{len(answer.content)} bytes"
    except UnicodeDecodeError:
        return base64.b64encode(answer.content).decode()


def _element(element: ElementTree.Element) -> Any:
    children = [_element(child) for child in element if _ELEMENTS.fullmatch(child.tag) or element.tag == "Metadata"]
    if element.tag in ("Marker", "NextMarker"):
        return [element.tag, bool(element.text)]
    if element.tag == "Blobs":  # blobs and prefixes are in one order on Azure, in two in Azurite
        children.sort(key=lambda child: child[1][0][1])
    kept = [child for child in children if child[1:] not in ([""], [[]], [False]) and child != ["MaxResults", "5000"]]
    return (
        [element.tag, sorted(kept) if element.tag == "Properties" else kept]
        if len(element)
        else [
            element.tag,
            element.text or "",
        ]
    )


def _kept(answer: httpx.Response, header: str) -> str:
    if header == "NextMarker":
        return ElementTree.fromstring(answer.content).findtext("NextMarker") or ""
    return answer.headers.get(header, "")


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), text)
