"""Replacements: created first or deleted first, what goes with them, and what a failure on the way leaves behind."""

import pytest

ZONES = 'a = Thing("a", zone="{0}", text="x")\nb = Thing("b", zone=a.shout, text="y")\nc = Thing("c", text=b.id)\n'
SLOTS = (
    'a = Thing("a", slot="{0}", text="s{0}")\nb = Thing("b", slot=a.shout, text="y{0}")\nc = Thing("c", text=b.shout)\n'
)
DEEP = 'last = Thing("r0", slot="{0}", text="s{0}")\n' + "".join(
    f'last = Thing("r{index}", slot=last.shout, text="t{{0}}")\n' for index in range(1, 5)
)


def test_by_default_the_new_one_is_made_first(project):
    project.up('Thing("a", zone="1")')
    project.calls()

    out = project.up('Thing("a", zone="2")')

    assert project.calls() == [("Create", "a"), ("Delete", "a")]
    assert "1 replaced" in out


def test_a_provider_can_have_the_old_one_deleted_first_with_all_that_goes_with_it(project):
    project.up(SLOTS.format(1))
    project.calls()

    project.up(SLOTS.format(2))

    assert project.calls() == [("Delete", "b"), ("Delete", "a"), ("Create", "a"), ("Create", "b"), ("Update", "c")]
    assert not any(each.get("pendingReplacement") for each in project.resources().values())


def test_a_program_can_ask_for_that_order(project):
    program = 'Thing("a", zone="{0}", opts=O(delete_before_replace={1}))'
    project.up(program.format(1, True))
    project.calls()

    project.up(program.format(2, True))
    assert project.calls() == [("Delete", "a"), ("Create", "a")]

    project.up('Thing("a", slot="9", zone="2", opts=O(delete_before_replace=False))')
    assert project.calls() == [("Create", "a"), ("Delete", "a")]


@pytest.mark.parametrize("failing", ["r0", "r2", "r4"])
def test_a_cascade_that_fails_on_the_way_is_finished_by_the_next_up(project, failing):
    project.up(DEEP.format(1))
    project.fault("Create", failing)
    project.up(DEEP.format(2), code=1)
    assert failing in project.names()
    assert project.resources()[failing]["pendingReplacement"] is True

    project.up()

    assert project.names() == ["r0", "r1", "r2", "r3", "r4"]
    assert not any(each.get("pendingReplacement") for each in project.resources().values())
    assert project.things()["toy/r0"]["slot"] == "2"
    assert "6 unchanged" in project.up()


def test_a_cascade_whose_delete_fails_is_finished_by_the_next_up(project):
    project.up(DEEP.format(1))
    project.fault("Delete", "r2")
    project.up(DEEP.format(2), code=1)

    project.up()

    assert len(project.things()) == 5
    assert "6 unchanged" in project.up()


def test_pending_ones_that_left_the_program_are_dropped(project):
    project.up(SLOTS.format(1))
    project.fault("Create", "a")
    project.up(SLOTS.format(2), code=1)
    project.calls()

    project.up('Thing("other")')

    assert project.names() == ["other"]
    assert ("Delete", "b") not in project.calls()


def test_an_old_one_whose_delete_fails_waits_for_the_next_up(project):
    project.up('Thing("a", name="old", zone="1")')
    project.fault("Delete", "a")
    project.up('Thing("a", name="new", zone="2")', code=1)
    assert project.names() == ["a", "a-deleted"]

    project.up()

    assert project.names() == ["a"]
    assert project.things().keys() == {"toy/new"}


def test_a_protected_one_is_not_replaced(project):
    program = 'Thing("a", zone="{0}", opts=O(protect={1}))'
    project.up(program.format(1, True))
    project.calls()

    assert "protection" in project.run("preview", program=program.format(2, True), code=1)
    assert "protection" in project.up(code=1)
    assert project.calls() == []

    project.up(program.format(2, False))
    assert project.calls() == [("Create", "a"), ("Delete", "a")]


def test_what_is_deleted_with_a_replaced_one_is_made_again(project):
    program = 'a = Thing("a", slot="{0}")\nThing("b", opts=O(deleted_with=a))'
    project.up(program.format(1))
    project.calls()

    project.up(program.format(2))

    assert ("Create", "b") in project.calls()
    assert project.names() == ["a", "b"]


def test_a_change_can_be_made_to_replace(project):
    program = 'Thing("a", tags={{"x": "{0}", "y": "{1}"}}, opts=O(replace_on_changes=["tags.x"]))'
    project.up(program.format(1, 1))
    project.calls()

    project.up(program.format(1, 2))
    assert project.calls() == [("Update", "a")] or project.calls() == []


def test_zones_follow_each_other(project):
    project.up(ZONES.format(1))
    project.calls()

    project.up(ZONES.format(2))

    assert project.calls() == [("Create", "a"), ("Delete", "a")]
