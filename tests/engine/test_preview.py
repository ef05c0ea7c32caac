"""`preview`: what would be done, with what is not known yet, and without a trace."""

import json

CHAIN = 'a = Thing("a", text=os.environ.get("TEXT", "one"))\nb = Thing("b", text=a.id)\npulumi.export("b", b.text)\n'


def test_a_preview_changes_and_writes_nothing(project):
    before = project.state_file.read_text()

    out = project.run("preview", program=CHAIN)

    assert project.calls() == []
    assert project.state_file.read_text() == before
    assert "3 to create" in out


def test_what_a_provider_will_decide_is_not_known(project):
    document = json.loads(project.run("preview", "--json", program=CHAIN))

    planned = {step["urn"].split("::")[3]: step for step in document["steps"]}
    assert planned["b"]["newState"]["inputs"]["text"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert document["changeSummary"] == {"create": 3}


def test_an_unchanged_stack_previews_as_unchanged(project):
    project.up(CHAIN)

    assert "3 unchanged" in project.run("preview", "--expect-no-changes")


def test_expect_no_changes_exits_with_seven(project):
    project.up(CHAIN)
    project.environ["TEXT"] = "two"

    out = project.run("preview", "--expect-no-changes", code=7)

    assert "1 to update" in out


def test_a_replacement_and_what_follows_are_counted_once(project):
    chain = 'a = Thing("a", zone="{}", text="x")\nThing("b", text=a.id)'
    project.up(chain.format(1))

    document = json.loads(project.run("preview", "--json", program=chain.format(2)))

    assert document["changeSummary"] == {"replace": 1, "same": 1, "update": 1}


def test_a_failing_program_fails_the_preview(project):
    assert "no such luck" in project.run("preview", program='raise RuntimeError("no such luck")', code=1)


def test_a_provider_with_unknown_configuration_is_not_asked(project):
    project.run(
        "preview", program='a = Thing("a")\np = Toy("p", region=a.id)\nThing("b", text="x", opts=O(provider=p))'
    )

    assert [name for method, name in project.calls("Check")] == ["a"]


def test_secrets_are_not_shown(project):
    out = project.run(
        "preview",
        "--diff",
        program='t = Thing("t", text=pulumi.Output.secret("hunter2hunter2"))\npulumi.export("o", t.shout)',
    )
    assert "[secret]" in out
    assert "hunter2" not in out.lower()
