"""Write the names of the files of a folder, often enough."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--raw", type=Path)
parser.add_argument("--times", type=int)
parser.add_argument("--kind")
parser.add_argument("--names", type=Path)
options = parser.parse_args()
names = sorted(path.name for path in options.raw.iterdir())
options.names.mkdir(parents=True, exist_ok=True)
(options.names / "names.txt").write_text(options.kind + " " + " ".join(names * options.times))
