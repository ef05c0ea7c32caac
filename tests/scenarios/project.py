"""A copy of this repository as a user has it after cloning, with its own local Azure ML, for whole stories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


@dataclass(frozen=True, eq=False)
class Project:
    """A working copy in its own folder. Commands run in it as a user's would."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy_to(cls, folder: Path) -> Project:
        """Everything git tracks or would track; the copy's own packages come first on the path."""
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ARM_", "AZURE"))}
        return cls(folder, {**plain, "PYTHONPATH": str(folder), "NO_COLOR": "1"})

    def run(self, *command: str, **environment: str) -> Finished:
        """Run a command in the project's folder."""
        variables = {**self.environment, **environment}
        ended = subprocess.run(command, cwd=self.root, env=variables, capture_output=True, text=True)
        return Finished(ended.returncode, ended.stdout, ended.stderr)

    def amlkit(self, *arguments: str, **environment: str) -> Finished:
        """Run an amlkit command."""
        return self.run(sys.executable, "-m", "amlkit", *arguments, **environment)

    def ok(self, *arguments: str) -> str:
        """Run an amlkit command that must succeed; what it printed on both channels."""
        ended = self.amlkit(*arguments)
        assert ended.code == 0, ended.text
        return ended.text

    def local_environment(self) -> dict[str, str]:
        """What `amlkit local env` prints, as variables (the `unset` lines are checked elsewhere)."""
        lines = self.ok("local", "env").splitlines()
        exports = [line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export ")]
        return {name: value.strip("'\"") for name, value in exports}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        text = (self.root / path).read_text()
        assert old in text, f"{path} does not hold {old!r}"
        (self.root / path).write_text(text.replace(old, new))
