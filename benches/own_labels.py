#!/usr/bin/env python3
"""Own labels: how good a bundle is that `deskhand train --tune` makes from somebody else's categories.

    python3 benches/own_labels.py --data ../shared/data/tickets --deskhand target/release/deskhand

For each set a part of the training file is held back by a hash of the row's id, the rest is learnt from,
and the accuracy on the held-back part is printed beside that of TF-IDF + logistic regression and a published
one, with the time that training took. Where the set has text that belongs to no label, a second line tells how
much of it is noticed, at a limit that was set without any such text. The official test files are not read.
"""
import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from jsonl import rows, write

# Set, folder, one row in so many is held back (or the file that is measured on), examples a label at most,
# published accuracy on the official test file.
SETS = [
    ("BANKING77", "banking77", 10, None, "BERT .937, DistilBERT .925"),
    ("BANKING77, 10 examples a label", "banking77", 10, 10, "USE + ConveRT .852"),
    ("CLINC150, in scope", "clinc150", "val.jsonl", None, "BERT .969"),
    ("it_service_47k", "it_service_47k", 5, None, "DistilBERT .8725"),
]
# Text that belongs to no label, by folder.
OUTSIDE = {"clinc150": "oos_val.jsonl"}


def order(row, salt=""):
    return int(hashlib.sha256((salt + row["id"]).encode()).hexdigest(), 16)


def split(folder, held_back, most):
    train = rows(folder / "train.jsonl")
    if isinstance(held_back, str):
        dev = rows(folder / held_back)
    else:
        dev = [row for row in train if order(row) % held_back == 0]
        train = [row for row in train if order(row) % held_back]
    if most:
        seen, few = Counter(), []
        for row in sorted(train, key=lambda row: order(row, "few")):
            if seen[row["category"]] < most:
                seen[row["category"]] += 1
                few.append(row)
        train = few
    return train, dev


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77, clinc150, it_service_47k")
    parser.add_argument("--deskhand", default="target/release/deskhand", help="the program")
    parser.add_argument("--only", default="", help="only sets whose name contains this")
    parser.add_argument("--model", default="models/default", help="bundle to start from")
    arguments = parser.parse_args()
    print(f"{'set':<34} {'rows':>6} {'held back':>9} {'accuracy':>9} {'TF-IDF':>7} {'minutes':>8}  published")
    for name, folder, held_back, most, published in SETS:
        if arguments.only not in name:
            continue
        with tempfile.TemporaryDirectory() as place:
            place = Path(place)
            train, dev = split(arguments.data / folder, held_back, most)
            write(place / "train.jsonl", train)
            write(place / "dev.jsonl", dev)
            started = time.monotonic()
            common = ["--task", "category", "--label-field", "category", "--model", arguments.model]
            subprocess.run(
                [arguments.deskhand, "train", "--tune", "--train", place / "train.jsonl", "--out", place / "own", *common],
                check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
            minutes = (time.monotonic() - started) / 60
            outside = ["--out-of-scope", arguments.data / folder / OUTSIDE[folder]] if folder in OUTSIDE else []
            report = json.loads(subprocess.run(
                [arguments.deskhand, "evaluate", "--input", place / "dev.jsonl", "--baseline", place / "train.jsonl",
                 "--model", place / "own", "--format", "json", *outside],
                check=True, stdout=subprocess.PIPE).stdout)
            task = report["tasks"]["category"]
            model, baseline = task["accuracy"], task["baseline"]["accuracy"]
            print(f"{name:<34} {len(train):>6} {len(dev):>9} {model:>9.3f} {baseline:>7.3f} {minutes:>8.1f}  {published}", flush=True)
            for scope in (report["scope"]["category"],) if outside else ():
                others = scope["outside"]
                print(f"  out of scope: {others['recall']:.3f} of {others['rows']} noticed; with that limit {scope['accuracy']:.3f} of "
                      f"the rows in scope are right ({scope['turned_away']:.3f} turned away); AUROC {others['auroc']:.3f}", flush=True)


if __name__ == "__main__":
    main()
