"""Turn every table of digits in a folder into `train.csv` and `test.csv`. Needs Python alone.

A row of a table is an image: 64 pixels from 0 to 16, then the digit it shows. A row of a result is the digit, then 64
pixels from 0 to 1. Every fifth image of each digit is for testing, so that both hold all digits alike.
"""

import argparse
import csv
import gzip
from collections import Counter
from pathlib import Path

PIXELS = 64
BRIGHTEST = 16
TEST_EVERY = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with tables: *.csv, *.csv.gz")
    parser.add_argument("--features", type=Path, required=True, help="folder to write to")
    options = parser.parse_args()
    images = [image for path in tables(options.raw) for image in read(path)]
    train, test = split(images)
    options.features.mkdir(parents=True, exist_ok=True)
    write(options.features / "train.csv", train)
    write(options.features / "test.csv", test)
    print(f"{len(train)} images to train with, {len(test)} to test with")


def tables(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    if not found:
        raise SystemExit(f"no table (*.csv, *.csv.gz) in {folder}")
    return found


def read(path: Path) -> list[list[int]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [[int(float(cell)) for cell in row] for row in csv.reader(content.decode().splitlines())]
    wrong = next((number for number, row in enumerate(rows, start=1) if len(row) != PIXELS + 1), None)
    if wrong:
        raise SystemExit(f"row {wrong} of {path} has {len(rows[wrong - 1])} columns instead of {PIXELS + 1}")
    return rows


def split(images: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    seen: Counter[int] = Counter()
    train: list[list[int]] = []
    test: list[list[int]] = []
    for image in images:
        digit = image[-1]
        seen[digit] += 1
        (test if seen[digit] % TEST_EVERY == 0 else train).append(image)
    return train, test


def write(path: Path, images: list[list[int]]) -> None:
    with path.open("w", newline="") as file:
        rows = ([image[-1], *(pixel / BRIGHTEST for pixel in image[:-1])] for image in images)
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
