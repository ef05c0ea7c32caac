"""Settings of a rehearsal: what a stack's file says, with the local Azure ML for its target. Used by the commands.

The stack's own file is only read. What is written lies beside the state of rehearsals: the same keys, the target
swapped, and the secrets encrypted anew, because their key must not stay where everybody may read it. A secret that
cannot be decrypted here becomes a placeholder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlkit.errors import SetupError
from amlkit.home import SUBSCRIPTION
from amlkit.safety import TARGET_KEY
from amlkit.target import Service

from .hosting import owner
from .stacks import SUBSCRIPTION_KEY, Stack

_GROUP, _GROUP_VERSION = "azure-native:resources:ResourceGroup", "2024-03-01"
SALT, SECURE = "encryptionsalt", "secure"  # keys of a stack's file
if TYPE_CHECKING:
    from amlkit.engine.embedded.secrets import Passphrase

_NO_PASSPHRASE = ""  # of the rehearsal's own secrets, as of every local stack


@dataclass(frozen=True)
class Prepared:
    """What was written: the file, the keys whose secrets are placeholders, and why they are."""

    file: Path
    placeholders: tuple[str, ...] = ()
    why: str = ""

    @property
    def notice(self) -> tuple[str, ...]:
        """Lines for the user; none if all secrets are the stack's own."""
        if not self.placeholders:
            return ()
        noun = "secret is a placeholder" if len(self.placeholders) == 1 else "secrets are placeholders"
        told = f"note: {len(self.placeholders)} {noun}, because {self.why}: {', '.join(self.placeholders)}"
        return told, "  hint: with the stack's PULUMI_CONFIG_PASSPHRASE it is rehearsed with the real ones"


def prepare(stack: Stack, environment: Mapping[str, str] = os.environ) -> Prepared:
    """Write the settings of a rehearsal from those of the stack. `environment` may hold the stack's passphrase.

    Call it before `Stack.enter`, which takes that passphrase out of the process's environment.

    Raises:
        SetupError: the stack's file is damaged.
    """
    import yaml

    from amlkit.engine.embedded.stackfile import has_secure

    own = yaml.safe_load((stack.home.settings_folder / f"Pulumi.{stack.name}.yaml").read_text()) or {}
    config = dict(own.get("config") or {})
    target = stack.home.rehearsed_settings / f"Pulumi.{stack.name}.yaml"
    secret = {key: value for key, value in config.items() if has_secure(value)}
    written: dict[str, Any] = {}
    prepared = Prepared(target)
    if secret:
        manager = _manager(target)
        reader, why = _reader(own, environment)
        written[SALT] = manager.salt
        config |= {key: _again(key, value, reader, manager) for key, value in secret.items()}
        prepared = prepared if reader else Prepared(target, tuple(sorted(secret)), why)
    elif salt := _salt_of(target):
        written[SALT] = salt
    subscription = environment.get("ARM_SUBSCRIPTION_ID") or SUBSCRIPTION
    written["config"] = {SUBSCRIPTION_KEY: subscription, **config, TARGET_KEY: "local"}
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(f".{os.getpid()}")
    fresh.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=True))
    fresh.replace(target)
    return prepared


def _reader(own: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[Passphrase | None, str]:
    """What decrypts the stack's secrets, or nothing and why."""
    from amlkit.engine.embedded.secrets import Passphrase, passphrase_from

    if own.get("secretsprovider", "passphrase") != "passphrase":
        return None, "the stack keeps them with a service that is not asked"
    try:
        found = Passphrase(str(own.get(SALT) or ""), passphrase_from(environment))
    except SetupError:
        return None, "the stack's passphrase is not given"
    try:
        found.check()
    except SetupError:
        return None, "the passphrase that is given is not the stack's"
    return found, ""


def _manager(target: Path) -> Passphrase:
    """The rehearsal's own encryption; its salt stays, because the state is encrypted with it."""
    from amlkit.engine.embedded.secrets import Passphrase

    salt = _salt_of(target)
    return Passphrase(salt, _NO_PASSPHRASE) if salt else Passphrase.create(_NO_PASSPHRASE)


def _salt_of(target: Path) -> str:
    import yaml

    try:
        return str((yaml.safe_load(target.read_text()) or {}).get(SALT) or "")
    except (FileNotFoundError, yaml.YAMLError, AttributeError):
        return ""


def _again(key: str, value: Any, reader: Passphrase | None, manager: Passphrase) -> Any:
    """A value with each secret in it encrypted anew, or replaced."""
    if isinstance(value, Mapping):
        if list(value) == [SECURE]:
            plain = reader.decrypt(value[SECURE]) if reader else f"placeholder-of-{key.rpartition(':')[2]}"
            return {SECURE: manager.encrypt(plain)}
        return {name: _again(name, item, reader, manager) for name, item in value.items()}
    return [_again(key, item, reader, manager) for item in value] if isinstance(value, list) else value


def groups(stack: Stack, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The ids of the resource groups that a rehearsal made; call it after `Stack.enter`.

    Raises:
        SetupError: there is no such rehearsal.
    """
    from amlkit.engine import choice

    made = choice.resources(stack.name, stack.home.root, environment)
    return tuple(str(each["id"]) for each in made if each["type"] == _GROUP and each.get("id"))


def forget(stack: Stack, service: Service, made: Iterable[str]) -> None:
    """Delete what a rehearsal leaves on the local Azure ML: its resource groups, and its list of inert types.

    A stack's protection and retain rules are those of its real resources; a rehearsal that is removed leaves nothing.
    """
    manager = service.target.resource_manager
    for group in made:
        service.arm("DELETE", group, _GROUP_VERSION)
        service.call("POST", f"{manager}/control/purge", manager, {"scope": group})  # names of deleted vaults too
    service.call("PUT", f"{manager}/control/inert", manager, {"owner": owner(stack), "types": []})
