"""Writes what it is given into a file, with a word of a module beside it."""

import os
import sys
from pathlib import Path

from lib.words import shout

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "text").write_text(shout(" ".join(sys.argv[2:]), os.environ.get("SIGN", "")))
print("joined", len(sys.argv) - 2)
