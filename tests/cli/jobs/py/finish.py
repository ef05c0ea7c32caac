"""End as it is told: well, badly, or not before the file `gate` is there."""

import argparse
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--names", type=Path)
parser.add_argument("--gate")
parser.add_argument("--done", type=Path)
options = parser.parse_args()
if options.gate == "fail":
    sys.exit("told to fail")
while options.gate and not Path(options.gate).exists():
    time.sleep(0.02)
options.done.mkdir(parents=True, exist_ok=True)
(options.done / "done.txt").write_text((options.names / "names.txt").read_text())
