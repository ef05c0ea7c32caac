"""Which pipeline is meant on a command line: a YAML file, one of the project's by name, or one named with its module.

amlkit run jobs/train.yml          an Azure ML job or component, unchanged
amlkit run training                one of `PIPELINES` of the project's package `pipelines`
amlkit run train.py:training       an attribute of a file
amlkit run my.package:training     an attribute of a module
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from amlkit.errors import AmlkitError, DefinitionError, Problem, SetupError, near
from amlkit.home import Home

if TYPE_CHECKING:
    from amlkit.pipelines import Pipeline

YAML_SUFFIXES = (".yml", ".yaml")
PACKAGE = "pipelines"


def is_yaml(text: str) -> bool:
    """Is a YAML file meant?"""
    return text.lower().endswith(YAML_SUFFIXES)


def find(text: str, home: Home) -> Pipeline[..., Any]:
    """The pipeline that `text` names, with its module imported.

    Raises:
        DefinitionError: there is none of that name, it is no pipeline, or its module fails when it is imported.
    """
    if ":" in text:
        module, _, name = text.rpartition(":")
        return _attribute(_imported(module, home), name, text)
    if text.endswith(".py"):
        return _only(_imported(text, home), text)
    if not (home.root / PACKAGE).exists() and not (home.root / f"{PACKAGE}.py").exists():
        hint = "name a YAML file, `file.py:pipeline` or `module:pipeline`"
        raise DefinitionError([Problem(text, "no such file, and no project with pipelines here", hint)])
    known = {each.name: each for each in of_project(home)}
    if text in known:
        return known[text]
    meant = near(text, known)
    hint = f"did you mean `{meant[0]}`?" if meant else f"there is: {', '.join(known)}"
    raise DefinitionError([Problem(text, "no such pipeline in the project", hint)])


def of_project_here() -> tuple[Pipeline[..., Any], ...]:
    """Those of the project around the working directory.

    Raises:
        SetupError: there is no project here.
        DefinitionError: as `of_project`.
    """
    try:
        home = Home.project()
    except SetupError as error:
        hint = "name a file (`job.yml`, `train.py`), or go into a project: a folder with a Pulumi.yaml and `pipelines`"
        raise SetupError(error.problems[0].what, where=error.problems[0].where, hint=hint) from error
    return of_project(home)


def of_project(home: Home) -> tuple[Pipeline[..., Any], ...]:
    """The pipelines of the project: `PIPELINES` of its package `pipelines`.

    Raises:
        DefinitionError: there is no such package or list, or importing it fails.
    """
    package = _imported(PACKAGE, home)
    found = getattr(package, "PIPELINES", None)
    if not isinstance(found, list | tuple):
        hint = "PIPELINES = (training,)"
        raise DefinitionError([Problem(PACKAGE, "it has no list of pipelines", hint)])
    return tuple(found)


def _imported(name: str, home: Home) -> ModuleType:
    """A module by its name, from the project's folder or from here, or by the path of its file."""
    for folder in (str(Path.cwd()), str(home.root)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    try:
        with _alive():
            return _of_file(Path(name)) if name.endswith(".py") else import_module(name)
    except AmlkitError:
        raise
    except (Exception, SystemExit) as error:  # the user's module may raise anything
        raise DefinitionError([_failure(name, error)]) from error


@contextmanager
def _alive() -> Iterator[None]:
    """`os._exit` of the user's module is an exit as any: it would end the command at once, as if all were well."""
    leave, process = os._exit, os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != process:  # a child that the module made
            leave(status)
        raise SystemExit(status)

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = leave


def _of_file(path: Path) -> ModuleType:
    path = path.absolute()
    if not path.is_file():
        raise DefinitionError([Problem(str(path), "no such file")])
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise DefinitionError([Problem(str(path), "not a Python file")])
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = module_from_spec(spec)
    sys.modules[path.stem] = module  # steps look their file up by the module's name
    spec.loader.exec_module(module)
    return module


def _only(module: ModuleType, text: str) -> Pipeline[..., Any]:
    """The pipeline of a file that has one."""
    from amlkit.pipelines import Pipeline

    there = {key: value for key, value in vars(module).items() if isinstance(value, Pipeline)}
    if len(there) == 1:
        return next(iter(there.values()))
    hint = f"one of: {', '.join(f'`{text}:{name}`' for name in there)}" if there else "`@pipeline` makes one"
    raise DefinitionError([Problem(text, f"it has {len(there) or 'no'} pipelines", hint)])


def _attribute(module: ModuleType, name: str, text: str) -> Pipeline[..., Any]:
    from amlkit.pipelines import Pipeline

    there = sorted(key for key, value in vars(module).items() if isinstance(value, Pipeline))
    found = getattr(module, name, None)
    if isinstance(found, Pipeline):
        return found
    meant = near(name, there)
    hint = f"did you mean `{meant[0]}`?" if meant else f"its pipelines are: {', '.join(there) or 'none'}"
    raise DefinitionError([Problem(text, "not a pipeline" if found is not None else f"it has no `{name}`", hint)])


def _failure(name: str, error: Exception | SystemExit) -> Problem:
    """What a module raised, with the last place in the user's own code."""
    from traceback import extract_tb

    frames = [frame for frame in extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    own = [frame for frame in frames if not frame.filename.startswith(str(Path(__file__).parents[1]))]
    place = f" in line {own[-1].lineno} of `{own[-1].filename}`" if own else ""
    return Problem(name, f"importing it failed{place}: {type(error).__name__}: {error}")
