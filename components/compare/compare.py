"""Read the metrics of two models and write `report.json`: both, and the better one. Needs Python alone."""

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=Path, required=True, help="folder with metrics.json")
    parser.add_argument("--second", type=Path, required=True, help="folder with metrics.json")
    parser.add_argument("--report", type=Path, required=True, help="folder to write to")
    options = parser.parse_args()
    models = {"first": metrics(options.first), "second": metrics(options.second)}
    best = max(models, key=lambda name: models[name]["accuracy"])
    options.report.mkdir(parents=True, exist_ok=True)
    content = {"best": best, "models": models}
    (options.report / "report.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    for name, found in models.items():
        print(f"{name}: accuracy {found['accuracy']:.4f} with learning rate {found['learning_rate']}")
    print(f"best: {best}")


def metrics(model: Path) -> dict[str, float]:
    path = model / "metrics.json"
    if not path.is_file():
        raise SystemExit(f"no metrics.json in {model}")
    found: dict[str, float] = json.loads(path.read_text())
    return found


if __name__ == "__main__":
    main()
