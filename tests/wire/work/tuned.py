"""Log a metric that is best in the middle, and leave the value that was tried."""

import argparse
import json
import os
import ssl
import urllib.request
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--best", type=Path, required=True)
given = parser.parse_args()
body = {
    "run_id": os.environ["MLFLOW_RUN_ID"],
    "key": "score",
    "value": -abs(given.rate - 0.5),
    "timestamp": 1,
    "step": 1,
}
request = urllib.request.Request(
    os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
    json.dumps(body).encode(),
    {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"},
)
urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
(given.best / "rate").write_text(str(given.rate))
