"""Count the words of a text that are long enough."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--text", type=Path)
parser.add_argument("--least", type=int)
parser.add_argument("--counts", type=Path)
options = parser.parse_args()
words = [word for word in options.text.read_text().split() if len(word) >= options.least]
options.counts.mkdir(parents=True, exist_ok=True)
(options.counts / "count.txt").write_text(str(len(words)))
print("counted", len(words))
