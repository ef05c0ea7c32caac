"""The judge: the same programs on the Pulumi CLI and on the embedded engine must ask the plugin the same and keep the same.

Runs where `pulumi` is on PATH. What each scenario checks is checked on the embedded engine alone in the other files.
"""

import json
import shutil
import subprocess

import pytest

from .conftest import make_project

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")

CHAIN = 'a = Thing("a", {0})\nb = Thing("b", {1}=a.shout)\nc = Thing("c", text=b.id)\n'
GROUPED = 'g = Group("g", kind={0!r})\nThing("in", text={1!r}, opts=O(parent=g))\ng.register_outputs({{"x": {1!r}}})\n'
SECRET = 's = pulumi.Output.secret({0!r})\nt = Thing("t", text=s, deep={{"list": [1, None, s]}})\npulumi.export("o", t.shout)\n'

SCENARIOS = {
    "create, same, update, delete": [
        'a = Thing("a", text="1", number=1.0, deep={"x": [1, None, {"y": True}]})\nThing("b", text=a.shout)',
        'a = Thing("a", text="1", number=1.0, deep={"x": [1, None, {"y": True}]})\nThing("b", text=a.shout)',
        'a = Thing("a", text="2", number=2.5, deep={"x": [1]})\nThing("b", text=a.shout)',
        'Thing("b", text="alone")',
        "pass",
    ],
    "replacements, created first": [CHAIN.format('zone="1", text="x"', "zone"), CHAIN.format('zone="2", text="y"', "zone")],
    "replacements, deleted first": [CHAIN.format('slot="1", text="x"', "slot"), CHAIN.format('slot="2", text="y"', "slot")],
    "delete before replace by option": [
        'a = Thing("a", zone="1", text="q", opts=O(delete_before_replace=True))\nThing("b", text=a.shout)',
        'a = Thing("a", zone="2", text="q", opts=O(delete_before_replace=True))\nThing("b", text=a.shout)',
    ],
    "components": [GROUPED.format("k", "1"), GROUPED.format("k", "1"), GROUPED.format("l", "2"), "pass"],
    "secrets": [SECRET.format("one"), SECRET.format("one"), SECRET.format("two")],
    "secret outputs by option": [
        'Thing("a", text="1", opts=O(additional_secret_outputs=["shout"]))',
        'Thing("a", text="2", opts=O(additional_secret_outputs=["shout"]))',
    ],
    "explicit provider": [
        'p = Toy("p", region="n")\nThing("a", text="x", opts=O(provider=p))',
        'p = Toy("p", region="n", extra="e")\nThing("a", text="x", opts=O(provider=p))',
        'p = Toy("p", region="s", extra="e")\nThing("a", text="x", opts=O(provider=p))',
        "pass",
    ],
    "ignored changes": [
        'Thing("a", text="1", tags={"x": "1", "y": "1"}, opts=O(ignore_changes=["tags.x"]))',
        'Thing("a", text="1", tags={"x": "2", "y": "2"}, opts=O(ignore_changes=["tags.x"]))',
        'Thing("a", text="3", tags={"x": "3"}, opts=O(ignore_changes=["*"]))',
    ],
    "replace on changes": [
        'Thing("a", text="1", tags={"x": "1"}, opts=O(replace_on_changes=["tags.x"]))',
        'Thing("a", text="2", tags={"x": "1"}, opts=O(replace_on_changes=["tags.x"]))',
        'Thing("a", text="2", tags={"x": "2"}, opts=O(replace_on_changes=["tags"]))',
        'Thing("a", text="3", tags={"x": "2"}, opts=O(replace_on_changes=["*"]))',
    ],
    "retained": ['Thing("a", zone="1", opts=O(retain_on_delete=True))', 'Thing("a", zone="2", opts=O(retain_on_delete=True))', "pass"],
    "deleted with": [
        'a = Thing("a", slot="1")\nThing("b", text="x", opts=O(deleted_with=a))',
        'a = Thing("a", slot="2")\nThing("b", text="x", opts=O(deleted_with=a))',
        "pass",
    ],
    "replaced with": [
        'a = Thing("a", slot="1")\nThing("b", text="x", opts=O(replace_with=[a]))',
        'a = Thing("a", slot="2")\nThing("b", text="x", opts=O(replace_with=[a]))',
    ],
    "dependencies without data": [
        'g = Group("g")\na = Thing("in", text="1", opts=O(parent=g))\nThing("b", opts=O(depends_on=[g]))',
        'Thing("b")',
    ],
    "read, then left alone": [
        'Thing("a", text="1")',
        'Thing("a", text="1")\nThing.get("r", "toy/a", name="a")',
        'Thing("a", text="1")\nThing.get("r", "toy/a", name="a")',
        'Thing("a", text="1")',
    ],
    "auto-named": ['Thing("a", name=None, text="1")', 'Thing("a", name=None, text="2")'],
    "assets": [
        'Thing("a", file=pulumi.StringAsset("one"), own=pulumi.FileAsset("toy.py"))',
        'Thing("a", file=pulumi.StringAsset("one"), own=pulumi.FileAsset("toy.py"))',
        'Thing("a", file=pulumi.StringAsset("two"))',
    ],
    "options that are only stored": [
        'Thing("a", opts=O(custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h30m")))',
        'Thing("a", opts=O(custom_timeouts=pulumi.CustomTimeouts(create="6m"), protect=True))',
        'Thing("a")',
    ],
    "refresh before update": [
        'a = Thing("a", watch=True, text="1")\nThing("b", text=a.shout)',
        'a = Thing("a", watch=True, text="2")\nThing("b", text=a.shout)',
    ],
}


class Both:
    """The same project twice, one for each tool."""

    def __init__(self, folder):
        self.ours = make_project(folder / "ours")
        self.theirs = make_project(folder / "theirs")
        self.ours.run("stack", "init", "dev")
        self.pulumi("stack", "init", "dev")
        self.pulumi("stack", "select", "dev")

    def pulumi(self, *arguments, code=0):
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.theirs.folder / "project",
            env=self.theirs.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        assert code is None or done.returncode == code, done.stdout
        return done.stdout

    def up(self, program, code=0):
        self.ours.write(program)
        self.theirs.write(program)
        ours = self.ours.up(None, code)
        theirs = self.pulumi("up", "--yes", "--skip-preview", code=code)
        self.compare(ours, theirs)

    def compare(self, ours="", theirs=""):
        texts = f"\n--- ours\n{ours}\n--- theirs\n{theirs}"
        ours_called, theirs_called = calls(self.ours), calls(self.theirs)
        assert ours_called == theirs_called, texts
        differing = differences(state(self.ours), state(self.theirs))
        assert not differing, "\n".join(differing) + texts
        assert self.ours.things() == self.theirs.things(), texts


@pytest.fixture
def both(tmp_path):
    return Both(tmp_path)


def calls(project):
    """Calls without their order, random ids and names left out."""
    texts = (json.dumps(scrubbed(call), sort_keys=True) for call in project.log() if call["method"] != "Configure")
    return sorted(texts)


def state(project):
    latest = project.state()["checkpoint"]["latest"]
    resources = [scrubbed(each) for each in latest.get("resources", [])]
    return {
        "version": project.state()["version"],
        "features": project.state().get("features"),
        "resources": sorted(resources, key=lambda each: (each["urn"], each.get("delete", False))),
        "pending": sorted(project.pending()),
    }


def differences(ours, theirs, place=""):
    """Every place in which two values differ, as text."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = sorted({*ours, *theirs})
        return [each for key in keys for each in differences(ours.get(key), theirs.get(key), f"{place}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for index, (one, other) in pairs for each in differences(one, other, f"{place}[{index}]")]
    return [] if ours == theirs else [f"{place}: {ours!r} != {theirs!r}"]


def scrubbed(value, key=""):
    if isinstance(value, dict):
        dropped = ("created", "modified", "stackTrace", "ciphertext", "aliases")
        outside = value.get("sourcePosition", "").startswith("project:///..")  # a path of the machine; ours has none
        kept = {name: item for name, item in value.items() if not (outside and name == "sourcePosition")}
        return {name: scrubbed(item, name) for name, item in kept.items() if name not in dropped}
    if isinstance(value, list):
        items = [scrubbed(item) for item in value]
        return sorted(items) if items and all(isinstance(item, str) for item in items) else items
    if key == "provider":
        return value.rsplit("::", 1)[0]
    if key == "id" and len(value) == 36:
        return "uuid"
    if isinstance(value, str) and value.startswith(("a-", "toy/a-")):
        return "auto"
    return value


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_tools_do_and_keep_the_same(name, both):
    for program in SCENARIOS[name]:
        both.up(program)
    both.ours.run("destroy", "--yes", "--skip-preview", code=None)
    both.pulumi("destroy", "--yes", "--skip-preview", code=None)
    both.compare()
