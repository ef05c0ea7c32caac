"""Write a word into a folder, as often as asked for."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--word", required=True)
parser.add_argument("--times", type=int, default=1)
parser.add_argument("--seed")
parser.add_argument("--words", type=Path, required=True)
given = parser.parse_args()
for number in range(given.times):
    (given.words / f"{number}.txt").write_text(f"{given.word} {given.seed or 'unsown'}\n")
