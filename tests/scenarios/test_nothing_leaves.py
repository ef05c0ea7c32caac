"""No word to anybody outside unless a stack wholly says which Azure it means: every verb, with sockets watched."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from amlkit.home import SUBSCRIPTION, Address, Home

from .project import Finished, Project
from .watch import attempts, environment

OTHER = "11111111-2222-3333-4444-555555555555"
AZURE = f"config:\n  amlkit:target: azure\n  azure-native:subscriptionId: {OTHER}\n"
HALVES = {
    "no file": (None, "there is no stack `dev`"),
    "an empty file": ("", "does not say where the stack lives"),
    "no target": (f"config:\n  azure-native:subscriptionId: {OTHER}\n", "does not say where the stack lives"),
    "a misspelt target": (AZURE.replace(": azure", ": Azure"), "no such target: Azure"),
    "no subscription": ("config:\n  amlkit:target: azure\n", "does not say in which subscription"),
    "the local subscription": (AZURE.replace(OTHER, SUBSCRIPTION), "with the subscription of the local Azure ML"),
}
VERBS = (
    ("preview",),
    ("up", "--yes", "--skip-preview"),
    ("refresh", "--yes", "--skip-preview"),
    ("destroy", "--yes", "--skip-preview"),
    ("cancel", "--yes"),
    ("stack",),
    ("stack", "output"),
    ("stack", "export"),
    ("invoke", "training"),
    ("runs",),
    ("runs", "show", "last"),
    ("runs", "logs", "last"),
    ("explain", "last"),
    ("run", "training"),
    ("data", "ls", "corpora"),
)


@dataclass(frozen=True)
class Watched:
    """A project in which every attempt to reach another machine, and every call of `pulumi` and `az`, is noted."""

    project: Project

    def attempts(self) -> str:
        return attempts(self.project.environment)

    def settle(self, text: str | None) -> None:
        path = self.project.root / "Pulumi.dev.yaml"
        path.unlink(missing_ok=True) if text is None else path.write_text(text)

    def run(self, *words: str, **environment: str) -> Finished:
        return self.project.amlkit(*words, "--stack", "dev", **environment)


@pytest.fixture
def watched(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (root / "pipelines.py").write_text("PIPELINES = ()\n")
    return Watched(Project(root, environment(tmp_path)))


def test_the_watch_works(watched):
    code = "import urllib.request; urllib.request.urlopen('https://management.azure.com')"
    assert watched.project.run(sys.executable, "-c", code).code == 1
    assert watched.attempts() == "management.azure.com\n"


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_half_a_stack_is_refused_by_every_verb_before_anything_is_sent(watched, verb):
    text, what = HALVES["no target"]
    watched.settle(text)
    refused(watched, watched.run(*verb), what)


@pytest.mark.parametrize("half", HALVES)
def test_every_half_of_a_stack_is_refused(watched, half):
    text, what = HALVES[half]
    watched.settle(text)
    for verb in (VERBS[1], VERBS[8]):
        refused(watched, watched.run(*verb), what)


@pytest.mark.parametrize("verb", [VERBS[1], VERBS[6], VERBS[8]], ids=" ".join)
def test_a_stack_on_azure_in_a_shell_of_the_local_azure_ml_is_refused(watched, verb):
    watched.settle(AZURE)
    home = Home(watched.project.root)
    ours = home.environment(Address(1, 2, "header"))
    refused(watched, watched.run(*verb, **ours), "the stack is on Azure, and the environment points at the local")
    state = {"PULUMI_BACKEND_URL": ours["PULUMI_BACKEND_URL"]}
    refused(watched, watched.run(*verb, **state), "the state that is named is the local Azure ML's")


@pytest.mark.parametrize("verb", [*VERBS[:4], *VERBS[8:13]], ids=" ".join)
def test_a_rehearsal_without_a_local_azure_ml_asks_for_one(watched, verb):
    watched.settle(AZURE)
    refused(watched, watched.run(*verb, "--local"), "the local Azure ML was never started here")


def refused(watched: Watched, ended: Finished, what: str) -> None:
    assert ended.code == 1, ended.text
    assert what in ended.stderr
    assert "hint: " in ended.stderr
    assert "Traceback" not in ended.text
    assert watched.attempts() == ""
