"""Reading what is really there: `refresh`, `--refresh`, and resources that ask for it before every update."""

PLAIN = 'a = Thing("a", text="one")\nb = Thing("b", text=a.shout)\n'
WATCHED = 'a = Thing("a", text="one", watch=True)\nb = Thing("b", text=a.shout)\n'


def test_a_refresh_takes_over_what_changed_and_the_next_up_puts_it_back(project):
    project.up(PLAIN)
    project.set_thing("toy/a", text="drifted")

    out = project.run("refresh", "--yes", "--skip-preview")

    assert project.resources()["a"]["outputs"]["shout"] == "DRIFTED"
    assert "1 updated" in out
    project.calls()
    project.up()
    assert project.calls() == [("Update", "a")]


def test_what_is_gone_leaves_the_state_and_its_dependants(project):
    project.up(PLAIN)
    project.set_thing("toy/a")

    project.run("refresh", "--yes", "--skip-preview")

    assert project.names() == ["b"]
    assert "dependencies" not in project.resources()["b"]
    project.calls()
    project.up()
    assert project.calls() == [("Create", "a")]


def test_a_refresh_preview_writes_nothing(project):
    project.up(PLAIN)
    project.set_thing("toy/a", text="drifted")
    before = project.state_file.read_text()

    out = project.run("refresh", "--preview-only")

    assert project.state_file.read_text() == before
    assert "1 to update" in out


def test_a_refresh_keeps_secret_what_the_plugin_reads_back_plain(project):
    project.up('Thing("a", text=pulumi.Output.secret("hunter2hunter2"))')

    project.run("refresh", "--yes")

    assert "hunter2" not in project.state_file.read_text().lower()
    project.calls()
    project.up()
    assert project.calls() == []


def test_refresh_before_the_program_on_demand(project):
    project.up(PLAIN)
    project.set_thing("toy/b", text="drifted")
    project.calls()

    project.run("up", "--yes", "--refresh", "--skip-preview")

    *reads, last = project.calls()
    assert (sorted(reads), last) == ([("Read", "a"), ("Read", "b")], ("Update", "b"))


def test_a_resource_can_ask_to_be_read_before_every_update(project):
    project.up(WATCHED)
    assert project.resources()["a"]["refreshBeforeUpdate"] is True
    assert project.state()["features"] == ["refreshBeforeUpdate"]
    project.set_thing("toy/a", text="drifted")
    project.calls()

    out = project.run("preview")

    assert project.calls() == [("Read", "a")]
    assert "1 to update" in out
    project.up()
    assert project.calls() == [("Read", "a"), ("Update", "a")]
    assert project.things()["toy/a"]["text"] == "one"


def test_one_that_asks_and_is_gone_is_made_again(project):
    project.up(WATCHED)
    project.set_thing("toy/a")
    project.calls()

    assert "1 to create" in project.run("preview")
    project.up()

    assert project.calls() == [("Read", "a"), ("Read", "a"), ("Create", "a")]


def test_an_unchanged_one_that_asks_is_read_and_nothing_is_written(project):
    project.up(WATCHED)
    before = project.state_file.read_text()
    project.calls()

    project.up(None, 0, "--expect-no-changes")

    assert project.calls() == [("Read", "a")]
    assert project.state_file.read_text() == before


def test_it_is_read_before_a_destroy_too(project):
    project.up(WATCHED)
    project.set_thing("toy/a")
    project.calls()

    project.run("destroy", "--yes", "--skip-preview")

    assert project.calls() == [("Read", "a"), ("Delete", "b")]


def test_a_read_that_fails_fails_before_the_program_runs(project):
    project.up(WATCHED)
    project.fault("Read", "a")
    project.write(WATCHED + 'print("the program ran")')

    out = project.run("preview", code=1)

    assert "fault at Read of a" in out
    assert "the program ran" not in out
