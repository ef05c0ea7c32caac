"""Owners, permissions and access lists of Data Lake: kept and told as they were set, never evaluated.

Source: "Access control in Azure Data Lake Storage" (defaults, umask, mask, what children take over).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from .errors import storage_error
from .records import Blob, Content

SUPERUSER = "$superuser"
_UMASK = 0o027
_ENTRY = re.compile(r"(default:)?(user|group|mask|other):([^:,]*)(?::([r-][w-][x-]))?")
_SYMBOLIC = re.compile(r"([r-][w-][x-])([r-][w-][x-])([r-][w-][xtT-])\+?")
_OCTAL = re.compile(r"[01]?[0-7]{3}")


def access_headers(blob: Blob) -> dict[str, str]:
    """`x-ms-owner`, `x-ms-group`, `x-ms-permissions`."""
    more = blob.content.more
    return {
        "x-ms-owner": more.get("owner", SUPERUSER),
        "x-ms-group": more.get("group", SUPERUSER),
        "x-ms-permissions": permissions_of(blob),
    }


def permissions_of(blob: Blob) -> str:
    """Nine letters, and `+` where the list says more."""
    entries = {entry.rpartition(":")[0]: entry.rpartition(":")[2] for entry in acl_of(blob).split(",")}
    group = entries.get("mask:", entries["group:"])
    text = f"{entries['user:']}{group}{entries['other:']}"
    if blob.content.more.get("sticky"):
        text = text[:-1] + ("t" if text[-1] == "x" else "T")
    return text + ("+" if len(entries) > 3 else "")


def acl_of(blob: Blob) -> str:
    """The whole list, `user::rwx,group::r-x,other::---`."""
    default = (0o777 if blob.is_folder else 0o666) & ~_UMASK
    return blob.content.more.get("acl") or _acl_of_mode(default)


def changed(content: Content, blob: Blob, headers: Mapping[str, str]) -> Content:
    """The content with what `x-ms-owner`, `-group`, `-permissions`, `-acl` say.

    Raises:
        AzureError: 400: not permissions, or no list.
    """
    more = dict(content.more)
    for name in ("owner", "group"):
        if headers.get(f"x-ms-{name}"):
            more[name] = headers[f"x-ms-{name}"]
    permissions, acl = headers.get("x-ms-permissions"), headers.get("x-ms-acl")
    if permissions and acl:
        raise storage_error("InvalidInput", "Either x-ms-permissions or x-ms-acl.")
    if permissions:
        mode = mode_of(permissions)
        more["sticky"] = "t" if mode & 0o1000 else ""
        named = [entry for entry in acl_of(blob).split(",") if not re.match(r"(user|group|other)::", entry)]
        more["acl"] = _with(_acl_of_mode(mode), ",".join(named))
    if acl:
        more["acl"] = _checked(acl, blob, whole=True)
    return replace(content, more={name: value for name, value in more.items() if value})


def recursive(blob: Blob, mode: str, acl: str) -> Content:
    """The content of a file or directory after its list was `set`, `modify`-ed or what is named `remove`-d."""
    entries = acl.split(",")
    if not blob.is_folder:
        entries = [entry for entry in entries if not entry.startswith("default:")]
    if mode == "set":
        found = _checked(",".join(entries), blob, whole=True) if entries else acl_of(blob)
    elif mode == "modify":
        found = _with(acl_of(blob), _checked(",".join(entries), blob, whole=False)) if entries else acl_of(blob)
    elif mode == "remove":
        gone = {entry.rstrip(":") for entry in entries}
        kept = (entry for entry in acl_of(blob).split(",") if entry.rpartition(":")[0].rstrip(":") not in gone)
        found = ",".join(kept)
    else:
        raise storage_error("InvalidQueryParameterValue", f"mode: {mode}.")
    return replace(blob.content, more=blob.content.more | {"acl": found})


def new(
    content: Content, parent: Blob | None, headers: Mapping[str, str], who: Mapping[str, str], *, folder: bool
) -> Content:
    """The content of something new: its owner, and the list that its parent's defaults or the request give."""
    more = {name: who["oid"] for name in ("owner",) if who.get("oid")}
    umask = int(headers["x-ms-umask"], 8) if _OCTAL.fullmatch(headers.get("x-ms-umask", "")) else _UMASK
    full = 0o777 if folder else 0o666
    mode = mode_of(headers["x-ms-permissions"]) if headers.get("x-ms-permissions") else full
    more["acl"] = _acl_of_mode(mode & ~umask)
    more["sticky"] = "t" if mode & 0o1000 else ""
    defaults = [entry for entry in (acl_of(parent) if parent else "").split(",") if entry.startswith("default:")]
    if defaults:
        own = ",".join(entry.removeprefix("default:") for entry in defaults)
        more["acl"] = _with(own, ",".join(defaults)) if folder else own
    if headers.get("x-ms-acl"):
        more["acl"] = headers["x-ms-acl"]
    for name in ("owner", "group"):
        if headers.get(f"x-ms-{name}"):
            more[name] = headers[f"x-ms-{name}"]
    return replace(content, more={name: value for name, value in more.items() if value})


def mode_of(text: str) -> int:
    """The number of permissions that are written as octal digits or as nine letters.

    Raises:
        AzureError: 400.
    """
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    match = _SYMBOLIC.fullmatch(text)
    if match is None:
        raise storage_error("InvalidInput", f"Not permissions: {text}.")
    letters = "".join(match.groups())
    bits = sum(1 << (8 - index) for index, letter in enumerate(letters) if letter not in "-T")
    return bits | (0o1000 if letters[-1] in "tT" else 0)


def _acl_of_mode(mode: int) -> str:
    triples = [
        "".join(letter if mode >> shift + 2 - index & 1 else "-" for index, letter in enumerate("rwx"))
        for shift in (6, 3, 0)
    ]
    return f"user::{triples[0]},group::{triples[1]},other::{triples[2]}"


def _checked(acl: str, blob: Blob, *, whole: bool) -> str:
    entries = acl.split(",")
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None or match[4] is None or (match[1] and not blob.is_folder):
            raise storage_error("InvalidInput", f"Not an entry of an access list: {entry}.")
    if whole and not all(
        any(entry.startswith(f"{kind}::") for entry in entries) for kind in ("user", "group", "other")
    ):
        raise storage_error("InvalidInput", "An access list has entries of the owner, the group and the others.")
    return _with("", acl)


def _with(acl: str, more: str) -> str:
    """The entries of both, those of `more` first; in the order in which the service lists them, with their masks."""
    found: dict[str, str] = {}
    for entry in [*acl.split(","), *more.split(",")]:
        if entry:
            name, _, letters = entry.rpartition(":")
            found[name] = letters
    for prefix in ("", "default:"):
        named = [name for name in found if name.startswith(prefix) and re.fullmatch(rf"{prefix}(user|group):.+", name)]
        if named and f"{prefix}mask:" not in found:
            granted = [found[name] for name in [*named, f"{prefix}group:"] if name in found]
            found[f"{prefix}mask:"] = "".join(max(each[index] for each in granted) for index in range(3))
    order = ["user", "group", "mask", "other"]
    return ",".join(
        f"{name}:{found[name]}"
        for name in sorted(
            found,
            key=lambda name: (
                name.startswith("default:"),
                order.index(name.removeprefix("default:").partition(":")[0]),
                name.removeprefix("default:").partition(":")[2],
            ),
        )
    )
