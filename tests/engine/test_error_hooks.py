"""Error hooks: the program decides whether what failed is tried again."""

import json

HOOKS = """
def note(name):
    def hook(args):
        folder = os.environ["FAKECLOUD"]
        with open(folder + "/errors", "a") as file:
            told = [args.failed_operation, args.id, args.errors]
            told += [dict(each or {}).get("text") for each in (args.new_inputs, args.old_inputs, args.old_outputs)]
            print(json.dumps([name, *told]), file=file)
        if os.path.exists(f"{folder}/raise-{name}"):
            raise Exception("hook says no")
        return os.path.exists(f"{folder}/retry-{name}")
    return pulumi.ErrorHook(name, hook)
import json
hooks = pulumi.ResourceHookBinding(on_error=[note("one"), note("two")])
"""


def thing(text):
    return HOOKS + f'Thing("a", text={text!r}, opts=O(hooks=hooks))\n'


def told(project):
    file = project.cloud / "errors"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_a_hook_that_wants_no_retry_changes_nothing(project):
    project.fault("Create", "a")

    out = project.up(thing("x"), code=1)

    errors = ["fault at Create of a"]
    assert told(project) == [[name, "create", "", errors, "x", None, None] for name in ("one", "two")]
    assert "fault at Create of a" in out
    assert project.names() == []


def test_one_hook_that_wants_it_is_enough_and_hooks_see_all_errors_newest_first(project):
    project.fault("Create", "a")
    project.fault("Create", "a", when="after", mode="partial")
    (project.cloud / "retry-two").touch()

    out = project.up(thing("x"))

    unwell = "1 error occurred:\n\t* fault at Create of a\n\n"
    assert [each[3] for each in told(project)[::2]] == [["fault at Create of a"], [unwell, "fault at Create of a"]]
    assert "retrying create due to on-error hook request (2/100)" in out
    assert project.resources()["a"]["resourceHooks"] == {"OnError": ["one", "two"]}
    assert "initErrors" not in project.resources()["a"]
    assert project.pending() == []


def test_updates_and_deletes_are_retried_too(project):
    (project.cloud / "retry-one").touch()
    project.up(thing("x"))
    project.fault("Update", "a")
    project.up(thing("y"))
    assert told(project)[0] == ["one", "update", "toy/a", ["fault at Update of a"], "y", "x", "x"]

    project.fault("Delete", "a")
    project.up(HOOKS)
    assert told(project)[0] == ["one", "delete", "toy/a", ["fault at Delete of a"], None, "y", "y"]
    assert project.things() == {}


def test_a_hook_that_raises_is_the_error_and_after_a_hundred_tries_it_is_enough(project):
    project.fault("Create", "a")
    (project.cloud / "raise-one").touch()
    out = project.up(thing("x"), code=1)
    assert 'error hooks execution failed: error hook "one" failed: hook says no' in out

    (project.cloud / "raise-one").unlink()
    (project.cloud / "retry-one").touch()
    told(project)
    for _ in range(101):
        project.fault("Create", "a")
    out = project.up(code=1)
    assert "maximum number of error hook retries (100) reached" in out
    assert len(told(project)) == 2 * 99
