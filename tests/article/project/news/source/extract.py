import argparse
import json
import pickle
from collections import Counter
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--input", type=Path, required=True)
parser.add_argument("--output", type=Path, required=True)
options = parser.parse_args()

words = Counter(word for text in pickle.loads(options.input.read_bytes())["data"] for word in text.split())
frequent = sorted(words, key=lambda word: (-words[word], word))
options.output.mkdir(parents=True, exist_ok=True)
(options.output / "words.json").write_text(json.dumps(frequent))
print("extracted", len(frequent), "words")
