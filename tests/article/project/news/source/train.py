import argparse
import json
import pickle
from collections import Counter
from pathlib import Path

from tracking import log_metric

parser = argparse.ArgumentParser()
parser.add_argument("--input", type=Path, required=True)
parser.add_argument("--output", type=Path, required=True)
options = parser.parse_args()

news = pickle.loads(options.input.read_bytes())
model = {}
for group, text in zip(news["target"], news["data"], strict=True):
    model.setdefault(group, Counter()).update(text.split())


def guess(text):
    return max(sorted(model), key=lambda group: sum(model[group][word] for word in text.split()))


right = sum(guess(text) == group for group, text in zip(news["target"], news["data"], strict=True))
options.output.mkdir(parents=True, exist_ok=True)
(options.output / "model.json").write_text(json.dumps(model, sort_keys=True))
log_metric("accuracy", right / len(news["data"]))
print("trained on", len(news["data"]), "messages")
