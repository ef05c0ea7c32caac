"""`make` on a machine that is not ready, and after it was interrupted: one clear line and a hint, and the way on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

OUTER_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # of `make test`, which runs this
ROOT = Path(__file__).resolve().parents[2]
OLD = "exit 1"
NO_VENV = 'case "$2" in *ensurepip*) exit 1;; esac'
# An interpreter that notes how `venv` was called, and makes one whose pip and uv do nothing.
WELL = """
[ "$2" = venv ] || exit 0
echo "$@" >> venv.log
for last; do :; done
mkdir -p "$last/bin"
printf '#!/bin/sh\\n' | tee "$last/bin/python" > "$last/bin/uv"
chmod +x "$last/bin/python" "$last/bin/uv"
"""


@dataclass(frozen=True)
class Checkout:
    """A folder with this Makefile, and an interpreter that behaves as a script says."""

    root: Path

    def make(self, target: str, python: str = WELL) -> subprocess.CompletedProcess[str]:
        interpreter = self.root / "python3"
        interpreter.write_text(f"#!/bin/sh\n{python}\n")
        interpreter.chmod(0o755)
        command = ["make", "-f", str(ROOT / "Makefile"), target, f"PYTHON={interpreter}"]
        alone = {name: value for name, value in os.environ.items() if name not in OUTER_MAKE}
        return subprocess.run(command, cwd=self.root, env=alone, capture_output=True, text=True)

    @property
    def calls(self) -> list[str]:
        """How `venv` was called, oldest first."""
        return (self.root / "venv.log").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    for name in ("requirements.lock", "bootstrap.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    return Checkout(tmp_path)


@pytest.mark.parametrize(
    ("python", "what", "hint"),
    [
        (OLD, "amlkit needs Python 3.11 or newer", "make up PYTHON=python3.12"),
        (NO_VENV, "has no venv module", "apt-get install python3-venv"),
    ],
)
def test_it_names_what_is_missing_and_the_way_on(checkout, python, what, hint):
    ended = checkout.make("up", python)
    error, way, _ = ended.stderr.splitlines()  # the last one is make's own
    assert ended.returncode == 2
    assert error.startswith("error: ")
    assert what in error
    assert way.startswith("  hint: ")
    assert hint in way
    assert not (checkout.root / ".venv").exists()


def test_a_second_make_makes_nothing(checkout):
    assert checkout.make(".venv/.ready").stdout.startswith("Making .venv")
    assert checkout.make(".venv/.ready").stdout == "make: '.venv/.ready' is up to date.\n"
    assert checkout.calls == ["-m venv --clear .venv"]


def test_a_new_lock_updates_what_is_there(checkout):
    checkout.make(".venv/.ready")
    (checkout.root / "requirements.lock").write_text("new")
    assert checkout.make(".venv/.ready").stdout == "Updating .venv\n"
    assert checkout.calls[1:] == ["-m venv .venv"]


def test_what_an_interrupted_make_left_is_made_from_nothing(checkout):
    failing = WELL.replace("#!/bin/sh\\n", "#!/bin/sh\\nexit 1\\n")
    ended = checkout.make(".venv/.ready", failing)
    assert ended.returncode == 2
    assert "error: the packages of .venv could not be installed" in ended.stderr
    assert "hint: " in ended.stderr
    assert checkout.make(".venv/.ready").returncode == 0
    assert checkout.calls == ["-m venv --clear .venv"] * 2


def test_down_where_nothing_was_ever_up_makes_nothing(checkout):
    ended = checkout.make("down")
    assert (ended.returncode, ended.stdout) == (0, "Nothing is up\n")
    assert not (checkout.root / ".venv").exists()
