import argparse
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--text", type=Path)
parser.add_argument("--at_least", type=int)
parser.add_argument("--words", type=Path)
given = parser.parse_args()

words = given.text.read_text().split()
print(f"{len(words)} words")
if len(words) < given.at_least:
    sys.exit(f"too few: {len(words)} < {given.at_least}")
given.words.mkdir(parents=True, exist_ok=True)
(given.words / "count.txt").write_text(str(len(words)))
