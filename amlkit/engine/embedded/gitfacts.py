"""From which commit an operation ran: what the history's `environment` says of it, in Pulumi's names.

`session` asks when an operation begins and has the answers when it is over. Outside of a repository the variables
`PULUMI_GIT_…` and `PULUMI_VCS_REPO_…` are heard, as by the Pulumi CLI, and where no branch is checked out, or no commit
has a message, the build service. Nothing here can fail an operation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from amlkit import git

from .builds import build

_COMMANDS = (
    ("rev-parse", "--show-toplevel", "HEAD", "--symbolic-full-name", "HEAD"),
    ("log", "-1", "--no-show-signature", "--format=%an%x00%ae%x00%cn%x00%ce%x00%s"),
    ("status", "--porcelain"),
    ("ls-remote", "--get-url", "origin"),
)
_NAMES = ("git.author", "git.author.email", "git.committer", "git.committer.email")
_SAID = {
    "git.head": "PULUMI_GIT_HEAD",
    "git.headName": "PULUMI_GIT_HEAD_NAME",
    "git.author": "PULUMI_GIT_AUTHOR",
    "git.author.email": "PULUMI_GIT_AUTHOR_EMAIL",
    "git.committer": "PULUMI_GIT_COMMITTER",
    "git.committer.email": "PULUMI_GIT_COMMITTER_EMAIL",
    "vcs.owner": "PULUMI_VCS_REPO_OWNER",
    "vcs.repo": "PULUMI_VCS_REPO_NAME",
    "vcs.kind": "PULUMI_VCS_REPO_KIND",
    "vcs.root": "PULUMI_VCS_REPO_ROOT",
}
_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+\.[a-zA-Z]+)[:/](?P<path>[^/]+/[^/]+?)(?:\.git)?/?")
_AZURE = "dev.azure.com"


@dataclass(frozen=True)
class Commit:
    """`environment` as the history has it, and the commit's title: the message of an operation that is given none."""

    environment: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


def ask(folder: Path, variables: Mapping[str, str]) -> Callable[[], Commit]:
    """Start asking git about a project's folder; what is given waits for the answers, and is to be called once."""
    answers = git.start(folder, variables, *_COMMANDS)
    return lambda: _commit(answers(), folder, variables)


def _commit(answers: Sequence[str | None], folder: Path, variables: Mapping[str, str]) -> Commit:
    places, log, status, remote = answers
    built = build(variables)
    branch, message = built.get("branch", ""), built.get("message", "")
    if places is None:
        said = {name: variables[variable] for name, variable in _SAID.items() if variables.get(variable)}
        named = {"git.headName": branch} if branch else {}
        return Commit(named | said, _title(variables.get("PULUMI_GIT_COMMIT_MESSAGE") or message))
    top, head, ref = (*places.splitlines(), "", "", "")[:3]
    found = {"git.head": head}
    if name := branch if ref in ("", "HEAD") else ref:
        found["git.headName"] = name
    *people, title = (log or "").rstrip("\n").split("\0")
    found |= dict(zip(_NAMES, people, strict=False))
    if status is not None:
        found["git.dirty"] = "true" if status else "false"
    return Commit({**found, **_hosted((remote or "").strip(), Path(top), folder)}, title or _title(message))


def _title(message: str) -> str:
    return message.partition("\n")[0]


def _hosted(remote: str, top: Path, folder: Path) -> dict[str, str]:
    """Where the repository is hosted, and where in it the project is; nothing without a remote `origin`."""
    if not remote or remote == "origin":
        return {}
    root = os.path.relpath(folder.resolve(), top.resolve())
    found = {} if root.startswith("..") else {"vcs.root": Path(root).as_posix()}
    if match := _SSH.fullmatch(remote):
        host, path = match["host"], match["path"]
    else:
        parts = urlsplit(git.without_credentials(remote))
        if parts.scheme not in ("http", "https"):
            return found
        host, path = parts.netloc, parts.path.strip("/").removesuffix(".git")
    owner, mark, name = path.partition("/")
    if not mark or not host:
        return found
    if host == _AZURE and "_git" not in name:
        project, _, name = name.partition("/")
        name = f"{project}/_git/{name}"
    return {**found, "vcs.owner": owner, "vcs.repo": name, "vcs.kind": host}
