import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--raw", required=True)
parser.add_argument("--features", required=True)
parser.parse_args()
