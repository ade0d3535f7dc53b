#!/usr/bin/env python3
"""A hundred thousand labelled rows: how long `deskhand train` takes over them, and how much memory.

    python3 benches/many_rows.py --input ../shared/data/tickets/it_service_47k/train.jsonl --deskhand target/release/deskhand

Rows are the file's texts whole, then their first and second halves, until there are enough; of texts with two
labels the first counts. Only heads are fitted, since that is what a training without `--tune` does.
"""
import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jsonl import rows, write


def many(source, wanted):
    labels, made = {}, []
    for part in ("whole", "first", "second"):
        for row in source:
            words = row["body"].split()
            half = len(words) // 2
            body = " ".join({"whole": words, "first": words[:half], "second": words[half:]}[part])
            label = labels.setdefault(body.lower(), row["category"])
            if body and label == row["category"]:
                made.append({**row, "id": f"{row['id']}-{part}", "body": body})
            if len(made) == wanted:
                return made
    sys.exit(f"the file gives {len(made)} rows, not {wanted}; name a longer one or ask for fewer (--rows)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, required=True, help="rows with id, body and category")
    parser.add_argument("--deskhand", default="target/release/deskhand", help="the program")
    parser.add_argument("--model", default="models/default", help="bundle to start from")
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        train = Path(place) / "train.jsonl"
        write(train, many(rows(arguments.input), arguments.rows))
        started = time.monotonic()
        subprocess.run(
            [arguments.deskhand, "train", "--train", train, "--out", Path(place) / "own", "--model", arguments.model],
            check=True, stdout=subprocess.DEVNULL)
        minutes = (time.monotonic() - started) / 60
    resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{arguments.rows} rows: ready after {minutes:.1f} minutes, at most {resident:.2f} GiB resident")


if __name__ == "__main__":
    main()
