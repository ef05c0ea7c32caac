"""`amlkit lock`: exact versions with hashes beside every environment file of the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from amlkit.components import locking
from amlkit.components.environment import EnvironmentSource
from amlkit.delivery import selection
from amlkit.errors import AmlkitError, DefinitionError, Problem
from amlkit.home import Home

from .here import near

_FILES = (".yaml", ".yml", ".txt", ".in")
_SHOWN_CHANGES = 12


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE|PIPELINE]…")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if a lock is missing or stale.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions that fit, instead of those that are locked.")
@click.option("--python", default="3.11", show_default=True, help="Python of requirements files that are named.")
def lock(what: tuple[str, ...], only_check: bool, upgrade: bool, python: str) -> None:
    """Lock environment FILEs, or those of all steps of PIPELINEs; of the whole project without either.

    A lock lies beside its file, with the suffix `.lock`: check it in. It says what it was made from, so that one whose
    file has not changed keeps its bytes and no index is asked.
    """
    if only_check and upgrade:
        raise AmlkitError("`--check` writes nothing, so there is nothing to upgrade", hint="drop one of the two")
    targets = _targets(what, python)
    if not targets:
        click.echo("no step has an environment file", err=True)
    if only_check:
        _check(targets)
        return
    for target in targets:
        _show(locking.lock(target, upgrade=upgrade))


def _targets(what: tuple[str, ...], python: str) -> tuple[locking.Target, ...]:
    files = [name for name in what if _is_file(name)]
    pipelines = [name for name in what if name not in files]
    named = [locking.target_of(Path(name), python) for name in files]
    if what and not pipelines:
        return tuple(named)
    return (*named, *locking.targets(_sources(pipelines)))


def _is_file(name: str) -> bool:
    """Pipelines have names without these suffixes."""
    return Path(name).suffix in _FILES


def _sources(pipelines: list[str]) -> Iterator[tuple[EnvironmentSource, Path]]:
    """The environments of the steps of pipelines, or of all the project's."""
    from amlkit.pipelines.trace import trace

    found = [selection.find(name, Home.here()) for name in pipelines] or selection.of_project_here()
    for each in found:
        for step in trace(each).graph.steps:
            yield step.environment, step.folder


def _check(targets: tuple[locking.Target, ...]) -> None:
    """Print a line a lock.

    Raises:
        DefinitionError: some are missing or stale; all of them.
    """
    wrong: list[Problem] = []
    for target in targets:
        match locking.state_of(target):
            case locking.State.MISSING:
                what = "it is missing"
            case locking.State.STALE:
                what = f"`{target.file.name}` has changed since it was made"
            case locking.State.UNMARKED:
                what = "it does not say what it was made from"
            case _:
                click.echo(f"{near(target.lock)}  up to date")
                continue
        wrong.append(Problem(near(target.lock), what, "lock it: `amlkit lock`"))
    if wrong:
        raise DefinitionError(wrong)


def _show(locked: locking.Locked) -> None:
    packages = f"{locked.packages} package{'' if locked.packages == 1 else 's'}"
    click.echo(f"{near(locked.target.lock)}  {locked.state}, {packages}")
    for change in locked.changes[:_SHOWN_CHANGES]:
        click.echo(f"  {change}")
    if (more := len(locked.changes) - _SHOWN_CHANGES) > 0:
        click.echo(f"  … and {more} more")
