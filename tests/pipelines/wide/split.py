import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--corpus", required=True)
parser.add_argument("--labels")
parser.add_argument("--by", required=True)
parser.add_argument("--share", type=float)
parser.add_argument("--left", required=True)
parser.add_argument("--right", required=True)
parser.parse_args()
