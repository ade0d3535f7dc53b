#!/usr/bin/env python3
"""The answer confidence: fits the numbers in src/knowledge/ranking.rs, and says how they do.

    python3 benches/answer_confidence.py --deskhand target/release/deskhand --documentation ../shared/data/knowledge/kb_dev.jsonl

Reads the tickets of models/recipes/default/search, whose answering articles are known, through `deskhand evaluate`,
and fits a logistic regression to what the confidence stands on. Gaps count three of ten in each base; the public
documentation counts as much as the four bases of the first writers together. The eight bases of the later writers, two in
three of whose gaps lie near an article, are only measured: fitted along, they make the confidence so flat that at .5
more gaps count as answered. Each base is then measured with numbers that were fitted without it, beside those in use.
Needs scikit-learn.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from jsonl import rows, write

SIGNS = ["nearest", "lead", "unknown"]
FOLDER = Path("models/recipes/default/search")
# Documentation that the tickets of docs-tickets.jsonl are about, by the beginning of its ids.
DOCUMENTATION = ("sn-", "sys-")
FIRST = ["city", "saas", "shop", "uni"]
GAPS = 0.3


def judged(deskhand, articles, tickets, place):
    """Signs, whether an article answers, and the confidence in use, ticket by ticket."""
    asked = [{"id": t["id"], "subject": t["subject"], "body": t["body"], "relevant": t["articles"]} for t in tickets]
    write(place / "articles.jsonl", articles)
    write(place / "tickets.jsonl", asked)
    kb = ["--data", place / "kb"]
    subprocess.run([deskhand, "import", "articles", place / "articles.jsonl", *kb], check=True, capture_output=True)
    told = subprocess.run([deskhand, "evaluate", "--input", place / "tickets.jsonl", *kb, "--format", "json"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    answers = [answer for answer in json.loads(told)["answers"] if answer["signs"]]
    return (np.array([[answer["signs"][sign] for sign in SIGNS] for answer in answers]),
            np.array([answer["answered"] for answer in answers]),
            np.array([answer["answer_confidence"] for answer in answers]))


def weights(answered, share):
    return np.where(answered, share * (1 - GAPS) / answered.sum(), share * GAPS / (~answered).sum())


def share(base):
    return 4.0 if base == "docs" else 1.0 if base in FIRST else 0.0


def fit(bases):
    bases = {base: found for base, found in bases.items() if share(base)}
    signs = np.concatenate([signs for signs, _, _ in bases.values()])
    answered = np.concatenate([answered for _, answered, _ in bases.values()])
    weight = np.concatenate([weights(answered, share(base)) for base, (_, answered, _) in bases.items()])
    spread = signs.std(0)
    model = LogisticRegression(C=10).fit(signs / spread, answered, sample_weight=weight * len(weight) / weight.sum())
    return model.coef_[0] / spread, model.intercept_[0]


def calibration_error(answered, confidence):
    weight = weights(answered, 1.0)
    bins = np.minimum((confidence * 10).astype(int), 9)
    return sum(abs((weight * (answered - confidence))[bins == b].sum()) for b in range(10))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deskhand", default="target/release/deskhand", help="the program")
    parser.add_argument("--documentation", type=Path, help="articles that docs-tickets.jsonl is about; without it these are left out")
    arguments = parser.parse_args()
    bases = {}
    for tickets in sorted(FOLDER.glob("*-tickets.jsonl")):
        base = tickets.name.removesuffix("-tickets.jsonl")
        if base == "docs":
            if not arguments.documentation:
                continue
            articles = [row for row in rows(arguments.documentation) if row["id"].startswith(DOCUMENTATION)]
        else:
            articles = rows(FOLDER / f"{base}-articles.jsonl")
        with tempfile.TemporaryDirectory() as place:
            bases[base] = judged(arguments.deskhand, articles, rows(tickets), Path(place))
    slopes, offset = fit(bases)
    print("fitted: " + ", ".join(f"{sign} {slope:.2f}" for sign, slope in zip(SIGNS, slopes)) + f", offset {offset:.2f}\n")
    print(f"{'':<16}{'tickets':>8}{'gaps':>6}{'AUROC without it':>18}{'in use':>8}{'calibration error without it':>30}{'in use':>8}")
    for base, (signs, answered, confidence) in bases.items():
        slopes, offset = fit({other: found for other, found in bases.items() if other != base})
        without = 1 / (1 + np.exp(-(signs @ slopes + offset)))
        print(f"{base:<16}{len(answered):>8}{(~answered).sum():>6}{roc_auc_score(answered, without):>18.3f}"
              f"{roc_auc_score(answered, confidence):>8.3f}{calibration_error(answered, without):>30.3f}{calibration_error(answered, confidence):>8.3f}")


if __name__ == "__main__":
    main()
