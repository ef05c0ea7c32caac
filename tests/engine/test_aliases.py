"""Aliases: what was under another name is found, kept, and nothing in the state remembers the old one."""

import json

import pytest

OLD = 'a = Thing("a", name="n", text="1")\nThing("user", text=a.shout, opts=O(depends_on=[a], deleted_with=a))\n'
NEW = (
    'a = Thing("b", name="n", text={!r}, opts=O(aliases=[pulumi.Alias(name="a")]))\n'
    'Thing("user", text=a.shout, opts=O(depends_on=[a], deleted_with=a))\n'
)
RETYPED = "class Other(pulumi.ComponentResource):\n    def __init__(self, name, opts=None):\n"
RETYPED += '        super().__init__("toy:index:Other", name, {}, opts)\n'


def urn(kind, name):
    return f"urn:pulumi:dev::try::toy:index:{kind}::{name}"


def written(project):
    return json.dumps(project.state())


def test_a_renamed_resource_is_kept_and_everything_refers_to_its_new_name(project):
    project.up(OLD)
    project.calls()

    assert "3 unchanged" in project.up(NEW.format("1"))

    assert project.calls() == []
    assert project.names() == ["b", "user"]
    user = project.resources()["user"]
    assert (user["dependencies"], user["deletedWith"]) == ([urn("Thing", "b")], urn("Thing", "b"))
    assert urn("Thing", "a") not in written(project)
    assert "aliases" not in project.resources()["b"]


def test_the_alias_can_go_once_the_state_has_the_new_name(project):
    project.up(OLD)
    project.up(NEW.format("1"))

    assert "2 unchanged" in project.up('Thing("b", name="n", text="1")', 0)
    assert project.names() == ["b"]


def test_a_preview_says_the_same_as_the_update_then_does(project):
    project.up(OLD)

    plan = json.loads(project.run("preview", "--json", program=NEW.format("2")))

    assert plan["changeSummary"] == {"update": 2, "same": 1}
    assert urn("Thing", "a") in written(project)


def test_a_renamed_resource_can_change_in_the_same_run(project):
    project.up(OLD)
    project.calls()

    project.up(NEW.format("2"))

    assert project.calls() == [("Update", "b"), ("Update", "user")]
    assert project.things()["toy/n"]["text"] == "2"


def test_a_renamed_resource_can_be_replaced_in_the_same_run(project):
    project.up('Thing("a", name="old", zone="1")')
    project.calls()

    project.up('Thing("b", name="new", zone="2", opts=O(aliases=[pulumi.Alias(name="a")]))')

    assert project.calls() == [("Create", "b"), ("Delete", "a")]
    assert project.names() == ["b"]
    assert project.things().keys() == {"toy/new"}


def test_what_is_deleted_before_its_replacement_may_be_renamed_on_the_way(project):
    chain = 'a = Thing({0!r}, slot="{1}", text="s{1}", opts=O(aliases=[pulumi.Alias(name="a")]))\n'
    chain += 'Thing({2!r}, slot=a.shout, opts=O(aliases=[pulumi.Alias(name="c")]))\n'
    project.up(chain.format("a", 1, "c"))
    project.calls()

    project.up(chain.format("a2", 2, "c2"))

    assert project.calls() == [("Delete", "c"), ("Delete", "a"), ("Create", "a2"), ("Create", "c2")]
    assert "3 unchanged" in project.up()


def test_a_whole_urn_is_an_alias_too_and_the_first_that_is_there_counts(project):
    project.up('Thing("a", name="n")\nThing("other")')

    names = [urn("Thing", "nowhere"), urn("Thing", "a"), urn("Thing", "other")]
    project.up(f'Thing("b", name="n", opts=O(aliases={names!r}))\nThing("other")')

    assert project.names() == ["b", "other"]
    assert project.things().keys() == {"toy/n", "toy/other"}


def test_a_resource_that_is_there_under_its_own_name_needs_no_alias(project):
    project.up('Thing("a")\nThing("b")')
    project.calls()

    project.up('Thing("b", opts=O(aliases=[pulumi.Alias(name="a")]))')

    assert project.calls() == [("Delete", "a")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'g = Group("g")\nThing("a", opts=O(parent=g))',
            'g = Group("g")\nThing("a", opts=O(aliases=[pulumi.Alias(parent=g)]))',
        ),
        (
            'Thing("a")',
            'g = Group("g")\nThing("a", opts=O(parent=g, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))',
        ),
        (
            'g = Group("g")\nThing("a", opts=O(parent=g))',
            f'Thing("a", opts=O(aliases=[pulumi.Alias(parent={urn("Group", "g")!r})]))',
        ),
    ],
    ids=["out of a component", "into a component", "out of a component that is gone"],
)
def test_a_resource_can_move_between_parents(before, after, project):
    project.up(before)
    project.calls()

    project.up(after)

    assert project.calls() == []
    assert "a" in project.names()


def test_children_follow_a_renamed_component_also_those_named_after_it(project):
    program = (
        'g = Group({0!r}, O(aliases=[pulumi.Alias(name="g")]))\na = Thing("{0}-a", name="1", opts=O(parent=g))\n'
        'h = Group("{0}-in", O(parent=g))\nThing("{0}-in-x", name="2", text=a.shout, opts=O(parent=h))\n'
        'Thing("same", opts=O(parent=g))\n'
    )
    project.up(program.format("g"))
    project.calls()

    assert "6 unchanged" in project.up(program.format("k"))

    assert project.calls() == []
    assert project.names() == ["k", "k-a", "k-in", "k-in-x", "same"]
    assert project.resources()["k-a"]["parent"] == urn("Group", "k")


def test_children_follow_a_component_of_another_type(project):
    project.up('g = Group("g")\na = Thing("a", opts=O(parent=g))\nThing("b", opts=O(parent=a))')
    project.calls()

    project.up(
        RETYPED + 'g = Other("g", O(aliases=[pulumi.Alias(type_="toy:index:Group")]))\n'
        'a = Thing("a", opts=O(parent=g))\nThing("b", opts=O(parent=a))'
    )

    assert project.calls() == []
    assert project.resources()["b"]["urn"] == "urn:pulumi:dev::try::toy:index:Other$toy:index:Thing$toy:index:Thing::b"
    assert "toy:index:Group" not in written(project)


def test_children_that_left_with_the_rename_are_deleted(project):
    project.up('g = Group("g")\na = Thing("a", opts=O(parent=g))\nThing("b", opts=O(parent=a))')
    project.calls()

    project.up(RETYPED + 'Other("g", O(aliases=[pulumi.Alias(type_="toy:index:Group")]))')

    assert project.calls() == [("Delete", "b"), ("Delete", "a")]
    assert project.names() == ["g"]


def test_a_run_that_fails_half_way_leaves_no_reference_to_an_old_name(project):
    project.up('g = Group("g")\na = Thing("a", text="1", opts=O(parent=g))\nThing("b", text=a.shout, opts=O(parent=g))')
    project.fault("Update", "a")
    after = RETYPED + 'g = Other("h", O(aliases=[pulumi.Alias(name="g", type_="toy:index:Group")]))\n'
    after += 'a = Thing("a", text="2", opts=O(parent=g))\nThing("b", text=a.shout, opts=O(parent=g))'

    project.up(after, 1)

    assert "toy:index:Group" not in written(project)
    assert project.resources()["b"]["parent"] == urn("Other", "h")
    project.calls()
    project.up()
    assert project.calls() == [("Update", "a"), ("Update", "b")]


def test_a_renamed_provider_keeps_what_it_manages(project):
    program = 'p = Toy({!r}, region={!r}, opts=O(aliases=[pulumi.Alias(name="p")]))\nThing("a", opts=O(provider=p))\n'
    project.up(program.format("p", "n") + 'Thing("b", opts=O(provider=p))')
    project.calls()

    project.up(program.format("q", "n"))

    assert project.calls() == [("Delete", "b")]
    assert project.resources()["a"]["provider"].startswith("urn:pulumi:dev::try::pulumi:providers:toy::q::")


def test_what_is_only_read_follows_its_component(project):
    program = 'Thing("t")\ng = Group({0!r}, O(aliases=[pulumi.Alias(name="g")]))\n'
    program += 'Thing.get("{0}-r", "toy/t", name="t", opts=O(parent=g))'
    project.up(program.format("g"))

    assert "k-r" not in project.up(program.format("k")).split("Resources:")[1]

    assert project.names() == ["k", "k-r", "t"]


CLAIMS = {
    "by two aliases": (
        'b = Thing("b", name="n", opts=O(aliases=[pulumi.Alias(name="a")]))\n'
        'Thing("c", name="n", opts=O(aliases=[pulumi.Alias(name="a")], depends_on=[b]))',
        f"Duplicate resource alias '{urn('Thing', 'a')}' applied to resource with URN '{urn('Thing', 'c')}' "
        f"conflicting with resource with URN '{urn('Thing', 'b')}'",
    ),
    "by name, then by an alias": (
        'a = Thing("a", name="n")\nThing("c", name="n", opts=O(aliases=[pulumi.Alias(name="a")], depends_on=[a]))',
        f"Duplicate resource alias '{urn('Thing', 'a')}' applied to resource with URN '{urn('Thing', 'c')}' "
        f"conflicting with resource with URN '{urn('Thing', 'c')}'",
    ),
    "by an alias, then by name": (
        'c = Thing("c", name="n", opts=O(aliases=[pulumi.Alias(name="a")]))\nThing("a", opts=O(depends_on=[c]))',
        f"Duplicate resource URN '{urn('Thing', 'a')}' conflicting with alias on resource with URN "
        f"'{urn('Thing', 'c')}'",
    ),
}


@pytest.mark.parametrize("how", CLAIMS)
def test_two_resources_cannot_both_be_what_one_was(how, project):
    program, message = CLAIMS[how]
    project.up('Thing("a", name="n")')

    out = project.up(program, 1)

    assert message in out
    assert project.things().keys() == {"toy/n"}


def test_what_is_no_urn_is_refused(project):
    out = project.up('Thing("a", opts=O(aliases=["nonsense"]))', 1)

    assert 'invalid alias URN: invalid URN "nonsense"' in out
