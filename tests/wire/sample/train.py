"""Does nothing: only its definition is looked at."""

import argparse

parser = argparse.ArgumentParser()
for name in ("features", "learning_rate", "rounds", "solver", "shuffle", "extra", "model"):
    parser.add_argument(f"--{name}")
parser.parse_args()
