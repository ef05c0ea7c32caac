"""`Pulumi.<stack>.yaml`: the settings of one stack, plain and secret; what the program, the history and `config` get.

Called by the operations and the `stack` and `config` commands. Only `encryptionsalt` and `config` are ever changed,
a key at a time, so that comments stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlkit.engine.events import HIDDEN
from amlkit.engine.naming import USE_CLI
from amlkit.errors import DefinitionError, Problem, SetupError

from . import configpath, yamltext
from .configpath import SECURE
from .project import Project
from .secrets import Passphrase

SALT = "encryptionsalt"
_TOP = re.compile(r"[\[.]")


class StackFile:
    """The settings file of a stack, which may not exist yet. Values are as the file has them, secrets encrypted."""

    def __init__(self, project: Project, file: Path, text: str) -> None:
        self.project = project
        self.file = file
        self._written = text
        self._text = text
        self._raw = yamltext.load(text, file)
        foreign = [key for key in ("secretsprovider", "encryptedkey") if self._raw.get(key)]
        if foreign and self._raw.get("secretsprovider") != "passphrase":
            what = f"`{foreign[0]}`: this engine keeps secrets with a passphrase only"
            raise SetupError(what, where=str(file), hint=USE_CLI)

    @classmethod
    def load(cls, project: Project, stack: str) -> StackFile:
        """The file of a stack; an absent one is empty.

        Raises:
            SetupError: it is damaged, or its secrets are kept by something other than a passphrase.
        """
        file = cls.place_of(project, stack)
        return cls(project, file, file.read_text(encoding="utf-8") if file.exists() else "")

    @staticmethod
    def place_of(project: Project, stack: str) -> Path:
        """Where the settings of a stack are, or would be."""
        return (project.stack_config_folder or project.folder) / f"Pulumi.{stack}.yaml"

    @property
    def salt(self) -> str:
        """`encryptionsalt`, or nothing."""
        return str(self._raw.get(SALT) or "")

    @property
    def config(self) -> dict[str, Any]:
        """Full key (`project:name`) → value as in the file: a scalar, a list, a mapping, `{"secure": …}` anywhere."""
        raw = self._raw.get("config") or {}
        if not isinstance(raw, Mapping):
            raise SetupError("must be a mapping", where=f"{self.file}: config")
        return {full_key(self.project, str(key), str(self.file)): value for key, value in raw.items()}

    def set_salt(self, salt: str) -> None:
        """Set `encryptionsalt`; `save` writes it."""
        self._set((SALT,), salt)

    def set(self, key: str, value: Any) -> None:
        """Set one key. `save` writes it."""
        self.remove(key, keep=full_key(self.project, key))
        self._set(("config", full_key(self.project, key)), value)

    def remove(self, key: str, keep: str = "") -> bool:
        """Remove one key; was there one? `save` writes it."""
        full = full_key(self.project, key)
        written = [name for name in self._raw.get("config") or {} if full_key(self.project, str(name)) == full]
        for name in written:
            if name != keep:
                self._text = yamltext.without_key(self._text, ("config", str(name)))
        self._raw = yamltext.load(self._text, self.file)
        return bool(written)

    def at(self, key: str) -> tuple[Any, bool]:
        """What a key with a path (`a.b[0]`) names, and whether anything is there. Raises `SetupError`: no such key."""
        full, path = self._path(key)
        config = {**_defaults(self.project), **self.config}
        return configpath.found(config, (full, *path[1:]))

    def place(self, key: str, value: Any, *, exact: bool = False) -> None:
        """Set what a key with a path names; a text inside of it becomes what it says unless `exact`. `save` writes it.

        Raises:
            SetupError: it is no such key, or something is in its way.
        """
        full, path = self._path(key)
        if len(path) == 1:
            self.set(full, value)
            return
        before = self.config.get(full)
        new = configpath.coerced(value) if isinstance(value, str) and not exact else value
        self._change(full, path, before, configpath.placed(before, path, new))

    def displace(self, key: str) -> None:
        """Remove what a key with a path names, if anything is there. `save` writes it. Raises as `place` does."""
        full, path = self._path(key)
        config = self.config
        if len(path) == 1:
            self.remove(full)
        elif full in config:
            self._change(full, path, config[full], configpath.without(config[full], path))

    def full_key(self, key: str) -> str:
        """The whole key that a key or a key with a path begins with. Raises `SetupError`: it is none."""
        return full_key(self.project, _TOP.split(key, maxsplit=1)[0] or key)

    def _path(self, key: str) -> tuple[str, configpath.Path]:
        """The whole key that a path begins with, and the path."""
        top = _TOP.split(key, maxsplit=1)[0]
        full = full_key(self.project, top) if top else f"{self.project.name}:"
        namespace, _, name = full.partition(":")
        path = configpath.parse(name + key[len(top) :])
        return f"{namespace}:{path[0]}", path

    def _change(self, full: str, path: configpath.Path, before: Any, after: Any) -> None:
        """Have another value under a key, by changing as few lines as the way to the difference allows."""
        if after == before:
            return
        own = self._raw.get("config") or {}
        keys = [next((str(name) for name in own if full_key(self.project, str(name)) == full), full)]
        for part in path[1:]:
            if not (isinstance(part, str) and isinstance(before, dict) and isinstance(after, dict) and after):
                break
            keys.append(part)
            if part not in after:
                self._text = yamltext.without_key(self._text, ("config", *keys))
                self._raw = yamltext.load(self._text, self.file)
                return
            before, after = before.get(part), after[part]
        self._set(("config", *keys), after)

    def save(self) -> None:
        """Write the file, if something was set."""
        if self._text != self._written:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(self._text, encoding="utf-8")
            self._written = self._text

    def _set(self, path: tuple[str, ...], value: Any) -> None:
        self._text = yamltext.with_key(self._text, path, value)
        self._raw = yamltext.load(self._text, self.file)


def full_key(project: Project, key: str, where: str = "") -> str:
    """A key with its namespace; one without is the project's.

    Raises:
        SetupError: it is no key.
    """
    namespace, mark, name = key.partition(":")
    if not mark:
        namespace, name = project.name, key
    if name.startswith("config:"):  # `aws:config:region`, the old form
        name = name.removeprefix("config:")
    if not namespace or not name or ":" in name:
        what = f"could not parse {key} as a configuration key"
        hint = "configuration keys should be of the form `<namespace>:<name>`"
        raise SetupError(f"invalid configuration key: {what}", where=where, hint=hint)
    return f"{namespace}:{name}"


def stored_config(project: Project, stackfile: StackFile) -> dict[str, Any]:
    """What the history keeps: all settings of a stack, the project's defaults below them, secrets encrypted.

    Scalars are texts, as Pulumi has them.
    """
    merged = {**_defaults(project), **stackfile.config}
    return {key: value if isinstance(value, Mapping | list) else _text(value) for key, value in sorted(merged.items())}


def config_for_program(
    project: Project, stackfile: StackFile, passphrase: Passphrase | None
) -> tuple[dict[str, str], list[str]]:
    """Full key → text (objects as JSON, secrets in clear: never log it), and the keys that are secret.

    Raises:
        SetupError: a secret cannot be decrypted.
        DefinitionError: the project declares settings that the stack lacks or has of another type: all of them.
    """
    merged = stored_config(project, stackfile)
    _check_declared(project, stackfile, merged)
    values: dict[str, str] = {}
    secrets: list[str] = []
    for key, raw in merged.items():
        try:
            values[key] = in_clear(raw, passphrase)
        except SetupError as error:
            raise SetupError(error.problems[0].what, where=f"{stackfile.file}: {key}") from error
        if has_secure(raw):
            secrets.append(key)
    return values, secrets


def encrypted(text: str, passphrase: Passphrase) -> dict[str, str]:
    """A text as the file keeps a secret."""
    return {SECURE: passphrase.encrypt(text)}


def in_clear(raw: Any, passphrase: Passphrase | None) -> str:
    """A value of the file as text, secrets in clear: never log it.

    Raises:
        SetupError: a secret cannot be decrypted.
    """
    return _text(_decrypted(raw, passphrase))


def has_secure(raw: Any) -> bool:
    """Is a value of the file secret, or something inside it?"""
    if isinstance(raw, Mapping):
        return _is_secure(raw) or any(has_secure(item) for item in raw.values())
    return isinstance(raw, list) and any(has_secure(item) for item in raw)


def masked(raw: Any) -> str:
    """A value of the file as text, with `[secret]` for what is."""
    return HIDDEN if isinstance(raw, Mapping) and _is_secure(raw) else _text(_masked(raw))


def _masked(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return HIDDEN if _is_secure(raw) else {key: _masked(item) for key, item in raw.items()}
    return [_masked(item) for item in raw] if isinstance(raw, list) else raw


def _is_secure(raw: Mapping[str, Any]) -> bool:
    return list(raw) == [SECURE] and isinstance(raw[SECURE], str)


def _decrypted(raw: Any, passphrase: Passphrase | None) -> Any:
    if isinstance(raw, Mapping):
        if _is_secure(raw):
            if passphrase is None:
                raise SetupError("a secret, but the stack has no `encryptionsalt`")
            return passphrase.decrypt(raw[SECURE])
        return {key: _decrypted(item, passphrase) for key, item in raw.items()}
    return [_decrypted(item, passphrase) for item in raw] if isinstance(raw, list) else raw


def _text(value: Any) -> str:
    """A value as Pulumi hands it to programs: integral floats without a point, objects as sorted JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": (str, int, float, bool),  # scalars become texts
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": Mapping,
}


def _declarations(project: Project) -> dict[str, Mapping[str, Any]]:
    """Full key → its declaration in Pulumi.yaml; a plain value is a declaration with that value."""
    found = {}
    for key, raw in project.config.items():
        declared = isinstance(raw, Mapping) and ({"type", "default", "value", "description", "secret"} & set(raw))
        found[full_key(project, str(key), str(project.file))] = raw if declared else {"value": raw}
    return found


def _defaults(project: Project) -> dict[str, Any]:
    return {
        key: raw["value"] if "value" in raw else raw["default"]
        for key, raw in _declarations(project).items()
        if "value" in raw or "default" in raw
    }


def _check_declared(project: Project, stackfile: StackFile, merged: Mapping[str, Any]) -> None:
    problems = []
    stack = stackfile.file.stem.removeprefix("Pulumi.")
    own = stackfile.config
    for key, raw in _declarations(project).items():
        if key not in merged:
            what = f"Stack '{stack}' is missing configuration value '{key}'"
            problems.append(Problem(str(stackfile.file), what, f"set it with `config set {key} VALUE --stack {stack}`"))
        elif raw.get("secret") and not has_secure(merged[key]):
            what = f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret"
            problems.append(Problem(str(stackfile.file), what))
        elif key in own and not _fits(own[key], raw.get("type")):
            what = f"Stack '{stack}' with configuration key '{key}' must be of type '{raw['type']}'"
            problems.append(Problem(str(stackfile.file), what))
    if problems:
        raise DefinitionError(problems)


def _fits(value: Any, kind: Any) -> bool:
    if kind not in TYPES or has_secure(value):
        return True
    if isinstance(value, str) and kind != "string":  # `config set` stores texts
        try:
            value = json.loads(value)
        except ValueError:
            return False
    if isinstance(value, bool) and kind in ("integer", "number"):
        return False
    return isinstance(value, TYPES[kind])
