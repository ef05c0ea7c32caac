"""Where code comes from: git facts of a folder, as run properties in Azure ML's own names. Used for runs and releases.

Two calls of git, side by side, and beside what the caller does until it wants the facts. Without git, or outside of a
repository, the facts are empty. The variables `AZUREML_GIT_REPOSITORY_URI`, `_BRANCH`, `_COMMIT`, `_DIRTY`, `_BUILD_ID`
and `_BUILD_URI` are heard before anything else, as by Azure ML's own clients; GitHub Actions and Azure Pipelines say
which build it is.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_SECONDS = 10.0
_OVERRIDE = "AZUREML_GIT_"
_NO_REMOTE = "origin"  # what git answers for the address of a remote that there is not
_TRUE = ("true", "1")


@dataclass(frozen=True)
class Facts:
    """What is known; empty texts and None are not. `repository` holds no credentials.

    `dirty`: something in the folder differs from the commit, or is new. `branch` is empty on a detached commit.
    """

    repository: str = ""
    branch: str = ""
    commit: str = ""
    dirty: bool | None = None
    build_id: str = ""
    build_uri: str = ""

    def properties(self) -> dict[str, str]:
        """Run properties: those that Azure ML's first client wrote, and those that MLflow and its second one write."""
        named = {
            "azureml.git.repository_uri": self.repository,
            "azureml.git.branch": self.branch,
            "azureml.git.commit": self.commit,
            "azureml.git.dirty": "" if self.dirty is None else str(self.dirty),
            "azureml.git.build_id": self.build_id,
            "azureml.git.build_uri": self.build_uri,
            "mlflow.source.git.repoURL": self.repository,
            "mlflow.source.git.branch": self.branch,
            "mlflow.source.git.commit": self.commit,
        }
        return {name: value for name, value in named.items() if value}


def ask(folder: Path, variables: Mapping[str, str] = os.environ) -> Callable[[], Facts]:
    """Start asking git; what is given waits for the answers, and is to be called once."""
    status = ("status", "--porcelain=v2", "--branch", "--", ".")
    answers = start(folder, variables, status, ("ls-remote", "--get-url"))
    return lambda: _facts(answers(), variables)


def start(folder: Path, variables: Mapping[str, str], *commands: Sequence[str]) -> Callable[[], list[str | None]]:
    """Start several commands of git side by side; what is given waits for what they print, None for one that failed."""
    started = [_start(folder, variables, *command) for command in commands]
    return lambda: [_end(process) for process in started]


def facts(folder: Path, variables: Mapping[str, str] = os.environ) -> Facts:
    """The facts of a folder. Never fails: what cannot be found out is empty."""
    return ask(folder, variables)()


def _facts(answers: Sequence[str | None], variables: Mapping[str, str]) -> Facts:
    found = _with_build(_of_repository(*answers), variables)

    def said(name: str, otherwise: str = "") -> str:
        return variables.get(f"{_OVERRIDE}{name}", "").strip() or otherwise

    dirty = said("DIRTY")
    return Facts(
        repository=without_credentials(said("REPOSITORY_URI", found.repository)),
        branch=said("BRANCH", found.branch),
        commit=said("COMMIT", found.commit),
        dirty=dirty.lower() in _TRUE if dirty else found.dirty,
        build_id=said("BUILD_ID", found.build_id),
        build_uri=said("BUILD_URI", found.build_uri),
    )


def without_credentials(address: str) -> str:
    """The address of a repository without user, password, token and query; a user of ssh is no secret."""
    parts = urlsplit(address) if "://" in address else None
    if parts is None:
        return address
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https"):
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        return urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
    path = re.sub(r"^/[^/@]+@(?:[^/]+(?=/))?", "", parts.path)  # a token that was pasted behind the host
    return urlunsplit((parts.scheme, host, path, "", ""))


def _of_repository(said: str | None, address: str | None) -> Facts:
    if said is None:
        return Facts()
    lines = said.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch.") and line.count(" ") > 1)
    commit, branch = heads.get("branch.oid", ""), heads.get("branch.head", "")
    return Facts(
        repository="" if address is None or address.strip() == _NO_REMOTE else address.strip(),
        branch="" if branch == "(detached)" else branch,
        commit="" if commit == "(initial)" else commit,
        dirty=any(not line.startswith("#") for line in lines),
    )


def _start(folder: Path, variables: Mapping[str, str], *command: str) -> subprocess.Popen[bytes] | None:
    quiet = {**variables, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.Popen(
            ["git", *command],
            cwd=folder,
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:  # no git, no such folder
        return None


def _end(process: subprocess.Popen[bytes] | None) -> str | None:
    if process is None:
        return None
    try:
        out, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    return out.decode(errors="replace") if process.returncode == 0 else None


def _with_build(found: Facts, variables: Mapping[str, str]) -> Facts:
    """With the build of GitHub Actions or Azure Pipelines; those check out a commit, and know its branch."""
    of = variables.get
    if of("GITHUB_ACTIONS") and (run := of("GITHUB_RUN_ID", "")):
        server, repository = of("GITHUB_SERVER_URL", "https://github.com"), of("GITHUB_REPOSITORY", "")
        branch = of("GITHUB_HEAD_REF") or of("GITHUB_REF_NAME", "")
        uri = f"{server}/{repository}/actions/runs/{run}" if repository else ""
        return _built(found, run, uri, branch)
    if of("TF_BUILD") and (build := of("BUILD_BUILDID", "")):
        collection, project = of("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", ""), of("SYSTEM_TEAMPROJECT", "")
        branch = of("SYSTEM_PULLREQUEST_SOURCEBRANCH") or of("BUILD_SOURCEBRANCH", "")
        base = f"{collection.rstrip('/')}/{project}".replace(" ", "%20")
        uri = f"{base}/_build/results?buildId={build}" if collection and project else ""
        return _built(found, build, uri, branch.removeprefix("refs/heads/"))
    return found


def _built(found: Facts, build_id: str, build_uri: str, branch: str) -> Facts:
    is_detached = bool(found.commit) and not found.branch
    return replace(found, build_id=build_id, build_uri=build_uri, branch=branch if is_detached else found.branch)
