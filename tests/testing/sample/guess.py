import argparse
import json
import os
import ssl
import time
import urllib.request
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--guess", type=float)
parser.add_argument("--kept", type=Path)
given = parser.parse_args()

given.kept.mkdir(parents=True, exist_ok=True)
(given.kept / "guess.txt").write_text(str(given.guess))
run = os.environ["MLFLOW_RUN_ID"]
metric = {"run_id": run, "key": "score", "value": given.guess, "timestamp": int(time.time() * 1000), "step": 0}
url = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/log-metric"
headers = {"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}", "Content-Type": "application/json"}
trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]))
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted)
opener.open(urllib.request.Request(url, json.dumps(metric).encode(), headers)).read()
print("guessed", given.guess)
