"""Reads and writes the state file of Pulumi's file backend (checkpoint version 3 and 4), secrets encrypted.

Called by the operations (read once, write after every change) and by the `stack` commands. Either tool opens what the
other wrote: field names and order, features and integrity rules are those of Pulumi's deployment schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from amlkit.digest import compact_json
from amlkit.engine.naming import USE_CLI
from amlkit.errors import SetupError
from amlkit.propertyvalues import SECRET, SIGNATURE, is_secret, secret, unsecret

from .integrity import verify
from .manifest import manifest
from .resource import Deployment, Pending, Resource
from .secrets import Passphrase
from .texts import Texts, Written

Ciphertexts = dict[tuple[str, str, str], str]
"""(URN, place in the resource, plain JSON) → ciphertext: a secret that did not change keeps the text it had."""

FEATURES: tuple[tuple[str, Callable[[Resource], bool]], ...] = (
    ("hooks", lambda resource: bool(resource.resource_hooks)),
    ("refreshBeforeUpdate", lambda resource: resource.refresh_before_update),
    ("replaceWith", lambda resource: bool(resource.replace_with)),
)
"""What makes a checkpoint version 4, in the order of the file, and how a resource shows that it needs it.

Any other feature is refused."""

# (field of Resource, key of the file, kind); in the order of the file. Kinds: see `_unpacked` and `_packed`.
FIELDS = (
    ("urn", "urn", "plain"),
    ("custom", "custom", "always"),
    ("delete", "delete", "plain"),
    ("id", "id", "plain"),
    ("type", "type", "plain"),
    ("inputs", "inputs", "values"),
    ("outputs", "outputs", "values"),
    ("parent", "parent", "plain"),
    ("protect", "protect", "plain"),
    ("taint", "taint", "plain"),
    ("external", "external", "plain"),
    ("dependencies", "dependencies", "list"),
    ("init_errors", "initErrors", "list"),
    ("provider", "provider", "plain"),
    ("property_dependencies", "propertyDependencies", "lists"),
    ("pending_replacement", "pendingReplacement", "plain"),
    ("additional_secret_outputs", "additionalSecretOutputs", "list"),
    ("aliases", "aliases", "list"),
    ("custom_timeouts", "customTimeouts", "plain"),
    ("import_id", "importID", "plain"),
    ("retain_on_delete", "retainOnDelete", "plain"),
    ("deleted_with", "deletedWith", "plain"),
    ("replace_with", "replaceWith", "list"),
    ("created", "created", "plain"),
    ("modified", "modified", "plain"),
    ("source_position", "sourcePosition", "plain"),
    ("ignore_changes", "ignoreChanges", "list"),
    ("hide_diff", "hideDiff", "list"),
    ("replace_on_changes", "replaceOnChanges", "list"),
    ("replacement_trigger", "replacementTrigger", "trigger"),
    ("refresh_before_update", "refreshBeforeUpdate", "plain"),
    ("view_of", "viewOf", "plain"),
    ("resource_hooks", "resourceHooks", "lists"),
)
_LEFT_OUT = "stackTrace"
_KNOWN = frozenset(key for _, key, _ in FIELDS) | {_LEFT_OUT}


def read(
    text: str, passphrase_of: Callable[[str], Passphrase], *, where: str = "", sound: bool = True
) -> tuple[Deployment, Passphrase | None, Ciphertexts]:
    """The state in a checkpoint, its secrets decrypted; the secrets manager if it names one; its ciphertexts.

    `passphrase_of` gets the salt of the file. `where` is the file, for messages. `sound`: refuse a state that breaks
    an integrity rule.

    Raises:
        SetupError: the text is damaged, needs what this engine does not do (named), or the passphrase is wrong.
    """
    latest = latest_of(text, where)
    passphrase = _passphrase(latest.get("secrets_providers") or {}, passphrase_of, where)
    reader = _Reader(passphrase)
    try:
        deployment = Deployment(
            resources=tuple(reader.resource(raw) for raw in latest.get("resources") or ()),
            pending=tuple(
                Pending(reader.resource(raw["resource"]), raw["type"]) for raw in latest.get("pending_operations") or ()
            ),
            metadata=latest.get("metadata") or {},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SetupError(f"damaged state: {_told(error)}", where=where, hint=DAMAGED_HINT) from error
    if sound and (problems := verify(deployment)):
        raise SetupError(f"damaged state: {problems[0]}", where=where, hint=DAMAGED_HINT)
    return deployment, passphrase, reader.ciphertexts


def _objects(latest: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = latest.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TypeError(f"`{key}` is not a list of objects")
    return found


def _told(error: Exception) -> str:
    return f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)


def latest_of(text: str, where: str = "") -> dict[str, Any]:
    """The `latest` deployment of a checkpoint as plain JSON, its version and features checked.

    `where` is the file, for messages.

    Raises:
        SetupError: it is no checkpoint, or of a version or with a feature that this engine does not know.
    """
    try:
        document = json.loads(text)
        version, features = document["version"], document.get("features") or []
        latest = dict(document["checkpoint"].get("latest") or {})
        resources = _objects(latest, "resources")
        _objects(latest, "pending_operations")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetupError(f"damaged state: not a checkpoint: {_told(error)}", where=where, hint=DAMAGED_HINT) from error
    if version not in (3, 4):
        raise SetupError(f"state of version {version}; this engine reads 3 and 4", where=where, hint=USE_CLI)
    known = {name for name, _ in FEATURES}
    if unknown := [name for name in features if name not in known]:
        what = f"the state needs `{'`, `'.join(unknown)}`, which this engine does not do"
        raise SetupError(what, where=where, hint=USE_CLI)
    for raw in resources:
        for key in ("taint", "viewOf", "extensionRef", "snippetID"):
            if raw.get(key):
                what = f"`{key}` of {raw.get('urn')} is not done by this engine"
                raise SetupError(what, where=where, hint=USE_CLI)
    return latest


DAMAGED_HINT = "put the copy beside it back: the same name with `.bak` at the end"


def write(
    deployment: Deployment,
    stack_fqn: str,
    passphrase: Passphrase | None,
    ciphertexts: Ciphertexts,
    texts: Texts | None = None,
    *,
    sound: bool = True,
) -> str:
    """The checkpoint of a state as compact JSON. `stack_fqn` is `organization/<project>/<stack>`.

    New ciphertexts are added to `ciphertexts`, so that the next write keeps them; `texts` spares the next write what
    did not change. `sound`: refuse a state that breaks an integrity rule.

    Raises:
        SetupError: there are secrets but no passphrase.
        ValueError: the state breaks an integrity rule: a mistake of the engine, never written.
    """
    if sound and (problems := verify(deployment)):
        raise ValueError(f"the new state is not sound: {problems[0]}")
    latest = {"manifest": [_text(manifest())]}
    if passphrase:
        latest["secrets_providers"] = [_text({"type": "passphrase", "state": {"salt": passphrase.salt}})]
    writer = _Writer(passphrase, ciphertexts)
    made = (texts or Texts()).of(
        deployment.resources, lambda each: Written(_text(writer.resource(each)), _features(each))
    )
    if made:
        latest["resources"] = ["[", ",".join([each.text for each in made]), "]"]
    if deployment.pending:
        pending = [{"resource": writer.resource(each.resource), "type": each.type} for each in deployment.pending]
        latest["pending_operations"] = [_text(pending)]
    latest["metadata"] = [_text(dict(deployment.metadata))]
    needed = {name for each in made if each.features for name in each.features}
    needed.update(name for each in deployment.pending for name in _features(each.resource))
    head = {key: [_text(value)] for key, value in _head(needed).items()}
    return "".join(_object({**head, "checkpoint": _object({"stack": [_text(stack_fqn)], "latest": _object(latest)})}))


def values(raw: Mapping[str, Any], passphrase: Passphrase | None) -> dict[str, Any]:
    """Property values of JSON in the form of the state, secrets decrypted.

    Raises:
        SetupError: a secret cannot be decrypted.
    """
    reader = _Reader(passphrase)
    return {key: reader.plain(key, value) for key, value in raw.items()}


def _features(resource: Resource) -> tuple[str, ...]:
    return tuple(name for name, needs in FEATURES if needs(resource))


def _head(needed: Collection[str]) -> dict[str, Any]:
    features = [name for name, _ in FEATURES if name in needed]
    return {"version": 4, "features": features} if features else {"version": 3}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _object(members: Mapping[str, Sequence[str]]) -> list[str]:
    """The text of an object whose members are texts already; in pieces, so that a long one is put together once."""
    pieces = ["{"]
    for key, texts in members.items():
        pieces += ["" if len(pieces) == 1 else ",", f'"{key}":', *texts]
    return [*pieces, "}"]


def _passphrase(
    providers: Mapping[str, Any], passphrase_of: Callable[[str], Passphrase], where: str
) -> Passphrase | None:
    try:
        if not providers.get("type"):
            return None
        salt = providers["state"]["salt"] if providers["type"] == "passphrase" else ""
    except (KeyError, TypeError, AttributeError) as error:
        what = f"damaged state: secrets_providers: {_told(error)}"
        raise SetupError(what, where=where, hint=DAMAGED_HINT) from error
    if not salt:
        what = f"the stack keeps its secrets with `{providers['type']}`; this engine knows `passphrase` only"
        raise SetupError(what, where=where, hint=USE_CLI)
    return passphrase_of(salt)


def plain_resource(resource: Resource) -> dict[str, Any]:
    """A resource as the file has it; for values without secrets."""
    return _Writer(None, {}).resource(resource)


class _Reader:
    """Makes records of the file's JSON and remembers each ciphertext that it decrypts."""

    def __init__(self, passphrase: Passphrase | None) -> None:
        self.passphrase = passphrase
        self.ciphertexts: Ciphertexts = {}

    def resource(self, raw: Mapping[str, Any]) -> Resource:
        fields: dict[str, Any] = {}
        for field, key, kind in FIELDS:
            if (value := raw.get(key)) is not None:
                fields[field] = self._unpacked(raw["urn"], key, kind, value)
        return Resource(**fields, extra={key: value for key, value in raw.items() if key not in _KNOWN})

    def _unpacked(self, urn: str, key: str, kind: str, value: Any) -> Any:
        match kind:
            case "values" | "trigger":
                return self._values(urn, key, value)
            case "list":
                return tuple(value)
            case "lists":
                return {name: tuple(items or ()) for name, items in value.items()}
        return value

    def plain(self, place: str, value: Any) -> Any:
        return self._values("", place, value)

    def _values(self, urn: str, place: str, value: Any) -> Any:
        if is_secret(value):
            return secret(self._decrypted(urn, place, value))
        if isinstance(value, dict):
            return {key: self._values(urn, f"{place}.{key}", item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._values(urn, f"{place}.{index}", item) for index, item in enumerate(value)]
        return value

    def _decrypted(self, urn: str, place: str, value: Mapping[str, Any]) -> Any:
        if "plaintext" in value:
            return json.loads(value["plaintext"])
        if self.passphrase is None:
            raise SetupError(f"a secret of {urn} but no secrets provider in the state", hint=DAMAGED_HINT)
        plain = json.loads(self.passphrase.decrypt(value["ciphertext"]))
        self.ciphertexts[urn, place, compact_json(plain)] = value["ciphertext"]
        return plain


class _Writer:
    """Makes the file's JSON of records; fields that are empty are left out."""

    def __init__(self, passphrase: Passphrase | None, ciphertexts: Ciphertexts) -> None:
        self.passphrase = passphrase
        self.ciphertexts = ciphertexts

    def resource(self, resource: Resource) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for field, key, kind in FIELDS:
            value = getattr(resource, field)
            if value or kind == "always" or (kind == "trigger" and value is not None):
                raw[key] = self._packed(resource.urn, key, kind, value)
        return {**raw, **resource.extra}

    def _packed(self, urn: str, key: str, kind: str, value: Any) -> Any:
        match kind:
            case "values" | "trigger":
                return self._values(urn, key, value)
            case "list":
                return list(value)
            case "lists":
                return {name: list(value[name]) for name in sorted(value)}
        return value

    def _values(self, urn: str, place: str, value: Any) -> Any:
        if is_secret(value):
            return {SIGNATURE: SECRET, "ciphertext": self._encrypted(urn, place, unsecret(value))}
        if isinstance(value, Mapping):
            return {key: self._values(urn, f"{place}.{key}", value[key]) for key in sorted(value)}
        if isinstance(value, list | tuple):
            return [self._values(urn, f"{place}.{index}", item) for index, item in enumerate(value)]
        return value

    def _encrypted(self, urn: str, place: str, plain: Any) -> str:
        text = compact_json(plain)
        kept = self.ciphertexts.get((urn, place, text))
        if kept is None:
            if self.passphrase is None:
                raise SetupError(f"a secret in {urn}, but the stack has no passphrase")
            kept = self.ciphertexts[urn, place, text] = self.passphrase.encrypt(text)
        return kept
