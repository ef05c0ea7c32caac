"""Transforms: functions of the program that change registrations and invokes before the engine decides anything."""

import json

import pytest

PRELUDE = """
import asyncio, json
R = pulumi.ResourceTransformResult
everywhere = pulumi.runtime.register_resource_transform
def note(kind):
    def transform(args):
        outputs = [key for key, value in args.props.items() if isinstance(value, pulumi.Output)]
        line = {"by": kind, "name": args.name, "outputs": sorted(outputs), "protect": args.opts.protect,
                "provider": args.opts.provider is not None, "aliases": len(args.opts.aliases or [])}
        with open(os.environ["FAKECLOUD"] + "/notes", "a") as file:
            print(json.dumps(line), file=file)
    return transform
def tagged(args):
    return R({**args.props, "tag": args.props.get("tag", "") + "T"}, args.opts)
"""


def notes(project):
    return [json.loads(line) for line in (project.cloud / "notes").read_text().splitlines()]


def inputs(project, name):
    return project.resources()[name].get("inputs", {})


def test_the_stacks_transforms_see_every_registration_after_them(project):
    project.up(PRELUDE + 'Thing("before")\neverywhere(tagged)\nThing("a", text="1")\nGroup("g")\nToy("p")')

    assert "tag" not in inputs(project, "before")
    assert [inputs(project, name)["tag"] for name in ("a", "g", "p")] == ["T", "T", "T"]
    assert project.things()["toy/a"]["tag"] == "T"


def test_the_resources_own_come_first_then_its_parents_then_the_stacks(project):
    project.up(
        PRELUDE + 'everywhere(note("stack"))\ng = Group("g", O(transforms=[note("g")]))\n'
        'h = Group("h", O(parent=g, transforms=[note("h")]))\n'
        'Thing("a", opts=O(parent=h, transforms=[note("one"), note("two")]))'
    )

    assert [each["by"] for each in notes(project) if each["name"] == "a"] == ["one", "two", "h", "g", "stack"]
    assert [each["by"] for each in notes(project) if each["name"] == "g"] == ["g", "stack"]


def test_each_works_on_what_the_one_before_it_made(project):
    more = "def more(args): return R({**args.props, 'tag': args.props['tag'] + 'U'}, args.opts)\n"
    project.up(PRELUDE + more + 'everywhere(more)\nThing("a", opts=O(transforms=[tagged]))')

    assert inputs(project, "a")["tag"] == "TU"


def test_they_may_be_asynchronous(project):
    slow = "async def slow(args):\n    await asyncio.sleep(0.01)\n    return tagged(args)\n"
    project.up(PRELUDE + slow + 'everywhere(slow)\na = Thing("a")\nThing("b", text=a.id)')

    assert inputs(project, "b") == {"name": "b", "text": "toy/a", "tag": "T"}


def test_they_see_secrets_and_what_depends_on_something_as_outputs(project):
    project.up(
        PRELUDE + 's = pulumi.Output.secret("x")\na = Thing("a", text="1")\n'
        'Thing("b", text=a.shout, s=s, plain=1, friend=a, opts=O(transforms=[note("own")]))\n'
        'everywhere(note("stack"))\nThing("c", text=a.shout, s=s, friend=a)'
    )

    assert [each["outputs"] for each in notes(project)] == [["friend", "s", "text"], ["s"]]


def test_they_see_options_with_what_is_inherited(project):
    project.up(
        PRELUDE + 'p = Toy("p")\ng = Group("g", O(protect=True, providers=[p]))\neverywhere(note("stack"))\n'
        'Thing("a", opts=O(parent=g, aliases=[pulumi.Alias(name="old")]))'
    )

    assert [(each["protect"], each["provider"], each["aliases"]) for each in notes(project)] == [(True, True, 1)]


def test_a_transform_that_changes_nothing_keeps_dependencies(project):
    program = 'a = Thing("a", text="1")\nThing("b", text=a.shout, friend=a, opts=O(transforms=[{0}], depends_on=[a]))\n'
    project.up(PRELUDE + program.format(""))
    before = project.resources()["b"]

    project.up(PRELUDE + program.format('note("own")'))

    after = project.resources()["b"]
    for field in ("dependencies", "propertyDependencies", "inputs"):
        assert after[field] == before[field]


def test_dependencies_are_those_of_what_a_transform_of_its_own_returns(project):
    project.up(
        PRELUDE + 'a = Thing("a", text="1")\nz = Thing("z")\n'
        "def own(args): return R({**args.props}, O.merge(args.opts, O(depends_on=[z])))\n"
        'Thing("b", text=a.shout, opts=O(transforms=[own]))'
    )

    b = project.resources()["b"]
    assert sorted(urn.split("::")[-1] for urn in b["dependencies"]) == ["a", "z"]
    assert b["propertyDependencies"] == {"name": [], "text": []}  # this SDK sends values back without them


OPTIONS = {
    "protect": ("protect=True", {"protect": True}),
    "retain_on_delete": ("retain_on_delete=True", {"retainOnDelete": True}),
    "ignore_changes": ("ignore_changes=['text']", {"ignoreChanges": ["text"]}),
    "replace_on_changes": ("replace_on_changes=['text']", {"replaceOnChanges": ["text"]}),
    "additional_secret_outputs": ("additional_secret_outputs=['shout']", {"additionalSecretOutputs": ["shout"]}),
    "custom_timeouts": ("custom_timeouts=pulumi.CustomTimeouts(update='1m')", {"customTimeouts": {"update": 60}}),
    "deleted_with": ("deleted_with=z", {"deletedWith": "urn:pulumi:dev::try::toy:index:Thing::z"}),
    "hooks": (
        "hooks=pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook('h', lambda args: None)])",
        {"resourceHooks": {"AfterCreate": ["h"]}},
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_can_be_set(option, project):
    text, stored = OPTIONS[option]
    project.up(
        PRELUDE + f'z = Thing("z")\ndef t(args): return R(args.props, O.merge(args.opts, O({text})))\n'
        'Thing("a", text="1", opts=O(transforms=[t]))'
    )

    assert stored.items() <= project.resources()["a"].items()


def test_options_that_are_left_out_are_gone_inherited_ones_too(project):
    project.up(
        PRELUDE + 'g = Group("g", O(protect=True, providers=[Toy("p")]))\n'
        "def bare(args): return R(args.props, O())\n"
        'Thing("a", opts=O(parent=g, transforms=[bare]))\nThing("b", opts=O(parent=g))'
    )

    assert "protect" not in project.resources()["a"]
    assert "::default::" in project.resources()["a"]["provider"]
    assert project.resources()["b"]["protect"] is True
    assert "::p::" in project.resources()["b"]["provider"]


def test_a_transform_can_choose_the_provider(project):
    project.up(
        PRELUDE + 'p = Toy("p", region="n")\n'
        "def chosen(args): return R(args.props, O.merge(args.opts, O(provider=p)))\n"
        'Thing("a", opts=O(transforms=[chosen]))'
    )

    assert "::p::" in project.resources()["a"]["provider"]


def test_a_transform_can_give_an_alias(project):
    project.up('Thing("a")')
    project.calls()

    project.up(
        PRELUDE + 'def t(args): return R(args.props, O.merge(args.opts, O(aliases=[pulumi.Alias(name="a")])))\n'
        'Thing("b", name="a", opts=O(transforms=[t]))'
    )

    assert project.calls() == []
    assert project.names() == ["b"]


def test_secrets_stay_secret_on_their_way_through(project):
    project.up(
        PRELUDE + 's = pulumi.Output.secret("hush-hush")\n'
        "def t(args):\n    deep = {'x': [args.props['text'], pulumi.Output.secret('fresh')]}\n"
        "    return R({**args.props, 'deep': deep}, args.opts)\n"
        'a = Thing("a", text=s, opts=O(transforms=[t]))\npulumi.export("o", a.shout)\n'
        'everywhere(t)\nThing("b", text=a.shout)\nThing("c", text=s)'
    )

    text = json.dumps(project.state())
    assert not any(word in text for word in ("hush-hush", "HUSH-HUSH", "fresh"))
    assert project.things()["toy/c"]["deep"] == {"x": ["hush-hush", "fresh"]}


def test_previews_run_them_with_unknowns(project):
    appended = (
        "def t(args): return R({**args.props, 'text': pulumi.Output.concat(args.props['text'], '!')}, args.opts)\n"
    )
    program = PRELUDE + appended + 'a = Thing("a", text="1")\nThing("b", text=a.id, opts=O(transforms=[t]))'

    plan = json.loads(project.run("preview", "--json", program=program))

    assert plan["changeSummary"] == {"create": 3}
    project.up()
    assert inputs(project, "b")["text"] == "toy/a!"


def test_assets_pass_through(project):
    program = 'Thing("a", file=pulumi.StringAsset("one"), opts=O(transforms=[{0}]))'
    project.up(PRELUDE + program.format(""))

    assert "2 unchanged" in project.up(PRELUDE + program.format("lambda args: R(args.props, args.opts)"))


@pytest.mark.parametrize("registered", ['Thing("a", opts=O(transforms=[t]))', 'everywhere(t)\nThing("a")'])
def test_one_that_raises_fails_the_program_and_nothing_is_made(registered, project):
    out = project.up(PRELUDE + f"def t(args): raise ValueError('no such luck')\n{registered}", 1)

    assert "invoke transform: rpc error: code = Unknown desc = Invoke callback" in out
    assert "no such luck" in out
    assert project.calls() == []


INVOKES = """
def t(args):
    with open(os.environ["FAKECLOUD"] + "/invokes", "a") as file:
        print(args.token, sorted(args.args), file=file)
    return pulumi.InvokeTransformResult({**args.args, "text": args.args["text"] + "!"}, args.opts)
pulumi.runtime.register_invoke_transform(t)
"""


def test_invokes_can_be_changed_too(project):
    project.up(
        INVOKES + 'pulumi.export("e", pulumi.runtime.invoke("toy:index:echo", {"text": "was"}).value["echo"])\n'
        'a = Thing("a", text="one")\n'
        'pulumi.export("f", pulumi.runtime.invoke_output("toy:index:echo", {"text": a.shout})["echo"])'
    )

    assert json.loads(project.run("stack", "output", "--json")) == {"e": "was!", "f": "ONE!"}
    assert (project.cloud / "invokes").read_text() == "toy:index:echo ['text']\n" * 2


def test_an_invoke_transform_that_raises_is_an_error_of_the_invoke(project):
    out = project.up(
        "def t(args): raise ValueError('no such luck')\npulumi.runtime.register_invoke_transform(t)\n"
        'pulumi.runtime.invoke("toy:index:echo", {"text": "was"})',
        1,
    )

    assert "invoke of toy:index:echo failed: Invoke callback" in out
    assert "no such luck" in out
