"""Runs a story on real engines against a watched cloud, and says what is not as it must be."""

import json
import os
from dataclasses import asdict

from amlkit.propertyvalues import unsecret

from .cloud import Cloud
from .story import Run

SECONDS = 60
KILLED = -9


class World:
    """One stack that nothing was ever done with, in a folder made of a template."""

    def __init__(self, folder, warm, environ):
        self.folder = folder
        self.warm = warm
        self.cloud = Cloud()
        self.environ = environ | {
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PLAN": str(folder / "plan.json"),
            "WARM": warm.address,
        }
        self.state_file = folder / "state/.pulumi/stacks/any/dev.json"

    def run(self, run, version):
        """One command; its exit code and what it printed."""
        plan = {"resources": [asdict(each) for each in version], "stop_at": run.stop_at, "stop": run.stop}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        verb, *flags = run.verb.split()
        flags += [] if verb == "preview" else ["--yes", "--skip-preview"]
        port = self.cloud.listen(run.fault)
        environ = self.environ | {"PULUMI_DEBUG_PROVIDERS": f"toy:{port}"}
        with (self.folder / "out").open("w+") as out:
            engine = self.warm.engine(
                [verb, *flags, "--parallel", str(run.parallel)],
                self.folder / "project",
                environ,
                out,
                kill_at=run.kill_at,
                watched=self.folder / "state",
            )
            self.cloud.serves(engine.pid)
            try:
                code = engine.wait(SECONDS)
            except TimeoutError:
                os.kill(engine.pid, 9)
                raise AssertionError(f"{run} hangs\n{(self.folder / 'out').read_text()}") from None
            self.cloud.settle()
            out.seek(0)
            return code, out.read()

    def latest(self):
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    def resources(self):
        """What the state holds, providers and the stack aside."""
        return [each for each in self.latest().get("resources", []) if each["type"].startswith("toy:")]

    def providers(self):
        """The explicit providers that the state holds."""
        found = [each["urn"] for each in self.latest().get("resources", []) if each["type"] == "pulumi:providers:toy"]
        return sorted(urn.split("::")[3] for urn in found if not urn.endswith("::default"))

    def vanish(self, number):
        """Take a thing away behind the engine's back."""
        there = sorted(self.cloud.things)
        if there:
            self.cloud.vanish(there[number % len(there)])

    def lost(self):
        """Ids of what exists, and the state neither holds nor notes as begun."""
        held = {each.get("id") for each in self.resources()}
        begun = [each["resource"] for each in self.latest().get("pending_operations", [])]
        held |= {f"toy/{unsecret(each['inputs']['name'])}" for each in begun if "name" in each.get("inputs", {})}
        return set(self.cloud.things) - held

    def drop_forgotten(self):
        """Take away what was to go with something that then stayed: the state forgets it first, as with Pulumi."""
        for identifier in self.lost():
            if self.cloud.things.get(identifier, {}).get("within"):
                self.cloud.delete(identifier)


def check_story(world, story):
    """Run it, let the faults stop, and demand the wanted cloud."""
    cloud = world.cloud
    cloud.rough = frozenset(each.name for version in story.versions for each in version if each.rough)
    told = ["\n".join(map(repr, (*story.versions, *story.runs)))]
    for run in story.runs:
        if run.vanish >= 0:
            world.vanish(run.vanish)
        before = (world.state_file.read_text(), dict(cloud.things))
        code, text = world.run(run, story.versions[run.version])
        told.append(f"--- {run}\n--- exit {code}, calls {cloud.calls}\n{text}")
        look_after_a_run(world, run, code, text, before, "\n".join(told))
    last = story.versions[-1]
    final(world, last, told)


def look_after_a_run(world, run, code, text, before, told):
    assert code in (0, 1, 8, KILLED), told
    assert not world.cloud.wrongs, f"{world.cloud.wrongs}\n{told}"
    if run.stop_at < 0:
        assert "Traceback" not in text, told
        assert "is not sound" not in text, told
    if code == KILLED:
        assert run.kill_at or run.fault, told
        return
    if run.verb == "preview":
        assert (world.state_file.read_text(), world.cloud.things) == before, told
        return
    ill = run.fault or run.kill_at or run.stop_at >= 0
    if not (ill or world.cloud.gone):
        assert code == 0, told
    if ill:
        world.drop_forgotten()
    lost = world.lost()
    assert not lost, f"not in the state: {lost}\n{told}"


def final(world, version, told):
    """An update without faults reaches what is wanted; another one changes nothing; a destroy leaves nothing."""

    def run(verb):
        code, text = world.run(Run(verb, -1, parallel=8), version)
        told.append(f"--- finally {verb}: exit {code}, calls {world.cloud.calls}\n{text}")
        story = "\n".join(told)
        assert code == 0, story
        assert not world.cloud.wrongs, f"{world.cloud.wrongs}\n{story}"
        return story

    story = run("up --refresh" if world.cloud.gone else "up")
    assert seen(world.cloud) == wanted(version), story
    there = world.resources()
    assert sorted(each["urn"].split("::")[3] for each in there) == sorted(each.name for each in version), story
    assert {each["id"] for each in there if each["custom"]} == set(world.cloud.things), story
    assert not world.latest().get("pending_operations"), story
    assert {each["urn"].split("::")[3]: manager(each) for each in there} == managers(version), story
    assert world.providers() == sorted({each.provider for each in version} - {""}), story
    story = run("up")
    assert {method for method, _ in world.cloud.calls} <= {"Check", "Diff"}, story
    story = run("destroy")
    assert world.cloud.things == {}, story
    assert "resources" not in world.latest(), story


def seen(cloud):
    """Logical name → properties of everything in the cloud, ids as logical names."""
    found = {}
    for inputs in cloud.things.values():
        name = inputs["logical"]
        assert name not in found, f"{name} is there twice"
        edges = {
            edge: [cloud.things[each]["logical"] if each in cloud.things else each for each in inputs[edge]]
            for edge in ("needs", "bound", "within")
        }
        found[name] = edges | {key: unsecret(inputs.get(key)) for key in ("text", "zone", "slot", "named", "after")}
    return found


def wanted(version):
    """The same for a program."""
    keys = ("text", "zone", "slot", "named", "after", "needs", "bound", "within")
    return {
        each.name: {key: list(value) if isinstance(value := getattr(each, key), tuple) else value for key in keys}
        for each in version
        if not each.group
    }


def manager(resource):
    """The name of the provider that manages a resource of the state, empty for a default one and for components."""
    name = resource.get("provider", "::::::::").split("::")[3]
    return "" if name == "default" else name


def managers(version):
    """Name → the provider's, its own or the one of what it is a child of."""
    found, given = {}, {}
    for each in version:
        given[each.name] = each.provider or given.get(each.parent, "")
        found[each.name] = "" if each.group else given[each.name]
    return found
