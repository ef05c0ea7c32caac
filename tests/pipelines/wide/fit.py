import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--rows", required=True)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--depth", type=int, required=True)
parser.add_argument("--model", required=True)
parser.parse_args()
