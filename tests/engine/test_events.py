"""Pulumi's engine events and display flags on the embedded engine; beside the CLI where `pulumi` is on PATH."""

import json
import re
import shutil
import subprocess
from collections import Counter

import pytest

from amlkit.engine import cli

from .conftest import make_project

HIDDEN = "hush-hush"
FIRST = f"""
g = Group("g", kind="k")
a = Thing("a", text="1", zone="1", opts=O(parent=g))
b = Thing("b", text=a.shout, deep={{"x": [1, None, {{"y": True}}]}}, sec=pulumi.Output.secret("{HIDDEN}"))
c = Thing("c", text="c", opts=O(retain_on_delete=True))
g.register_outputs({{"x": "1"}})
pulumi.warn("careful", resource=b)
pulumi.export("o", b.shout)
pulumi.export("s", pulumi.Output.secret("{HIDDEN}"))
"""
SECOND = f"""
PLAIN = "PLAIN" in globals()
g = Group("g", kind="k2")
a = Thing("a", text="1", zone="2", opts=O(parent=g))
more = {{}} if PLAIN else {{"sec": pulumi.Output.secret("{HIDDEN}2")}}
b = Thing("b", text=a.shout, deep={{"x": [1, None, {{"y": False}}]}}, **more)
r = Thing.get("r", "toy/b", name="b")
f = Thing("f", text="f")
g.register_outputs({{"x": "2"}})
pulumi.export("o", b.shout)
"""
CONFIG = ("--config", "try:z=q")


def events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def log(project):
    return events((project.folder / "project/log.json").read_text())


def told(lines, *names):
    """`("resourcePreEvent", "create", "a")` for each line about a step."""
    found = []
    for line in lines:
        name = next(key for key in line if key not in ("sequence", "timestamp"))
        if name in (names or ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent")):
            metadata = line[name]["metadata"]
            found.append((name, metadata["op"], metadata["urn"].split("::")[3]))
    return found


@pytest.fixture
def here(project, capfd):
    """Run a command in this process; returns what it printed on standard output."""

    def run(*arguments, code=0, program=None):
        if program is not None:
            project.write(program)
        capfd.readouterr()
        ended = cli.main(arguments, cwd=project.folder / "project", environ=project.environ)
        out, err = capfd.readouterr()
        assert ended == code, out + err
        return out

    return run


def test_the_event_log_tells_every_step_and_no_secret(project, here):
    shown = here("up", "--yes", "--event-log", "log.json", *CONFIG, program=FIRST)
    lines = log(project)

    assert [line["sequence"] for line in lines] == list(range(len(lines)))
    assert lines[0]["preludeEvent"] == {"config": {"try:z": "q"}}
    assert list(lines[-1])[2:] == ["cancelEvent"]
    summary = lines[-2]["summaryEvent"]
    assert (summary["resourceChanges"], summary["isPreview"], summary["result"]) == ({"create": 5}, False, "succeeded")
    steps = Counter(told(lines))
    for name in ("try-dev", "g", "a", "b", "c", "default"):
        assert steps["resourcePreEvent", "create", name] == steps["resOutputsEvent", "create", name] == 1
    b = next(line for line in lines if told([line], "resOutputsEvent")[0:1] == [("resOutputsEvent", "create", "b")])
    new = b["resOutputsEvent"]["metadata"]["new"]
    assert new["id"] == "toy/b"
    assert new["outputs"]["shout"] == "1"
    assert new["inputs"]["sec"]["ciphertext"] == "[secret]"
    assert HIDDEN not in json.dumps(lines) + shown


def test_an_update_as_json_and_a_failure(project, here):
    here("up", "--yes", "--skip-preview", program=FIRST)
    project.fault("Create", "f")

    out = here("up", "--yes", "--skip-preview", "--json", "--show-secrets", code=1, program=SECOND)
    lines = events(out)

    assert len(lines) == len(out.splitlines())
    assert HIDDEN not in re.sub(r'"sec":"[^"]*"', "", out)  # what is read plain is plain
    steps = told(lines)
    assert ("resOpFailedEvent", "create", "f") in steps
    assert not [step for step in steps if step[2] == "default"]
    error = next(line["diagnosticEvent"] for line in lines if "diagnosticEvent" in line)
    assert (error["prefix"], error["message"], error["severity"]) == ("error: ", "fault at Create of f\n", "error")
    assert lines[-2]["summaryEvent"]["result"] == "failed"


def test_display_flags_show_what_they_say(project, here):
    here("up", "--yes=true", "--skip-preview", program=FIRST)
    program = SECOND.replace("k2", "k").replace('zone="2"', 'zone="1"')

    plain = here("preview", program=program)
    assert "Thing r read" not in plain
    assert "Thing a" not in plain
    assert "Outputs:" in plain

    full = here(
        *("preview", "--show-sames", "--show-reads", "--show-config", "--urns", "-Q", "--suppress-outputs"), *CONFIG
    )
    assert full.startswith("Previewing update (organization/try/dev):\n\nConfiguration:\n    try:z: q\n")
    assert " >  toy:index:Thing urn:pulumi:dev::try::toy:index:Thing::r read\n" in full
    assert "    toy:index:Thing urn:pulumi:dev::try::toy:index:Group$toy:index:Thing::a\n" in full
    assert "Outputs:" not in full

    clear = here("preview", "--diff", "--show-secrets", "--color", "always")
    assert f'~ sec : "{HIDDEN}" => "{HIDDEN}2"' in re.sub(r"\x1b\[\d+m", "", clear)
    assert "\x1b[33m" in clear
    assert HIDDEN not in here("preview", "--diff")


def test_a_preview_as_events_says_that_it_plans(project, here):
    project.environ["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "true"
    lines = events(here("preview", "--json", program='Thing("a")'))

    assert all(line["resourcePreEvent"]["planning"] for line in lines if "resourcePreEvent" in line)
    assert lines[-2]["summaryEvent"]["isPreview"] is True


needs_cli = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def normal(value):
    """Without what differs from run to run, and an empty difference as none."""
    if isinstance(value, dict):
        dropped = ("sequence", "timestamp", "durationSeconds", "duration", "created", "modified", "stackTrace")
        kept = {key: normal(item) for key, item in value.items() if key not in (*dropped, "sourcePosition")}
        return {**kept, "detailedDiff": kept["detailedDiff"] or None} if "detailedDiff" in kept else kept
    if isinstance(value, list):
        return [normal(item) for item in value]
    return _UUID.sub("ID", value).rstrip("\n") if isinstance(value, str) else value


def compared(lines):
    """The lines as a multiset, but for those that only debugging needs."""
    kept = [line for line in lines if line.get("diagnosticEvent", {}).get("severity") != "debug"]
    return Counter(json.dumps(normal(line), sort_keys=True) for line in kept)


@pytest.fixture
def theirs(tmp_path, project):
    made = make_project(tmp_path / "theirs")
    made.environ["PULUMI_DEBUG_COMMANDS"] = "true"
    subprocess.run(["pulumi", "stack", "init", "dev"], cwd=made.folder / "project", env=made.environ, check=True)
    made.command = lambda *arguments: ["pulumi", *arguments]
    return made


@needs_cli
def test_both_engines_write_the_same_event_log(project, theirs):
    for program, arguments in (
        (FIRST, ("up", "--yes", "--skip-preview")),
        (SECOND, ("preview",)),
        (SECOND, ("up", "--yes", "--skip-preview")),
        ("PLAIN = True\n" + SECOND, ("up", "--yes", "--skip-preview")),
        (None, ("refresh", "--yes", "--skip-preview", "--json")),  # the CLI's would write a secret in clear
        (None, ("destroy", "--yes", "--skip-preview")),
    ):
        streams = []
        for each in (project, theirs):
            where = () if "--json" in arguments else ("--event-log", str(each.folder / "project/log.json"))
            out = each.run(*arguments, *where, program=program)
            streams.append(compared(log(each) if where else events(out)))
        ours, cli_lines = streams
        assert ours - cli_lines == Counter(), arguments
        assert cli_lines - ours == Counter(), arguments


@needs_cli
def test_both_engines_print_the_same_preview_document(project, theirs):
    documents = []
    for each in (project, theirs):
        each.up(FIRST)
        found = [json.loads(each.run("preview", "--json", *flags, program=SECOND)) for flags in ((), ("--show-sames",))]
        for document in found:
            document["steps"].sort(key=lambda step: (step["urn"], step["op"]))
        documents.append(normal(found))

    for ours, cli_document in zip(*documents, strict=True):
        assert ours == cli_document
