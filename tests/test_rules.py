"""The rules of the house as tests: layers, sizes, public names, what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES, PUBLIC_NAMES = 400, 60, 25
HEAVY = {"pulumi", "pulumi_azure_native", "azure", "grpc", "httpx", "pydantic", "rich", "starlette", "uvicorn"}

# A reason beside each: tables and parsers may be long, nothing else.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def sources() -> Iterator[Path]:
    for folder in ("amlkit", "components", "pipelines", "infra"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_layers_and_import_rules_hold():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_no_import_cycles():
    import grimp

    graph = grimp.build_graph("amlkit", exclude_type_checking_imports=True)
    cycles = [
        (importer, imported) for importer, imported in _edges(graph) if graph.find_shortest_chain(imported, importer)
    ]
    assert cycles == []


def _edges(graph) -> Iterator[tuple[str, str]]:
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if not module.startswith(imported + "."):  # a package's `__init__` is imported with it in any case
                yield module, imported


def test_files_and_functions_keep_their_size():
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES and name not in LONG_FILES} == {}
    wide = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in functions(path)
    }
    assert {name: lines for name, lines in wide.items() if lines > FUNCTION_LINES and name not in LONG_FUNCTIONS} == {}


def test_exceptions_to_the_sizes_are_still_needed():
    for name in LONG_FILES:
        assert len((ROOT / name).read_text().splitlines()) > FILE_LINES, f"{name} is short enough now"


def test_every_module_says_what_it_holds():
    silent = [str(path.relative_to(ROOT)) for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_a_script_of_a_step_imports_nothing_of_ours():
    scripts = [path for path in (ROOT / "components").rglob("*.py") if path.name not in ("step.py", "__init__.py")]
    for path in scripts:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [
                name for name in names if name.split(".")[0] in ("amlkit", "components", "pipelines", "infra")
            ], path


@pytest.mark.parametrize("line", ["import amlkit", "import amlkit; dir(amlkit)", "import amlkit.cli"])
def test_importing_amlkit_costs_nothing_heavy(line):
    code = f"{line}; import sys; print(*sorted({{name.split('.')[0] for name in sys.modules}} & {HEAVY}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_a_run_of_a_pipeline_imports_only_what_every_run_needs():
    unneeded = "{'concurrent', 'difflib', 'logging', 'shutil', 'traceback', 'yaml'}"
    code = f"import amlkit.cli.run, amlkit.pipelines, sys; print(*sorted({unneeded} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_public_names_are_few_and_all_there():
    import amlkit

    names = [name for name in amlkit.__all__ if not name.startswith("_")]
    assert 0 < len(names) <= PUBLIC_NAMES
    for name in names:
        assert getattr(amlkit, name).__doc__


def test_no_text_of_the_project_names_a_machine_or_an_address_to_install_from():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for name in filter(None, tracked):
        path = ROOT / name
        if path.is_file() and path.suffix in (".lock", ".toml", ".yaml", ""):
            text = path.read_text(errors="ignore")
            assert "index-url" not in text, name
            if path.suffix == ".lock":
                assert "://" not in text, name
