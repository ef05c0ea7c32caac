import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--comp_data1", type=Path, required=True, help="folder with model.json")
parser.add_argument("--comp_data2", type=Path, required=True, help="folder with words.json")
parser.add_argument("--output_data", type=Path, required=True)
parser.add_argument("--param1", type=int, required=True, help="how many words to compare")
options = parser.parse_args()

model = json.loads((options.comp_data1 / "model.json").read_text())
words = json.loads((options.comp_data2 / "words.json").read_text())[: options.param1]
known = {group: sum(word in counts for word in words) for group, counts in model.items()}
options.output_data.mkdir(parents=True, exist_ok=True)
found = {"known": known, "param1": options.param1, "words": len(words)}
(options.output_data / "comparison.json").write_text(json.dumps(found, sort_keys=True))
print("compared", len(words), "words")
