"""What a person, a log and a program are shown: the Pulumi CLI's words, and never a secret."""

import io
import json
import re
import threading

import pytest

from amlkit.engine.display import open_display
from amlkit.engine.display.look import Look
from amlkit.engine.embedded.resource import Resource
from amlkit.engine.events import Changes, MessageEvent, Op, OutputsEvent, Result, StepEvent
from amlkit.propertyvalues import UNKNOWN, secret

from .states import GROUP, INSIDE, PROVIDER, REFERENCE, ROOT, THING

C = THING.replace("::b", "::c")
GONE = THING.replace("::b", "::gone")
FAILED = THING.replace("::b", "::f")
THING_TYPE = "toy:index:Thing"
OLD = {"key": "k1", "names": ["one"], "nested": {"deep": {"t": "line1\nline1", "v": "1"}}, "pw": secret("s3cret")}
NEW = {"key": "k2", "names": ["one", "2"], "nested": {"deep": {"t": "line1\nline2", "v": "2"}}, "pw": secret("s3cret2")}
CHANGES = {"key": "update-replace", "names[1]": "add", "nested.deep.v": "update", "pw": "update"}
COUNTS = {Op.CREATE: 1, Op.UPDATE: 1, Op.DELETE: 1, Op.REPLACE: 1, Op.SAME: 3}


def both(urn, op, kind=THING_TYPE, parent=ROOT, error="", old=None, new=None, retain=False, **more):
    """A step's beginning and end; `old` and `new` are inputs."""
    known = {"parent": parent, "id": more.pop("id", ""), "provider": more.pop("provider", "")}
    known["custom"] = kind == THING_TYPE
    before = Resource(urn, kind, inputs=old or {}, retain_on_delete=retain, **known)
    after = Resource(urn, kind, inputs=new or {}, **known)
    sides = {
        "before": None if op is Op.CREATE else before,
        "after": None if op in (Op.DELETE, Op.DELETE_REPLACED) else after,
    }
    if "changes" in more:
        more["changes"] = Changes(more["changes"], detailed=True)
    yield StepEvent(urn, kind, op, "started", **sides, **more)
    yield StepEvent(urn, kind, op, "failed" if error else "done", seconds=0.3, error=error, **sides, **more)


def story(failing=False):
    yield StepEvent(ROOT, "pulumi:pulumi:Stack", Op.SAME, "started")
    yield MessageEvent("warning", "warned")
    yield MessageEvent("info", "printed line\n")
    yield MessageEvent("debug", "not for people")
    yield MessageEvent("info", "passing", THING, ephemeral=True)
    yield from both(PROVIDER, Op.CREATE, "pulumi:providers:toy", "")
    yield from both(GROUP, Op.SAME, "toy:index:Group")
    yield from both(INSIDE, Op.CREATE, parent=GROUP, new={"pw": secret("s3cret"), "x": 1})
    change = {"changes": CHANGES, "old": OLD, "new": NEW, "id": "id-b", "provider": REFERENCE}
    yield from both(THING, Op.CREATE_REPLACEMENT, **change)
    yield from both(THING, Op.REPLACE, **change)
    yield MessageEvent("info", "told", THING)
    yield from both(
        C, Op.UPDATE, changes={"v": "update", "x": "delete", '["a.b"]': "add"}, old={"x": 1}, new={"v": UNKNOWN}
    )
    yield from both(GONE, Op.DELETE, old={"x": 1}, retain=True)
    if failing:
        yield from both(FAILED, Op.CREATE, error="toy says no\nsecond line")
    yield from both(THING, Op.DELETE_REPLACED, **change)
    yield OutputsEvent(
        {"b": "id-b", "pw": secret("s3cret"), "v": "1", "gone": True},
        {"b": "id-b", "pw": secret("s3cret"), "v": "2", "o": {"x": [1, {"y": None}], "z": secret("s3cret")}},
    )


def shown(kind, failing=False, stream=None, **options):
    out = stream or io.StringIO()
    look = Look(**{key: options.pop(key) for key in list(options) if key in Look.__dataclass_fields__})
    display = open_display(kind, "dev", stream=out, look=look, **options)
    for event in story(failing):
        display.emit(event)
    display.close(Result("update", not failing, COUNTS, seconds=2.3))
    return out.getvalue()


PREVIEW = """\
Previewing update (dev):

    pulumi:pulumi:Stack try-dev warning: warned
    pulumi:pulumi:Stack try-dev printed line
 +  toy:index:Thing inside create
 ++ toy:index:Thing b create replacement [diff: ~key,names,nested,pw]
 +- toy:index:Thing b replace [diff: ~key,names,nested,pw]
    toy:index:Thing b told
 ~  toy:index:Thing c update [diff: +a.b-x~v]
 -  toy:index:Thing gone delete [retain]
 -- toy:index:Thing b delete original [diff: ~key,names,nested,pw]
    pulumi:pulumi:Stack try-dev 1 warning; 1 message
Diagnostics:
  pulumi:pulumi:Stack (try-dev):
    warning: warned

    printed line

  toy:index:Thing (b):
    told

Outputs:
  - gone: true
  + o   : {
      + x: [
          + [0]: 1
          + [1]: {
              + y: <null>
            }
        ]
      + z: [secret]
    }
  ~ v   : "1" => "2"

Resources:
    + 1 to create
    ~ 1 to update
    - 1 to delete
    +-1 to replace
    4 changes. 3 unchanged

"""


def test_a_preview_in_plain_lines():
    assert shown("preview") == PREVIEW


def test_an_update_says_what_runs_what_is_done_and_how_long_it_took():
    text = shown("up")
    assert " +  toy:index:Thing inside creating (0s)\n +  toy:index:Thing inside created (0.30s)\n" in text
    assert " +- toy:index:Thing b replaced (0.30s) [diff: ~key,names,nested,pw]\n" in text
    assert 'Outputs:\n    b   : "id-b"\n' in text
    assert "    + 1 created\n    ~ 1 updated\n    - 1 deleted\n    +-1 replaced\n    4 changes. 3 unchanged\n" in text
    assert text.endswith("\nDuration: 2s\n\n")


def test_a_failure_is_shown_where_it_happened_and_under_diagnostics():
    text = shown("up", failing=True)
    assert " +  toy:index:Thing f **creating failed** error: toy says no\n" in text
    assert "  toy:index:Thing (f):\n    error: toy says no\n    second line\n" in text
    assert "    pulumi:pulumi:Stack try-dev **failed** 1 warning; 1 message\n" in text
    assert "    1 errored\n" in text


def test_an_error_told_twice_is_listed_once():
    out = io.StringIO()
    display = open_display("up", "dev", stream=out)
    for event in both(FAILED, Op.CREATE, error="toy says no"):
        display.emit(event)
    display.emit(MessageEvent("error", "toy says no", FAILED))
    display.close(Result("update", False))
    assert out.getvalue().partition("Diagnostics:")[2].count("toy says no") == 1


def test_nothing_changed_is_one_line():
    out = io.StringIO()
    display = open_display("up", "dev", stream=out)
    for event in both(THING, Op.SAME):
        display.emit(event)
    display.close(Result("update", True, {Op.SAME: 6}, seconds=0.2))
    assert out.getvalue() == "Updating (dev):\n\nResources:\n    6 unchanged\n\nDuration: 1s\n\n"


def test_a_refresh_shows_only_what_differs():
    out = io.StringIO()
    display = open_display("refresh", "dev", stream=out)
    found = [*both(C, Op.REFRESH, changes={"size": "update"}), *both(GONE, Op.REFRESH, gone=True)]
    for event in [*both(THING, Op.REFRESH), *found]:
        display.emit(event)
    display.close(Result("refresh", True, {Op.SAME: 1, Op.UPDATE: 1}))
    text = out.getvalue()
    assert text.startswith("Refreshing (dev):\n")
    assert "Thing b " not in text
    assert " ~  toy:index:Thing c updated (0.30s) [diff: ~size]\n" in text
    assert " -  toy:index:Thing gone deleted (0.30s)\n" in text


def test_a_destroy_says_how_to_remove_the_stack_itself():
    assert "run `amlkit stack rm dev`" in shown("destroy", program="amlkit")
    assert "run `python -m amlkit.engine stack rm dev`" in shown("destroy")
    assert "stack rm dev" not in shown("destroy", preview=True)
    assert shown("destroy", preview=True).startswith("Previewing destroy (dev):\n")


def test_a_new_stacks_outputs_are_not_marked():
    out = io.StringIO()
    display = open_display("preview", "dev", stream=out)
    display.emit(StepEvent(ROOT, "pulumi:pulumi:Stack", Op.CREATE, "done"))
    display.emit(OutputsEvent({}, {"v": UNKNOWN}))
    display.close(Result("preview", True, {Op.CREATE: 1}))
    assert "Outputs:\n    v: [unknown]\n" in out.getvalue()


DETAILS = """\
    +-toy:index:Thing: (replace)
        [id=id-b]
        [urn=urn:pulumi:dev::try::toy:index:Thing::b]
        [provider=urn:pulumi:dev::try::pulumi:providers:toy::default_1_0_0::66be2b28-5edc-4954-9a88-7f1299b962f5]
      ~ key   : "k1" => "k2"
      ~ names : [
            [0]: "one"
          + [1]: "2"
        ]
      ~ nested: {
          ~ deep: {
              ~ t:
                    line1
                  - line1
                  + line2
              ~ v: "1" => "2"
            }
        }
      ~ pw    : [secret] => [secret]
"""


def test_diff_shows_every_property_that_differs_once():
    text = shown("preview", diff=True)
    assert text.count("(replace)") == 1
    assert DETAILS in text
    assert "        + toy:index:Thing: (create)\n" in text  # below its component
    assert "            pw: [secret]\n            x : 1\n" in text


def test_a_preview_as_json_is_one_document_without_secrets():
    document = json.loads(shown("preview", json=True, config={"try:a": "1"}))
    assert list(document) == ["config", "steps", "diagnostics", "duration", "changeSummary"]
    assert document["config"] == {"try:a": "1"}
    assert document["changeSummary"] == {"create": 1, "delete": 1, "replace": 1, "same": 3, "update": 1}
    steps = {step["urn"].rpartition("::")[2]: step for step in document["steps"]}
    assert [step["op"] for step in document["steps"]] == ["same", "create", "replace", "update", "delete"]
    assert steps["inside"]["newState"]["inputs"] == {"pw": "[secret]", "x": 1}
    assert "oldState" not in steps["inside"]
    assert steps["b"]["detailedDiff"]["key"] == {"kind": "update-replace", "inputDiff": True}
    assert steps["b"]["provider"] == REFERENCE
    assert "newState" not in steps["gone"]
    assert {"message": "warning: warned\n", "severity": "warning"} in document["diagnostics"]


def test_an_update_as_json_is_a_line_an_event():
    lines = [json.loads(line) for line in shown("up", failing=True, json=True).splitlines()]
    assert [line["sequence"] for line in lines] == list(range(len(lines)))
    assert list(lines[0])[2] == "preludeEvent"
    assert list(lines[-1])[2] == "cancelEvent"
    assert lines[-2]["summaryEvent"]["resourceChanges"]["replace"] == 1
    assert lines[-2]["summaryEvent"]["result"] == "failed"
    failed = next(line["resOpFailedEvent"]["metadata"] for line in lines if "resOpFailedEvent" in line)
    assert (failed["urn"], failed["op"]) == (FAILED, "create")
    assert "not for people" in [
        line["diagnosticEvent"]["message"].strip() for line in lines if "diagnosticEvent" in line
    ]


@pytest.mark.parametrize("options", [{}, {"diff": True}, {"json": True}])
@pytest.mark.parametrize("kind", ["preview", "up"])
def test_no_form_shows_a_secret(kind, options):
    assert "s3cret" not in shown(kind, failing=True, **options)


@pytest.mark.parametrize("diff", [False, True])
def test_the_head_of_a_plan_says_how_many_resources_are_inert(diff):
    text = shown("preview", diff=diff, inert=frozenset({THING_TYPE}))
    head, rest = text.split("\n", 1)
    assert head == "Previewing update (dev), 3 resources inert:"
    plain = shown("preview", diff=diff).split("\n", 1)[1]
    marked = rest.replace(" [inert]", "").replace("    3 inert: kept as documents, with nothing behind them\n", "")
    assert marked == plain
    assert shown("up", diff=diff, inert=frozenset({THING_TYPE})).startswith("Updating (dev):\n")


def test_a_plan_with_inert_types_that_was_given_up_still_shows_what_it_saw():
    out = io.StringIO()
    display = open_display("preview", "dev", stream=out, look=Look(inert=frozenset({THING_TYPE})))
    for event in both(INSIDE, Op.CREATE):
        display.emit(event)
    assert out.getvalue() == ""
    display.abandon()
    assert out.getvalue().startswith("Previewing update (dev), 1 resource inert:\n")
    assert "inside" in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def wide(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "50")
    monkeypatch.setenv("TERM", "xterm-256color")


TREE = """\
     pulumi:pulumi:Stack    try-dev       **failed**  1 warning; 1 message
     ├─ toy:index:Group     g
 +   │  └─ toy:index:Thing  inside        created (0.30s)
 +-  ├─ toy:index:Thing     b             replaced (0.30s)  [diff: ~key,names,nested,pw]; 1 message
 ~   ├─ toy:index:Thing     c             updated (0.30s)  [diff: +a.b-x~v]
 -   ├─ toy:index:Thing     gone          deleted (0.30s) [retain]
 +   └─ toy:index:Thing     f             **creating failed**  1 error
"""


def test_a_terminal_ends_with_the_tree_of_what_changed(wide, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown("up", failing=True, stream=Terminal()))
    text = "\n".join(line.rstrip() for line in plain.splitlines())
    assert TREE in text
    assert "s3cret" not in text
    assert "Diagnostics:" in text


def on_terminal(events, result, monkeypatch, *, kind="up", columns=120):
    """What stays on a terminal of that width, line by line."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    display = open_display(kind, "dev", stream=terminal)
    for event in events:
        display.emit(event)
    display.close(result)
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue()).replace("\r", "\n")
    return [line.rstrip() for line in drawn.splitlines()]


def test_a_terminal_counts_what_is_inert_above_the_tree(wide, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown("preview", stream=Terminal(), inert=frozenset({THING_TYPE}))
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "\n")
    assert plain.rindex("Previewing update (dev), 3 resources inert") < plain.rindex("pulumi:pulumi:Stack")


DATASTORE = "azure-native:machinelearningservices:Datastore"
DEEP = "urn:pulumi:dev::try::toy:index:Group$azure-native:machinelearningservices:Datastore::training-{}-environment"


def family():
    yield StepEvent(ROOT, "pulumi:pulumi:Stack", Op.CREATE, "done", seconds=1)
    yield from both(GROUP, Op.CREATE, "toy:index:Group")
    yield from both(DEEP.format("extract"), Op.CREATE, DATASTORE, GROUP)
    yield from both(DEEP.format("compare"), Op.UPDATE, DATASTORE, GROUP, changes={"sku": "update"})


@pytest.mark.parametrize(
    ("columns", "kind", "name"),
    [
        (120, "azure-native:machinelearningservices:Datastore", "training-extract-environment"),
        (106, "machinelearningservices:Datastore", "training-extract-environment"),
        (80, "Datastore", "training-extract-environment"),
        (61, "Datastore", "training-ex…nvironment"),
        (45, "Da…", "traini…nment"),
    ],
)
def test_a_narrow_terminal_shortens_types_then_names_and_keeps_every_state(wide, monkeypatch, columns, kind, name):
    lines = on_terminal(family(), Result("update", True, {Op.CREATE: 3}), monkeypatch, columns=columns)
    rows = [line for line in lines if line.endswith("created (0.30s)")]
    assert any("updated (0.30s)" in line for line in lines)
    assert len(rows) >= 2
    assert re.fullmatch(rf" \+      .─ {kind} +{name}  created \(0.30s\)", rows[-1])
    assert all(len(line) <= columns for line in lines if "─" in line)


def test_types_are_shortened_before_a_difference_is_cut(wide, monkeypatch):
    changes = dict.fromkeys(("description", "properties", "tags"), "update")
    events = [*family(), *both(DEEP.format("train"), Op.UPDATE, DATASTORE, GROUP, changes=changes)]
    lines = on_terminal(events, Result("update", True), monkeypatch, columns=105)
    assert any(line.endswith("  updated (0.30s)  [diff: ~description,properties,tags]") for line in lines)


def test_a_terminal_says_when_there_was_nothing_to_do(wide, monkeypatch):
    lines = on_terminal([], Result("destroy", True), monkeypatch, kind="destroy")
    start = lines.index("Resources:")
    assert lines[start + 1 : start + 3] == ["    nothing to do", ""]


def test_plain_lines_leave_the_counts_out_when_there_was_nothing_to_do():
    out = io.StringIO()
    open_display("destroy", "dev", preview=True, stream=out).close(Result("destroy", True))
    assert out.getvalue() == "Previewing destroy (dev):\n\nResources:\n\n"


def test_what_follows_on_a_terminal_has_an_empty_line_before_it(wide, monkeypatch):
    assert on_terminal(family(), Result("update", True, seconds=4), monkeypatch)[-2:] == ["Duration: 4s", ""]


class Watched(Terminal):
    """A terminal that says when a text was written."""

    def __init__(self, awaited):
        super().__init__()
        self.awaited = awaited
        self.seen = threading.Event()

    def write(self, text):
        if self.awaited in text:
            self.seen.set()
        return super().write(text)


def test_a_terminal_counts_before_the_first_event(wide):
    terminal = Watched("starting (0s)")
    display = open_display("up", "dev", stream=terminal)
    try:
        assert terminal.seen.wait(1)
    finally:
        display.close(Result("update", True))


def test_an_operation_that_could_not_begin_leaves_the_title_alone(wide, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Watched("starting")
    display = open_display("up", "dev", stream=terminal)
    assert terminal.seen.wait(1)
    display.abandon()
    assert terminal.getvalue().endswith("\x1b[2K\x1b[?25h")  # the counter's line is erased, the cursor shown


def test_colours_only_where_they_are_wanted(wide, monkeypatch):
    assert "\x1b[32m" in shown("up", stream=Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in shown("up", stream=Terminal())
    assert "\x1b" not in shown("up")


def test_many_threads_may_emit_at_once():
    out = io.StringIO()
    display = open_display("up", "dev", stream=out)
    threads = [
        threading.Thread(target=lambda n=number: [display.emit(e) for e in both(f"{THING}{n}", Op.CREATE)])
        for number in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    display.close(Result("update", True, {Op.CREATE: 50}))
    assert out.getvalue().count("created (0.30s)\n") == 50


def test_a_low_terminal_shows_what_is_under_way_while_it_runs(wide, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LINES", "6")
    terminal = Watched("late")
    display = open_display("up", "dev", stream=terminal)
    try:
        for number in range(20):
            for event in both(f"{THING}{number}", Op.CREATE):
                display.emit(event)
        display.emit(next(both(THING.replace("::b", "::late"), Op.CREATE)))
        assert terminal.seen.wait(2)
    finally:
        display.close(Result("update", True))
    assert "..." not in terminal.getvalue().splitlines()
