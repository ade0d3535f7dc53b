#!/usr/bin/env python3
"""Labels by description: how good a head is that knows its labels by description and few or no examples.

    python3 benches/descriptions.py --data ../shared/data/tickets --deskhand target/release/deskhand

Two sets: the authored tickets with the 30 lines of models/recipes/default/categories.toml, measured on the dev
tickets; and BANKING77 with nothing but its labels' names, measured on a tenth of its training file that is held
back by a hash of the row's id (the official test file is not read). Of the training rows the first 0, 1, 3 and 10
of each label are taken in the order of such a hash. Each with and without descriptions, on the encoder of
models/default as it is. Prints Markdown.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from jsonl import rows, write
from own_labels import order

HOME = Path(__file__).resolve().parent.parent
EXAMPLES = [0, 1, 3, 10]


def few(train, most):
    seen, chosen = Counter(), []
    for row in sorted(train, key=lambda row: order(row, "few")):
        if seen[row["category"]] < most:
            seen[row["category"]] += 1
            chosen.append(row)
    return chosen


def sets(data, place):
    recipe = HOME / "models/recipes/default"
    yield "authored", rows(recipe / "tickets-train.jsonl"), rows(recipe / "tickets-dev.jsonl"), recipe / "categories.toml"
    banking = rows(data / "banking77/train.jsonl")
    names = place / "names.json"
    names.write_text(json.dumps({label: label.replace("_", " ") for label in {row["category"] for row in banking}}))
    train = [row for row in banking if order(row) % 10]
    yield "BANKING77, names only", train, [row for row in banking if order(row) % 10 == 0], names


def measure(arguments, place, train, dev, descriptions):
    """Macro-F1, accuracy, share that is suggested or better and its precision, share of auto."""
    command = [arguments.deskhand, "train", "--task", "category", "--model", arguments.model, "--out", place / "out"]
    if train:
        write(place / "train.jsonl", train)
        command += ["--train", place / "train.jsonl"]
    if descriptions:
        command += ["--descriptions", descriptions]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    write(place / "dev.jsonl", dev)
    report = subprocess.run(
        [arguments.deskhand, "evaluate", "--input", place / "dev.jsonl", "--model", place / "out",
         "--label-field", "category=category", "--format", "json"],
        check=True, stdout=subprocess.PIPE, stderr=sys.stderr)
    return json.loads(report.stdout)["tasks"]["category"]


def shown(task):
    auto, suggest = task["decisions"]["auto"], task["decisions"]["suggest"]
    part = lambda share: f"{share['share']:.2f}" + (f" @ {share['precision']:.2f}" if share["rows"] else "")
    return f"{task['macro_f1']:.3f} | {task['ece']:.2f} | {part(auto)} | {part(suggest)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77")
    parser.add_argument("--deskhand", default="target/release/deskhand", help="the program")
    parser.add_argument("--model", default="models/default", help="bundle to start from")
    arguments = parser.parse_args()
    print("| set | examples a label | descriptions | macro-F1 | calibration error | auto | suggest |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for name, train, dev, descriptions in sets(arguments.data, place):
            for examples in EXAMPLES:
                for with_them in (False, True):
                    if examples or with_them:
                        task = measure(arguments, place, few(train, examples), dev, descriptions if with_them else None)
                        print(f"| {name} | {examples} | {'yes' if with_them else 'no'} | {shown(task)} |", flush=True)


if __name__ == "__main__":
    main()
