"""How long the digest of a step's code takes, as ratios against plain hashing, plain stat calls and azure-ai-ml.

    python benchmarks/snapshot.py [--rounds 7] [--folder DIR] [--only 2000 20000 1GB]

Each row makes its folder of files (kept in `--folder` if one is named), and takes the median of rounds in which all
ways are timed one after the other, so that what the machine does beside hits them alike. The floors: a walk that hashes
every file, and a walk that compares every file's size and time with a dictionary. Of azure-ai-ml it is the digest with
the ignore rules of a component, as it computes it before every upload. `unchanged` is our second look at a folder.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amlkit.components import snapshot

IGNORE = "*.log\n/data/\n!keep.log\n.ipynb_checkpoints/\n"
MEGABYTE = 1 << 20
SETTLE_SECONDS = 2.2  # what was written just now is not remembered


@dataclass(frozen=True)
class Row:
    """A folder to measure: how many files of how many bytes, and what the digest may cost against the others."""

    name: str
    files: int
    size: int


ROWS = (Row("2000", 2_000, 2_500), Row("20000", 20_000, 2_500), Row("1GB", 20, 50 * MEGABYTE))


def main() -> None:
    """Print a line a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=[row.name for row in ROWS])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = asked.folder or Path(temporary)
        for row in ROWS:
            if not asked.only or row.name in asked.only:
                measure(row, base / row.name, asked.rounds)


def measure(row: Row, folder: Path, rounds: int) -> None:
    """Time all ways in turn, and print the medians and the ratios."""
    make(row, folder)
    code = folder / "code"
    known = {path: (stat.st_size, stat.st_mtime_ns) for path in every_file(code) if (stat := os.stat(path))}  # noqa: PTH116
    ways: dict[str, Callable[[], object]] = {
        "digest": lambda: cold(folder, code),
        "sha256": lambda: hash_all(code),
        "azure-ai-ml": lambda: azure(code),
        "unchanged": lambda: snapshot.take(code).digest,
        "stat": lambda: compare_all(code, known),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    azure(code)
    gc.freeze()  # so that what one of them imported makes no other slower
    for _ in range(rounds):
        for name, way in ways.items():
            if name == "unchanged":
                remember(folder, code)
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    found = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"{row.name:>6}  " + "  ".join(f"{name} {seconds:.4f} s" for name, seconds in found.items()))
    print(
        f"        digest / sha256 {found['digest'] / found['sha256']:.2f}"
        f"   digest / azure-ai-ml {found['digest'] / found['azure-ai-ml']:.2f}"
        f"   unchanged / stat {found['unchanged'] / found['stat']:.2f}"
    )


def make(row: Row, folder: Path) -> None:
    """Text and binary files in two levels of folders, with an ignore file; nothing if they are there."""
    code = folder / "code"
    if code.exists():
        return
    (folder / ".amlkit").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: benchmark\n")
    line = b"x = 1\n"
    for number in range(row.files):
        inside = code / f"part{number // 200 % 10}" / f"part{number // 20}"
        inside.mkdir(parents=True, exist_ok=True)
        is_text = number % 2 == 1 and row.size < MEGABYTE
        content = line * (row.size // len(line)) if is_text else os.urandom(row.size)
        (inside / f"file{number}.{'py' if is_text else 'bin'}").write_bytes(content)
    (code / ".amlignore").write_text(IGNORE)


def cold(folder: Path, code: Path) -> str:
    """Our digest with nothing remembered."""
    for memory in (folder / ".amlkit").glob("snapshots/*"):
        memory.unlink()
    return snapshot.take(code).digest


def remember(folder: Path, code: Path) -> None:
    """Look often enough for everything to have settled."""
    newest = max(Path(path).stat().st_ctime for path in every_file(code))
    time.sleep(max(0.0, newest + SETTLE_SECONDS - time.time()))
    snapshot.take(code)
    snapshot.take(code)


def every_file(folder: Path) -> list[str]:
    """The paths of all files."""
    return [os.path.join(inside, name) for inside, _, names in os.walk(folder) for name in names]  # noqa: PTH118


def hash_all(folder: Path) -> dict[str, str]:
    """The floor of reading."""
    found = {}
    for path in every_file(folder):
        with open(path, "rb") as file:  # noqa: PTH123
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def compare_all(folder: Path, known: dict[str, tuple[int, int]]) -> bool:
    """The floor of looking."""
    same = True
    for path in every_file(folder):
        stat = os.stat(path)  # noqa: PTH116
        same = same and known.get(path) == (stat.st_size, stat.st_mtime_ns)
    return same


def azure(folder: Path) -> str | None:
    """The peer."""
    from azure.ai.ml._utils._asset_utils import get_content_hash
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    digest: str | None = get_content_hash(folder, ComponentIgnoreFile(folder))
    return digest


if __name__ == "__main__":
    main()
