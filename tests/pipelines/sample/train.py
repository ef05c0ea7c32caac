import argparse

parser = argparse.ArgumentParser()
for_data = parser.add_argument_group("data")
for_data.add_argument("--features", required=True)
for_data.add_argument("--model", required=True)
for_data.add_argument("--metrics", required=True)
parser.add_argument("-l", "--learning_rate", type=float, required=True)
parser.add_argument("--depth", type=int)
parser.add_argument("--kind")
parser.add_argument("--shuffle")
parser.add_argument("--verbose", action="store_true")
parser.parse_args()
