"""A stack as the `stack`, `config` and `cancel` commands need it: project, settings file, state and passphrases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from amlkit.errors import SetupError

from .filestate import FileState, wants_packed
from .project import Project, backend_url, selected_stack, stack_name
from .secrets import Keyring, Passphrase
from .stackfile import StackFile

SETTINGS_VARIABLE = "AMLKIT_STACK_SETTINGS"  # a folder whose `Pulumi.<stack>.yaml` is read instead of the project's


class NoSuchStackError(SetupError):
    """The stack does not exist: exit code 6, as the Pulumi CLI's."""


@dataclass(frozen=True)
class Opened:
    """One stack of a project; it need not exist unless `opened` was asked for one that does."""

    project: Project
    stack: str
    state: FileState
    keys: Keyring

    def settings(self) -> StackFile:
        """Its settings file, read now."""
        return StackFile.load(self.project, self.stack)

    def passphrase(self, settings: StackFile) -> Passphrase:
        """Its secrets manager; a new salt is put into the settings if they have none (the caller saves them)."""
        if settings.salt:
            return self.keys(settings.salt)
        made = self.keys.create()
        settings.set_salt(made.salt)
        return made

    def text(self) -> str:
        """The checkpoint.

        Raises:
            NoSuchStackError: there is none.
        """
        found = self.state.load()
        if found is None:
            raise no_stack(self.stack)
        return found


def opened(folder: Path, environ: Mapping[str, str], stack: str | None, *, must_exist: bool = True) -> Opened:
    """The stack that a command is about: the named one, or the selected one.

    Raises:
        SetupError: no project, no backend, no stack named or selected, or its state is gone.
        NoSuchStackError: it does not exist, and must.
    """
    project = Project.load(folder)
    if settings := environ.get(SETTINGS_VARIABLE):
        project = replace(project, stack_config_folder=Path(settings))
    name = stack_name(stack) if stack else selected_stack(project, environ)
    state = FileState(backend_url(project, environ), project.name, name, packed=wants_packed(environ))
    if must_exist and not state.exists():
        state.refuse_lost()
        raise no_stack(name, state.left_copy())
    return Opened(project, name, state, Keyring(environ))


def no_stack(name: str, copy: Path | None = None) -> NoSuchStackError:
    """The error of a stack that is not there, in Pulumi's words; `copy` is what is left of it."""
    hint = f"make it with `stack init {name}`"
    if copy:
        hint = f"if its state was lost, this is a copy of it: {copy}; else {hint}"
    return NoSuchStackError(f"no stack named '{name}' found", hint=hint)
