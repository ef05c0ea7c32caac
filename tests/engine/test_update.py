"""The life of resources through `up`: what the plugin is asked, and what the state holds afterwards."""

TWO = 'a = Thing("a", text="one")\nb = Thing("b", text=a.shout)\npulumi.export("b", b.shout)\n'


def test_resources_are_made_in_the_order_of_their_dependencies(project):
    out = project.up(TWO)

    assert project.calls() == [("Create", "a"), ("Create", "b")]
    assert project.resources()["b"]["dependencies"] == [project.resources()["a"]["urn"]]
    assert project.resources()["try-dev"]["outputs"] == {"b": "ONE"}
    assert "3 created" in out


def test_a_second_up_calls_and_writes_nothing(project):
    project.up(TWO)
    before, touched = project.state_file.read_text(), project.state_file.stat().st_mtime_ns
    project.calls()

    out = project.up()

    assert project.calls("Create", "Update", "Delete", "Read", "Diff") == [("Diff", "a"), ("Diff", "b")]
    assert (project.state_file.read_text(), project.state_file.stat().st_mtime_ns) == (before, touched)
    assert "3 unchanged" in out


def test_a_changed_input_updates_what_depends_on_it_too(project):
    project.up(TWO)
    project.calls()

    project.up(TWO.replace('"one"', '"two"'))

    assert project.calls() == [("Update", "a"), ("Update", "b")]
    assert project.resources()["try-dev"]["outputs"] == {"b": "TWO"}


def test_what_the_program_no_longer_has_is_deleted_dependants_first(project):
    project.up(TWO)
    project.calls()

    project.up("pass")

    assert project.calls() == [("Delete", "b"), ("Delete", "a")]
    assert project.names() == []


def test_a_failed_step_leaves_a_state_from_which_the_next_up_goes_on(project):
    project.fault("Create", "b")
    out = project.up(TWO, code=1)

    assert "fault at Create of b" in out
    assert "Resource monitor" not in out
    assert "Traceback" not in out
    assert project.names() == ["a"]
    assert project.pending() == []
    project.calls()

    project.up()

    assert project.calls() == [("Create", "b")]


def test_an_exception_in_the_program_keeps_what_was_made_and_deletes_nothing(project):
    project.up('Thing("old", text="x")\npulumi.export("kept", 1)')
    out = project.up('Thing("new", text="y")\nraise ValueError("broken program")', code=1)

    assert "broken program" in out
    assert "__main__.py" in out
    assert "runpy" not in out
    assert project.names() == ["new", "old"]
    assert project.resources()["try-dev"]["outputs"] == {"kept": 1}


def test_inputs_that_a_provider_refuses_are_named(project):
    out = project.up('Thing("a", text="forbidden")', code=1)

    assert "property text has a problem: is forbidden" in out
    assert project.calls() == []


def test_a_half_made_resource_is_kept_and_finished_by_an_update(project):
    project.fault("Create", "a", when="after", mode="partial")
    project.up(TWO, code=1)
    assert project.resources()["a"]["initErrors"] == ["fault at Create of a"]
    project.calls()

    project.up()

    assert project.calls() == [("Update", "a"), ("Create", "b")]
    assert "initErrors" not in project.resources()["a"]


def test_two_resources_of_one_name_are_refused(project):
    out = project.up('Thing("a")\nThing("a")', code=1)

    assert "Duplicate resource URN" in out


def test_a_plugin_that_dies_fails_the_update_and_the_next_one_goes_on(project):
    project.fault("Create", "a", mode="exit")
    out = project.up(TWO, code=1)
    assert "plugin `toy` ended" in out

    project.up()

    assert project.names() == ["a", "b"]


def test_a_missing_plugin_is_one_clear_error(project):
    both = 'pulumi.CustomResource("none:index:X", "x", {})\npulumi.CustomResource("none:index:X", "y", {})'
    out = project.up(both, 1, "--continue-on-error")

    assert "the provider plugin `pulumi-resource-none` is not installed" in out
    assert "Duplicate" not in out
    assert "hint:" in out
    assert "Traceback" not in out


def test_what_the_program_prints_is_shown_without_its_secrets(project):
    project.run("config", "set", "password", "hunter2hunter2", "--secret")
    out = project.up('print("it is", pulumi.Config().require("password"))')

    assert "it is [secret]" in out
    assert "hunter2" not in out


def test_components_inherit_to_their_children(project):
    project.up(
        'g = Group("g", O(retain_on_delete=True))\nThing("in", text="x", opts=O(parent=g))\n'
        'g.register_outputs({"done": True})'
    )
    assert project.resources()["in"]["retainOnDelete"] is True
    assert project.resources()["in"]["urn"].split("::")[2] == "toy:index:Group$toy:index:Thing"
    assert project.resources()["g"]["outputs"] == {"done": True}
    project.calls()

    project.up("pass")

    assert project.calls() == []
    assert project.things().keys() == {"toy/in"}


def test_an_explicit_provider_configures_what_uses_it(project):
    program = 'p = Toy("p", region="{}")\nThing("a", text="x", opts=O(provider=p))'
    project.up(program.format("north"))
    assert project.resources()["p"]["outputs"] == {"region": "north"}
    assert project.resources()["a"]["provider"].startswith(project.resources()["p"]["urn"])
    project.calls()

    project.up(program.format("south"))

    assert project.calls() == [("Create", "a"), ("Delete", "a")]
    assert project.names() == ["a", "p"]


def test_differences_that_the_program_hides_are_made_but_not_shown(project):
    program = 'Thing("a", text="{0}", number={0}, opts=O(hide_diffs=["text"]))'
    project.up(program.format(1))
    assert project.resources()["a"]["hideDiff"] == ["text"]

    plan = project.run("preview", "--diff", program=program.format(2))
    assert "~ text (hidden)" in plan
    assert "~ number: 1 => 2" in plan
    assert '"1" => "2"' not in plan

    assert "[diff: ~number]" in project.up()
    assert project.things()["toy/a"]["text"] == "2"
