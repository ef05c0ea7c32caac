"""`--continue-on-error`: a failure fails what depends on it, and nothing else."""

CHAINS = """
a = Thing("a", text={0!r})
b = Thing("b", text=a.shout)
g = Group("g", O(depends_on=[b]), kind="k")
Thing("in", opts=O(parent=g))
g.register_outputs({{"x": b.shout}})
c = Thing("c", text={0!r})
Thing("d", text=c.shout)
pulumi.export("bad", b.shout)
pulumi.export("good", c.shout)
"""
FLAG = "--continue-on-error"


def test_an_up_makes_what_does_not_depend_on_the_failure(project):
    project.fault("Create", "a")

    out = project.up(CHAINS.format("x"), 1, FLAG)

    assert out.count("error: fault at Create of a") >= 1
    assert project.names() == ["c", "d"]
    assert project.pending() == []
    project.up(None, 0, FLAG)
    assert project.names() == ["a", "b", "c", "d", "g", "in"]


def test_a_failed_update_keeps_its_dependants_and_all_that_they_need_as_they_were(project):
    project.up(
        'old = Thing("old", text="o")\na = Thing("a", text="x")\nThing("b", text=a.shout, more=old.shout)\nThing("z")'
    )
    project.calls()
    project.fault("Update", "a")

    project.up('a = Thing("a", text="y")\nThing("b", text=a.shout)\nThing("n")', 1, FLAG)

    assert sorted(project.calls()) == [("Create", "n"), ("Delete", "z")]
    assert project.names() == ["a", "b", "n", "old"]
    project.up()
    assert project.names() == ["a", "b", "n"]


def test_a_delete_first_replacement_that_cannot_delete_ends(project):
    program = 'a = Thing("a", slot="{0}", text="{0}")\nThing("b", slot=a.shout)\nThing("c", text="{0}")'
    project.up(program.format("1"))
    project.calls()
    project.fault("Delete", "a")

    project.up(program.format("2"), 1, FLAG)

    assert sorted(project.calls()) == [("Delete", "b"), ("Update", "c")]
    project.up()
    assert project.things()["toy/b"]["slot"] == "2"


def test_a_destroy_deletes_what_nothing_left_needs(project):
    project.up(CHAINS.format("x"))
    project.calls()
    project.fault("Delete", "d")

    project.run("destroy", "--yes", "--skip-preview", FLAG, code=1)

    assert project.names() == ["c", "d"]
    assert [name for _, name in project.calls()][-1] == "a"


def test_the_variable_stands_for_the_flag(project):
    project.environ["PULUMI_CONTINUE_ON_ERROR"] = "true"
    project.fault("Create", "a")

    project.up(CHAINS.format("x"), 1)

    assert project.names() == ["c", "d"]


def test_what_the_provider_does_not_accept_still_ends_the_run(project):
    project.up('Thing("a", text="forbidden")\nThing("b", opts=O(depends_on=[Thing("w", seconds=1)]))', 1, FLAG)

    assert "b" not in project.names()
