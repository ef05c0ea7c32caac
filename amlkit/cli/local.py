"""`amlkit local`: start and stop the local Azure ML of this checkout, and point clients at it."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ..errors import SetupError
from ..home import UNSET, Home

_FOLLOW_SECONDS = 0.3


@click.group()
def local() -> None:
    """The local Azure ML of this checkout."""


@local.command()
@click.option("--reuse", type=click.Choice(["content", "azure"]), help="Rules of reuse; kept for later starts.")
def start(reuse: str | None) -> None:
    """Start it in the background and wait until it answers."""
    from ..local import process
    from ..provider.install import install

    home = Home.find()
    install(home.pulumi_home)
    running, is_new = process.start(home, reuse)
    how = "started" if is_new else f"already running since {running.since}"
    click.echo(f"Local Azure ML {how}: {running.address.url}", err=True)


@local.command()
def stop() -> None:
    """Stop it. Nothing is lost; a run that is under way goes on after the next start."""
    from ..local import process

    click.echo(f"Local Azure ML {'stopped' if process.stop(Home.find()) else 'is not running'}", err=True)


@local.command()
def status() -> None:
    """Say where and since when it runs; exit code 1 if it does not."""
    from ..local import process

    running = process.status(Home.find())
    if running is None:
        click.echo("not running")
        click.echo("hint: `amlkit local start`", err=True)
        raise SystemExit(1)
    click.echo(f"running at {running.address.url} since {running.since}")
    click.echo(f"process {running.pid}, proxy port {running.address.proxy_port}, reuse rules {running.reuse}")


@local.command()
def env() -> None:
    """Print what points clients at it, for `eval "$(amlkit local env)"`."""
    home = Home.find()
    address = home.address()
    if address is None:
        raise SetupError("the local Azure ML of this checkout was never started", hint="`amlkit local start`")
    variables = home.environment(address)
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    for name in UNSET:
        click.echo(f"unset {name}")
    _warn_of_twins(variables)


@local.command()
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
def logs(follow: bool) -> None:
    """Print what it says."""
    log = Home.find().log_file
    if not log.is_file():
        raise SetupError("the local Azure ML of this checkout was never started", hint="`amlkit local start`")
    _print(log, follow=follow)


@local.command(short_help="Remove old outputs and environments until they fit")
@click.option("--max-size", default="10GB", show_default=True, help="What may stay: bytes, or with KB, MB, GB, TB.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--keep", is_flag=True, help="Also collect by itself from now on when the size is passed; 0: no more.")
def gc(max_size: str, *, dry_run: bool, keep: bool) -> None:
    """Remove outputs of old runs and unused environments until they fit, least recently used first."""
    from ..local import process
    from ..local.door import call

    size = _bytes(max_size)
    home = Home.find()
    running = process.status(home)
    if running is None:
        raise SetupError("the local Azure ML is not running", hint="`amlkit local start`")
    found = call(home, running.address, "/control/gc", {"maxSize": size, "dryRun": dry_run, "keep": keep})
    for unit in found["removed"]:
        click.echo(f"{_size(unit['bytes']):>8}  {unit['kind']:<11}  {unit['name']}")
    done = "would go" if dry_run else "removed"
    gone = f"{_size(found['before'] - found['after'])} {done}, {_size(found['after'])} left"
    held = f", {_size(found['held'])} of it in use" if found["held"] else ""
    click.echo(f"{gone}{held}", err=True)


def _bytes(text: str) -> int:
    """A size as people write it: `10GB`, `500 MB`, `0`.

    Raises:
        SetupError: it is none.
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not match:
        raise SetupError(f"not a size: {text}", hint="for example `--max-size 10GB`")
    return int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " "))


def _size(count: int) -> str:
    power = min(3, (len(str(count)) - 1) // 3)
    return f"{count} B" if not power else f"{count / 1000**power:.1f} {' KMG'[power]}B"


def _warn_of_twins(variables: Mapping[str, str]) -> None:
    """curl and Python's clients read `https_proxy` before `HTTPS_PROXY`: what was printed would have no effect."""
    twins = [name.lower() for name in variables if os.environ.get(name.lower(), variables[name]) != variables[name]]
    for twin in twins:
        click.echo(f"warning: `{twin}` is set here, and many clients prefer it to `{twin.upper()}`", err=True)
    if twins:
        click.echo(f"hint: unset {' '.join(twins)}", err=True)


def _print(log: Path, *, follow: bool) -> None:
    with log.open(errors="replace") as file:
        while True:
            if text := file.read():
                click.echo(text, nl=False)
            elif not follow:
                return
            else:
                time.sleep(_FOLLOW_SECONDS)
