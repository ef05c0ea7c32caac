"""Fit a linear classifier of digits by gradient descent and measure it; the same input gives the same bytes.

Writes `model.pkl` (joblib) and `metrics.json`, and logs the metrics to the run through MLflow.
"""

import argparse
import json
from pathlib import Path

import joblib
import mlflow
import numpy
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss

EPOCHS = 30
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True, help="folder with train.csv and test.csv")
    parser.add_argument("--learning_rate", type=float, required=True, help="step width, above 0")
    parser.add_argument("--model", type=Path, required=True, help="folder to write to")
    options = parser.parse_args()
    model = fit(*read(options.features / "train.csv"), options.learning_rate)
    metrics = measure(model, *read(options.features / "test.csv"))
    options.model.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, options.model / "model.pkl")
    content = {"learning_rate": options.learning_rate, **metrics}
    (options.model / "metrics.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    mlflow.log_param("learning_rate", options.learning_rate)
    mlflow.log_metrics(metrics)
    print(f"accuracy {metrics['accuracy']:.4f} with learning rate {options.learning_rate}")


def read(path: Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Pixels (images x 64) and digits (images)."""
    table = numpy.loadtxt(path, delimiter=",")
    return table[:, 1:], table[:, 0].astype(int)


def fit(pixels: numpy.ndarray, digits: numpy.ndarray, learning_rate: float) -> SGDClassifier:
    model = SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=learning_rate,
        max_iter=EPOCHS,
        tol=None,
        average=True,
        random_state=SEED,
    )
    return model.fit(pixels, digits)


def measure(model: SGDClassifier, pixels: numpy.ndarray, digits: numpy.ndarray) -> dict[str, float]:
    chances = model.predict_proba(pixels)
    return {
        "accuracy": round(float(accuracy_score(digits, model.predict(pixels))), 6),
        "log_loss": round(float(log_loss(digits, chances)), 6),
    }


if __name__ == "__main__":
    main()
