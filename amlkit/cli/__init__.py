"""The commands, thin: each reads its options, calls one function and prints what that returned.

`main` is the console script. A command's module is imported when it is called, so that `--help` stays instant.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import click

from amlkit import __version__
from amlkit.errors import AmlkitError, DefinitionError, SetupError

from .here import pasteable

_GARBAGE = 50_000  # new objects between two looks for garbage; Python's 700 cost 7 % of a run that reuses everything
COMMANDS = {
    "run": ("run:run", "Run a pipeline here: an Azure ML YAML file, unchanged, or one in Python"),
    "check": ("check:check", "Say all that is wrong with pipelines, offline"),
    "lock": ("lock:lock", "Write exact versions with hashes beside every environment file"),
    "snapshot": ("snapshot:snapshot", "Look at the code that goes with a step"),
    "preview": ("engine:preview", "Show what `up` would change, in resources and pipelines"),
    "up": ("engine:up", "Provision and publish"),
    "refresh": ("engine:refresh", "Read everything back into the state"),
    "destroy": ("engine:destroy", "Delete what the stack made"),
    "cancel": ("engine:cancel", "Remove the lock that an ended update left"),
    "stack": ("engine:stack", "Show the stack: outputs, resources, state"),
    "invoke": ("invoke:invoke", "Run a published pipeline through its endpoint"),
    "runs": ("runs:runs", "List, show, compare and cancel runs; print their logs"),
    "data": ("data:data", "Upload, download and list data in a datastore; register versions of it"),
    "explain": ("explain:explain", "Say why each step of a run was reused or ran again"),
    "local": ("local:local", "Start, stop and use the local Azure ML"),
}


class Commands(click.Group):
    """A group whose commands are imported on use. A wrong command line exits 1, as all errors do."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"amlkit.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's own words: listing commands imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amlkit", message="%(prog)s %(version)s")
def root() -> None:
    """Azure Machine Learning platforms and pipelines as one versioned Pulumi program."""


def main() -> None:
    """Run a command line and exit: 0 done, 1 any error, or the code that Pulumi's own verb gives."""
    gc.set_threshold(_GARBAGE)
    try:
        sys.exit(_run())
    finally:
        gc.freeze()  # nor is there a look at the end, which cost 11 % of the same run


def _run() -> int:
    try:
        code = root.main(standalone_mode=False)
    except AmlkitError as error:
        return _failed(error)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        return 1
    except click.ClickException as error:
        return _refused(error)
    except (click.Abort, KeyboardInterrupt):
        click.echo("error: interrupted", err=True)
        return 1
    except OSError as error:  # a file that cannot be read, a full disk: whatever the system refuses
        return _failed(SetupError(error.strerror or str(error), where=str(error.filename or "")))
    return code if isinstance(code, int) else 0


def _refused(error: click.ClickException) -> int:
    """A wrong command line, with the help of the command that it was meant for."""
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "amlkit"
    said = error.format_message().rstrip(".").replace("'", "`")
    click.echo(f"error: {said[:1].lower()}{said[1:]}", err=True)
    click.echo(f"  hint: {pasteable(f'see `{path} --help`')}", err=True)
    return 1


def _failed(error: AmlkitError) -> int:
    count = len(error.problems)
    if isinstance(error, DefinitionError) and count > 1:
        click.echo(f"error: {count} problems", err=True)
    for problem in error.problems:
        click.echo(f"error: {pasteable(str(problem))}", err=True)
    return 1
