"""`destroy`: everything goes, dependants first, without the program."""

CHAIN = 'a = Thing("a")\nb = Thing("b", text=a.id)\nc = Thing("c", text=b.id)\n'


def test_everything_goes_in_reverse_order(project):
    project.up(CHAIN)
    project.calls()

    out = project.run("destroy", "--yes", "--skip-preview")

    assert project.calls() == [("Delete", "c"), ("Delete", "b"), ("Delete", "a")]
    assert "resources" not in project.state()["checkpoint"]["latest"]
    assert "4 deleted" in out


def test_a_preview_of_it_deletes_nothing(project):
    project.up(CHAIN)
    project.calls()

    assert "4 to delete" in project.run("destroy", "--preview-only")
    assert project.calls() == []
    assert project.names() == ["a", "b", "c"]


def test_a_failed_delete_keeps_it_and_what_it_needs(project):
    project.up(CHAIN)
    project.fault("Delete", "b")

    out = project.run("destroy", "--yes", "--skip-preview", code=1)

    assert "fault at Delete of b" in out
    assert project.names() == ["a", "b"]
    project.run("destroy", "--yes", "--skip-preview")
    assert project.things() == {}


def test_what_is_protected_stays_with_what_it_needs_and_the_rest_goes(project):
    project.up('a = Thing("a")\nb = Thing("b", text=a.id, opts=O(protect=True))\nThing("other")\n')

    out = project.run("destroy", "--yes", "--skip-preview", code=1)

    assert "cannot be deleted because it is protected" in out
    assert project.names() == ["a", "b"]
    assert project.things().keys() == {"toy/a", "toy/b"}


def test_what_goes_with_another_one_is_not_deleted_itself(project):
    project.up('a = Thing("a")\nThing("b", opts=O(deleted_with=a))\n')
    project.calls()

    project.run("destroy", "--yes", "--skip-preview")

    assert project.calls() == [("Delete", "a")]


def test_what_was_only_read_is_only_forgotten(project):
    project.up('Thing("a")')
    project.up('Thing("a")\nThing.get("r", "toy/a")')
    project.calls()

    project.run("destroy", "--yes", "--skip-preview")

    assert project.calls() == [("Delete", "a")]
