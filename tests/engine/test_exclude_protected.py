"""`destroy --exclude-protected`: what is protected stays, with all that it needs."""

PROGRAM = """
p = Toy("p", region="1")
g = Group("g", kind="k")
needed = Thing("needed", text="n", opts=O(provider=p))
Thing("kept", text=needed.shout, opts=O(parent=g, protect={}, provider=p))
t = Thing("t", opts=O(provider=p))
Thing("on", text=t.id, opts=O(parent=g))
pulumi.export("x", needed.shout)
"""
FLAGS = ("destroy", "--yes", "--skip-preview", "--exclude-protected")


def test_the_unprotected_go(project):
    project.up(PROGRAM.format(True))
    project.calls()

    out = project.run(*FLAGS)

    assert sorted(project.calls()) == [("Delete", "on"), ("Delete", "t")]
    assert project.names() == ["g", "kept", "needed", "p"]
    assert "All unprotected resources were destroyed. There are still 5 protected resources" in out

    out = project.run(*FLAGS)
    assert "There were no unprotected resources to destroy. There are still 5 protected resources" in out
    assert project.calls() == []


def test_with_the_program_too(project):
    project.up(PROGRAM.format(True))
    project.calls()

    project.run(*FLAGS, "--run-program")

    assert sorted(project.calls()) == [("Delete", "on"), ("Delete", "t")]
    assert project.names() == ["g", "kept", "needed", "p"]
    project.run("preview", "--expect-no-changes", program=PROGRAM.format(True).split("t = ")[0])
