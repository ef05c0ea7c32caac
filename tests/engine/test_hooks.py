"""Resource hooks: called in the program's process, around the plugin's call, and what their failures leave behind."""

PROGRAM = """
def note(kind):
    def hook(args):
        with open(os.environ["FAKECLOUD"] + "/hooks", "a") as file:
            outputs = args.new_outputs or args.old_outputs or {{}}
            print(kind, args.name, dict(args.new_inputs or {{}}).get("text"), outputs.get("shout"), file=file)
        if os.path.exists(os.environ["FAKECLOUD"] + "/fail-" + kind):
            raise Exception("hook says no")
    return pulumi.ResourceHook(kind, hook, {options})
kinds = ("before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete")
hooks = pulumi.ResourceHookBinding(**{{kind: [note(kind)] for kind in kinds}})
"""
WITH = PROGRAM.format(options="None")
THING = 'Thing("a", text={!r}, opts=O(hooks=hooks))\n'


def seen(project):
    file = project.cloud / "hooks"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_hooks_run_before_and_after_each_step_with_what_it_knows(project):
    project.up(WITH + THING.format("one"))
    assert seen(project) == ["before_create a one None", "after_create a one ONE"]

    project.up(WITH + THING.format("one"))
    assert seen(project) == []

    project.up(WITH + THING.format("two"))
    assert seen(project) == ["before_update a two ONE", "after_update a two TWO"]

    project.up(WITH)
    assert seen(project) == ["before_delete a None TWO", "after_delete a None TWO"]
    assert project.names() == []


def test_their_names_are_in_the_state_as_a_feature(project):
    project.up(WITH + THING.format("one"))

    assert project.resources()["a"]["resourceHooks"]["BeforeCreate"] == ["before_create"]
    assert (project.state()["version"], project.state()["features"]) == (4, ["hooks"])


def test_a_failing_before_hook_records_nothing_and_is_called_again(project):
    (project.cloud / "fail-before_create").touch()
    out = project.up(WITH + THING.format("one"), code=1)

    assert 'before hook "before_create" failed: hook says no' in out
    assert project.calls() == []
    assert project.names() == []
    assert project.pending() == []

    (project.cloud / "fail-before_create").unlink()
    project.up()
    assert project.calls() == [("Create", "a")]


def test_a_failing_after_hook_fails_the_update_but_the_step_is_done(project):
    (project.cloud / "fail-after_create").touch()
    out = project.up(WITH + THING.format("one"), code=1)

    assert 'after hook "after_create" failed: hook says no' in out
    assert project.names() == ["a"]
    seen(project)

    project.up()
    assert seen(project) == []


def test_a_failing_before_delete_keeps_the_resource(project):
    project.up(WITH + THING.format("one"))
    (project.cloud / "fail-before_delete").touch()

    project.up(WITH, code=1)

    assert project.names() == ["a"]
    assert project.things().keys() == {"toy/a"}


def test_errors_can_be_ignored(project):
    (project.cloud / "fail-before_create").touch()
    options = "pulumi.ResourceHookOptions(ignore_errors=True)"

    out = project.up(PROGRAM.format(options=options) + THING.format("one"))

    assert 'BeforeCreate hook "before_create" failed: hook says no' in out
    assert project.names() == ["a"]


def test_previews_call_them_only_on_demand(project):
    project.run("preview", program=WITH + THING.format("one"))
    assert seen(project) == []

    options = "pulumi.ResourceHookOptions(on_dry_run=True)"
    project.run("preview", program=PROGRAM.format(options=options) + THING.format("one"))
    assert seen(project)[0] == "before_create a one None"


def test_a_destroy_without_the_program_refuses_delete_hooks(project):
    project.up(WITH + THING.format("one"))

    out = project.run("destroy", "--yes", code=1)

    assert "Resource has delete hooks registered, but the program is not running" in out
    assert "You must run with the `--run-program` flag" in out
    assert project.things().keys() == {"toy/a"}


def test_a_hook_that_left_the_program_with_its_resource_is_named(project):
    project.up(WITH + THING.format("one"))

    assert 'hook "before_delete" was not registered' in project.up("pass", code=1)
    assert project.names() == ["a"]


def test_a_component_gets_its_after_hook_with_its_outputs(project):
    component = 'g = Group("g", O(hooks=hooks), kind={!r})\ng.register_outputs({{"shout": "now"}})\n'
    project.up(WITH + component.format("x"))
    assert seen(project) == ["before_create g None None", "after_create g None now"]

    project.up(WITH + component.format("y"))
    assert seen(project) == ["before_update g None now", "after_update g None now"]


def test_after_a_failing_after_hook_nothing_new_starts(project):
    (project.cloud / "fail-after_create").touch()

    project.up(WITH + "a = " + THING.format("one") + 'Thing("b", text=a.shout)', code=1)

    assert project.calls() == [("Create", "a")]
    assert project.names() == ["a"]


def test_a_destroy_that_runs_the_program_calls_delete_hooks_and_makes_nothing(project):
    project.up(WITH + THING.format("one") + 'Thing("b")')
    seen(project)
    project.calls()
    project.write(WITH + 'new = Thing("new")\nThing("a", text=new.shout, opts=O(hooks=hooks))')

    out = project.run("destroy", "--yes", "--run-program")

    assert seen(project) == ["before_delete a None ONE", "after_delete a None ONE"]
    assert sorted(project.calls()) == [("Delete", "a"), ("Delete", "b")]
    assert project.resources() == {}
    assert "3 deleted" in out
