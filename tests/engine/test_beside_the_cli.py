"""The judge: a program on the Pulumi CLI and on the embedded engine asks the plugin the same and keeps the same.

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
SECRET = (
    "s = pulumi.Output.secret({0!r})\n"
    't = Thing("t", text=s, deep={{"list": [1, None, s]}})\npulumi.export("o", t.shout)\n'
)

SCENARIOS = {
    "create, same, update, delete": [
        'a = Thing("a", text="1", number=1.0, deep={"x": [1, None, {"y": True}]})\nThing("b", text=a.shout)',
        'a = Thing("a", text="1", number=1.0, deep={"x": [1, None, {"y": True}]})\nThing("b", text=a.shout)',
        'a = Thing("a", text="2", number=2.5, deep={"x": [1]})\nThing("b", text=a.shout)',
        'Thing("b", text="alone")',
        "pass",
    ],
    "replacements, created first": [
        CHAIN.format('zone="1", text="x"', "zone"),
        CHAIN.format('zone="2", text="y"', "zone"),
    ],
    "replacements, deleted first": [
        CHAIN.format('slot="1", text="x"', "slot"),
        CHAIN.format('slot="2", text="y"', "slot"),
    ],
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
    "retained": [
        'Thing("a", zone="1", opts=O(retain_on_delete=True))',
        'Thing("a", zone="2", opts=O(retain_on_delete=True))',
        "pass",
    ],
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
    "a stack reference": [
        'pulumi.export("x", 1)\npulumi.export("s", pulumi.Output.secret(2))',
        'r = pulumi.StackReference("organization/try/dev")\npulumi.export("y", r.get_output("s"))\n'
        'pulumi.export("x", 1)',
        "pass",
    ],
    "a resource as a value": ['a = Thing("a")\nThing("b", friend=a)', 'a = Thing("a")\nThing("b", friend=a, text="x")'],
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

    def preview(self, program):
        self.ours.write(program)
        self.theirs.write(program)
        ours = json.loads(self.ours.run("preview", "--json"))
        theirs = json.loads(self.pulumi("preview", "--json").strip())
        assert ours["changeSummary"] == theirs["changeSummary"]

    def compare(self, ours="", theirs=""):
        texts = f"\n--- ours\n{ours}\n--- theirs\n{theirs}"
        ours_called, theirs_called = calls(self.ours), calls(self.theirs)
        assert ours_called == theirs_called, texts
        differing = differences(state(self.ours), state(self.theirs))
        assert not differing, "\n".join(differing) + texts
        assert scrubbed(self.ours.things()) == scrubbed(self.theirs.things()), texts


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
        return {scrubbed(name): scrubbed(item, name) for name, item in kept.items() if name not in dropped}
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
    for index, program in enumerate(SCENARIOS[name]):
        if index == 1:
            both.preview(program)
        both.up(program)
    both.ours.run("destroy", "--yes", "--skip-preview", code=None)
    both.pulumi("destroy", "--yes", "--skip-preview", code=None)
    both.compare()


DEEP = 'last = Thing("r0", slot="{0}", text="s{0}")\n' + "".join(
    f'last = Thing("r{index}", slot=last.shout, text="t{{0}}")\n' for index in range(1, 4)
)
FAILURES = {
    "a create": ([CHAIN.format('text="x"', "text")], ("Create", "b", "before", "error")),
    "a create, half-way": ([CHAIN.format('text="x"', "text")], ("Create", "b", "after", "partial")),
    "an update": (
        [CHAIN.format('text="x"', "text"), CHAIN.format('text="y"', "text")],
        ("Update", "b", "before", "error"),
    ),
    "an update, half-way": (
        [CHAIN.format('text="x"', "text"), CHAIN.format('text="y"', "text")],
        ("Update", "a", "after", "partial"),
    ),
    "a delete": ([CHAIN.format('text="x"', "text"), "pass"], ("Delete", "b", "before", "error")),
    "a replacement's create": ([DEEP.format(1), DEEP.format(2)], ("Create", "r0", "before", "error")),
    "a replacement's create inside": ([DEEP.format(1), DEEP.format(2)], ("Create", "r2", "before", "error")),
    "a replacement's delete": ([DEEP.format(1), DEEP.format(2)], ("Delete", "r1", "before", "error")),
    "the delete of what was replaced": (
        ['Thing("a", name="o", zone="1")', 'Thing("a", name="n", zone="2")'],
        ("Delete", "a", "before", "error"),
    ),
    "the program": (
        ['Thing("a")\npulumi.export("x", 1)', 'Thing("b")\npulumi.export("y", 2)\nraise ValueError("no")'],
        None,
    ),
    "protection": (['a = Thing("a")\nThing("b", text=a.id, opts=O(protect=True))\nThing("c")', "pass"], None),
}


@pytest.mark.parametrize("name", FAILURES)
def test_both_tools_leave_the_same_after_a_failure_and_go_on_alike(name, both):
    programs, fault = FAILURES[name]
    for program in programs[:-1]:
        both.up(program)
    if fault:
        for each in (both.ours, both.theirs):
            each.fault(*fault)
    both.up(programs[-1], code=1)
    if fault:
        both.up(programs[-1])
        both.up(programs[-1])


@pytest.mark.parametrize("finisher", ["ours", "theirs"])
@pytest.mark.parametrize("name", [name for name, (_, fault) in FAILURES.items() if fault])
def test_either_tool_finishes_what_the_other_one_began(name, finisher, both):
    programs, fault = FAILURES[name]
    project = both.theirs
    for program in programs[:-1]:
        project.up(program)
    project.fault(*fault)
    project.write(programs[-1])
    if finisher == "ours":
        both.pulumi("up", "--yes", "--skip-preview", code=1)
        project.up()
        both.pulumi("preview", "--expect-no-changes")
    else:
        project.up(None, 1)
        both.pulumi("up", "--yes", "--skip-preview")
        project.run("preview", "--expect-no-changes")


def test_both_tools_call_hooks_alike(both):
    hooks = """
def note(kind):
    def hook(args):
        with open(os.environ["FAKECLOUD"] + "/hooks", "a") as file:
            shown = [dict(each or {}).get("text") for each in (args.new_inputs, args.old_inputs)]
            print(kind, args.name, args.id, *shown, bool(args.new_outputs), bool(args.old_outputs), file=file)
    return pulumi.ResourceHook(kind, hook)
kinds = ("before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete")
hooks = pulumi.ResourceHookBinding(**{kind: [note(kind)] for kind in kinds})
"""
    thing = 'Thing("a", zone={!r}, text={!r}, opts=O(hooks=hooks))\n'
    group = 'g = Group("g", O(hooks=hooks), kind={!r})\ng.register_outputs({{"x": 1}})\n'
    for program in (thing.format("1", "x") + group.format("k"), thing.format("1", "y"), thing.format("2", "y"), ""):
        both.up(hooks + program)

    ours, theirs = ((each.cloud / "hooks").read_text().splitlines() for each in (both.ours, both.theirs))
    assert sorted(ours) == sorted(theirs)


def test_both_tools_refresh_alike(both):
    both.up('a = Thing("a", text="1")\nb = Thing("b", text=a.shout)\nThing("c", text=b.shout, watch=True)')
    for each in (both.ours, both.theirs):
        each.set_thing("toy/a")
        each.set_thing("toy/b", text="drifted")
    both.ours.run("refresh", "--yes", "--skip-preview")
    both.pulumi("refresh", "--yes", "--skip-preview")

    both.compare()


def test_the_cli_reads_the_state_of_a_killed_engine(both):
    project = both.theirs
    project.write('Thing("a")')
    project.fault("Create", "a", mode="hang")
    process = project.start("up", "--yes", "--skip-preview")
    project.wait_for_hang(process)
    process.kill()
    process.wait()

    both.pulumi("cancel", "--yes", "dev")
    out = both.pulumi("up", "--yes", "--skip-preview")

    assert "1 pending operations" in out
    project.up()
    assert project.pending() == []
