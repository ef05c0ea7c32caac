"""Count the words of a text file and write them down, the most frequent first."""

import argparse
from collections import Counter
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--text", type=Path, required=True)
parser.add_argument("--at_least", type=int, required=True, help="letters")
parser.add_argument("--counts", type=Path, required=True)
options = parser.parse_args()

words = (word for word in options.text.read_text().lower().split() if len(word) >= options.at_least)
lines = (f"{count} {word}\n" for word, count in Counter(words).most_common())
options.counts.parent.mkdir(parents=True, exist_ok=True)
options.counts.write_text("".join(lines))
