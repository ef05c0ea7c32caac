"""Signatures of Azure Storage: shared key, account, service and user delegation SAS; one text to sign and to check.

Source of the strings: the "Authorize with Shared Key", "Create an account SAS", "Create a service SAS" and "Create a
user delegation SAS" pages of the Azure Storage REST reference. Used by the storage data planes, and by the control
plane, which gives SAS out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

VERSION = "2021-12-02"  # of the SAS that the stand-in gives out
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_ENCRYPTION_SCOPE_SINCE = "2020-12-06"
_RESOURCE_SINCE = "2018-11-09"
_AGENTS_SINCE = "2020-02-10"
_DELEGATED_USER_SINCE = "2025-07-05"
_REQUEST_SINCE = "2026-04-06"


def sign(key: str, text: str) -> str:
    """The base64 HMAC-SHA256 of a text with an account key (base64)."""
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def matches(keys: Iterable[str], text: str, signature: str) -> bool:
    """Was the signature made with one of these keys?"""
    return any(hmac.compare_digest(sign(key, text).encode(), signature.encode()) for key in keys)


def container_sas(
    account: str, container: str, key: str, permissions: str, lifetime_seconds: int, service: str = "blob"
) -> str:
    """A service SAS for a whole container, or, for the service `file`, a share, as a query string.

    `permissions` in Azure's order: `racwdl…`; a share knows no `a`.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    query = {
        "sv": VERSION,
        "sr": "s" if service == "file" else "c",
        "sp": "".join(letter for letter in ("rcwdl" if service == "file" else "racwdl") if letter in permissions),
        "st": (now - timedelta(minutes=5)).isoformat().replace("+00:00", "Z"),
        "se": (now + timedelta(seconds=lifetime_seconds)).isoformat().replace("+00:00", "Z"),
        "spr": "https",
    }
    return urlencode({**query, "sig": sign(key, service_text(account, container, "", query, service))})


def service_text(account: str, container: str, path: str, query: Mapping[str, str], service: str = "blob") -> str:
    """What a service SAS signs. `path` is taken in as far as the SAS is for it: whole (`sr=b` or `f`), or the first
    `sdd` segments (`sr=d`). `service`: `blob`, which stands for dfs too, or `file`.
    """
    return "\n".join([*_head(account, container, path, query, service), query.get("si", ""), *_tail(query, service)])


def delegation_text(account: str, container: str, path: str, query: Mapping[str, str], service: str = "blob") -> str:
    """What a SAS signs that is made with a user delegation key."""
    version = query.get("sv", "")
    names = ["skoid", "sktid", "skt", "ske", "sks", "skv"]
    if service == "blob" and version >= _AGENTS_SINCE:
        names += ["saoid", "suoid", "scid"]
    if service == "file" or version >= _DELEGATED_USER_SINCE:
        names += ["skdutid", "sduoid"]
    key = [query.get(name, "") for name in names]
    return "\n".join([*_head(account, container, path, query, service), *key, *_tail(query, service, delegated=True)])


def _head(account: str, container: str, path: str, query: Mapping[str, str], service: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    kind, depth = query.get("sr", ""), query.get("sdd", "")
    below = path if kind in ("b", "bs", "bv", "f") else ""
    if kind == "d" and depth.isdecimal():
        below = "/".join(parts[: int(depth)])
    resource = f"/{service}/{account}/{container}" + (f"/{below}" if below else "")
    return [query.get("sp", ""), query.get("st", ""), query.get("se", ""), resource]


def _tail(query: Mapping[str, str], service: str, *, delegated: bool = False) -> list[str]:
    version = query.get("sv", "")
    names = ["sip", "spr", "sv"]
    if service == "blob":
        names += ["sr", "snapshot"] if version >= _RESOURCE_SINCE else []
        names += ["ses"] if version >= _ENCRYPTION_SCOPE_SINCE else []
        names += ["srh", "srq"] if delegated and version >= _REQUEST_SINCE else []
    return [query.get(name, "") for name in [*names, "rscc", "rscd", "rsce", "rscl", "rsct"]]


def account_text(account: str, query: Mapping[str, str]) -> str:
    """What an account SAS signs."""
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if query.get("sv", "") >= _ENCRYPTION_SCOPE_SINCE:
        names.append("ses")
    return "\n".join([account, *(query.get(name, "") for name in names), ""])


def shared_key_text(
    method: str, account: str, raw_path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str]
) -> str:
    """What a `SharedKey` authorization signs. `raw_path` is as sent, `query` decoded, header names in lower case."""
    values = {
        **headers,
        "content-length": headers.get("content-length", "").removeprefix("0") and headers["content-length"],
    }
    if "x-ms-date" in headers:
        values["date"] = ""
    lines = [method, *(values.get(name, "") for name in _SIGNED_HEADERS)]
    ours = sorted((name for name in headers if name.startswith("x-ms-")), key=_header_order)
    lines += [f"{name}:{headers[name].strip()}" for name in ours]
    parameters: dict[str, list[str]] = {}
    for name, value in query:
        parameters.setdefault(name.lower(), []).append(value)
    resource = [
        f"/{account}{raw_path}",
        *(f"{name}:{','.join(sorted(parameters[name]))}" for name in sorted(parameters)),
    ]
    return "\n".join([*lines, *resource])


def _header_order(name: str) -> str:
    return name.replace("-", "").replace("_", "!")  # the service sorts as in prose: hyphens do not count
