"""What the engine does with property values beyond reading them off the wire: comparing, marking, hiding.

Values are plain Python with Pulumi's marks inside (`amlkit.propertyvalues`). Pure functions; called by every module of
the engine that touches inputs or outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from amlkit.propertyvalues import ARCHIVE, ASSET, OUTPUT, RESOURCE, SIGNATURE, UNKNOWN, is_secret, secret

from . import urns

_CONTENT = (ASSET, ARCHIVE)


def equal(one: Any, other: Any) -> bool:
    """Deep equality in which `True` is not `1`, a secret is not its plain value, and content is what its hash is."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if one.get(SIGNATURE) in _CONTENT and one.get("hash") and other.get("hash"):
            return bool(one[SIGNATURE] == other.get(SIGNATURE) and one["hash"] == other["hash"])
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def contains_secret(value: Any) -> bool:
    """Is there a secret at any depth?"""
    if is_secret(value):
        return True
    return any(contains_secret(item) for item in _children(value))


def known_secrets(value: Any) -> Iterator[str]:
    """Every string inside a secret, for masking in text."""
    if is_secret(value):
        yield from _strings(value["value"])
        return
    for item in _children(value):
        yield from known_secrets(item)


def mark_outputs(outputs: Mapping[str, Any], inputs: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Outputs with those made secret that are listed, or whose input of the same name is secret (Pulumi's rule)."""
    listed = set(secrets) - {"id"}
    return {
        key: secret(value) if not is_secret(value) and (key in listed or is_secret(inputs.get(key))) else value
        for key, value in outputs.items()
    }


def annotate(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a plugin answered that was not shown secrets, marked again where the same name held one (Pulumi's rule)."""
    marked = dict(outputs)
    for key, given in inputs.items():
        if key not in marked:
            continue
        value = marked[key]
        if _is_object(value) and _is_object(given):
            marked[key] = annotate(value, given)
        elif not is_secret(value) and contains_secret(given):
            marked[key] = secret(value)
    return marked


def remark(new: Any, old: Any) -> Any:
    """`new` with every place secret that is secret in `old`: a refresh must not write a stored secret in clear."""
    if is_secret(new):
        return new
    if is_secret(old):
        return secret(new)
    if _is_object(new) and _is_object(old):
        return {key: remark(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list | tuple) and isinstance(old, list | tuple):
        padded = [*old, *([None] * (len(new) - len(old)))]
        return [remark(value, before) for value, before in zip(new, padded, strict=False)]
    return new


def flatten_outputs(value: Any) -> Any:
    """Values off the wire as the state keeps them: output marks as what they carry, references in one form."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == OUTPUT:
            inner = flatten_outputs(value["value"]) if "value" in value else UNKNOWN
            return secret(inner) if value.get("secret") else inner
        if value.get(SIGNATURE) == RESOURCE:
            return stored_reference(value)
        flat = {key: flatten_outputs(item) for key, item in value.items()}
        return _stored_archive(flat) if flat.get(SIGNATURE) == ARCHIVE else flat
    if isinstance(value, list | tuple):
        return [flatten_outputs(item) for item in value]
    return value


def _stored_archive(archive: Mapping[str, Any]) -> dict[str, Any]:
    """An archive as the state keeps it: with one source; without any, which is how plugins get it, it has no assets."""
    source = next((key for key in ("path", "uri") if archive.get(key)), "assets")
    kept = {key: archive[key] for key in (SIGNATURE, "hash") if archive.get(key)}
    return {**kept, source: archive.get(source, {})}


def stored_reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    """A reference to a resource as the state keeps it; name and type are in the URN."""
    kept = {SIGNATURE: RESOURCE, "urn": reference["urn"], "packageVersion": reference.get("packageVersion", "")}
    return {**kept, "id": reference["id"]} if "id" in reference else kept


def with_sent_references(value: Any) -> Any:
    """Values as plugins get them: references with name and type, without an empty version."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == RESOURCE:
            urn = urns.parse(value["urn"])
            sent = {key: item for key, item in value.items() if item != ""}
            return {**sent, "name": urn.name, "type": urn.type}
        return {key: with_sent_references(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_sent_references(item) for item in value]
    return value


def without_references(value: Any) -> Any:
    """Values for a plugin that takes no resource references: each becomes its id, or its URN without an id."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == RESOURCE:
            return value["id"] if "id" in value else value["urn"]
        return {key: without_references(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_references(item) for item in value]
    return value


def elided(value: Any) -> Any:
    """Values with assets and archives as their hashes only: what plugins get where contents do not matter."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) in _CONTENT:
            return {key: value[key] for key in (SIGNATURE, "hash") if value.get(key)}
        return {key: elided(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [elided(item) for item in value]
    return value


def with_contents(value: Any, original: Any) -> Any:
    """Values whose elided assets get back the contents that `original` has for their hashes."""
    known = {asset["hash"]: asset for asset in _assets(original) if asset.get("hash")}

    def restored(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.get(SIGNATURE) == ASSET:
                bare = not any(value.get(key) for key in ("text", "path", "uri"))
                return known.get(value.get("hash", ""), value) if bare else value
            return {key: restored(item) for key, item in value.items()}
        return [restored(item) for item in value] if isinstance(value, list | tuple) else value

    return restored(value) if known else value


def _assets(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping) and value.get(SIGNATURE) == ASSET:
        yield value
        return
    for item in _children(value):
        yield from _assets(item)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and SIGNATURE not in value


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple):
        return value
    return ()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in _children(value):
        yield from _strings(item)
