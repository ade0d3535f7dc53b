#!/usr/bin/env python3
"""The answer confidence: fits the numbers in src/knowledge/ranking.rs, and says how they do.

    python3 benches/answer_confidence.py --deskhand target/release/deskhand --documentation ../shared/data/knowledge/kb_dev.jsonl

Reads the tickets of models/recipes/default/search, whose answering articles are known, through `deskhand evaluate`,
and fits a logistic regression to what the confidence stands on. What the bundle has learnt about search from these
very tickets it must not be asked about them: so the bases are left out in turns, a bundle is made from the others
with `deskhand train --search-recipe`, and that one reads those left out. Of the public documentation, which no
other base is like, the tickets about half of the articles are left out in turn. Gaps count three of ten in each base,
those near an article half of that; the documentation counts as much as every fifth of the others. Each base is then
measured with numbers that were fitted without it.
With --plain the same for a bundle that has learnt nothing of answers. Needs scikit-learn, and a quarter of an hour.
"""
import argparse
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from jsonl import rows, write

SIGNS = ["cosine", "lead", "unknown"]
FOLDER = Path("models/recipes/default/search")
MODEL = Path("models/default")
# Documentation that the tickets of docs-tickets.jsonl are about, by the beginning of its ids.
DOCUMENTATION = ("sn-", "sys-")
TURNS = 2
GAPS = 0.3
# Of the gaps those that lie near an article, where a base says which do.
NEAR = 0.5


class Base:
    def __init__(self, name, articles, tickets):
        self.name, self.articles, self.tickets = name, articles, tickets

    def left_out(self, number, turn):
        """Its tickets that are left out in this turn."""
        if self.name == "docs":
            return [ticket for ticket in self.tickets if half(ticket) == turn]
        return self.tickets if number % TURNS == turn else []

    def save(self, place, tickets):
        write(place / f"{self.name}-articles.jsonl", self.articles)
        write(place / f"{self.name}-tickets.jsonl", tickets)


def half(ticket):
    about = min(ticket["articles"], default=ticket["id"])
    return hashlib.sha256(about.encode()).digest()[0] % TURNS


def read(documentation):
    bases = []
    for tickets in sorted(FOLDER.glob("*-tickets.jsonl")):
        name = tickets.name.removesuffix("-tickets.jsonl")
        if name != "docs":
            bases.append(Base(name, rows(FOLDER / f"{name}-articles.jsonl"), rows(tickets)))
        elif documentation:
            articles = [row for row in rows(documentation) if row["id"].startswith(DOCUMENTATION)]
            bases.append(Base(name, articles, rows(tickets)))
    return bases


def bundle(deskhand, bases, turn, place):
    """A bundle that has learnt about search from what is not left out."""
    recipe = []
    for number, base in enumerate(bases):
        left_out = {ticket["id"] for ticket in base.left_out(number, turn)}
        others = [ticket for ticket in base.tickets if ticket["id"] not in left_out]
        if others:
            base.save(place, others)
            recipe.append(f'[[base]]\narticles = "{base.name}-articles.jsonl"\ntickets = ["{base.name}-tickets.jsonl"]\n')
    (place / "recipe.toml").write_text("\n".join(recipe))
    subprocess.run([deskhand, "train", "--search-recipe", place / "recipe.toml", "--model", MODEL, "--out", place / "bundle"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return place / "bundle"


def judged(deskhand, base, tickets, model):
    """Signs, the plain cosine, whether an article answers, and whether one comes near, ticket by ticket."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        base.save(place, tickets)
        known = ["--data", place / "kb", "--model", model]
        subprocess.run([deskhand, "import", "articles", place / f"{base.name}-articles.jsonl", *known],
                       check=True, capture_output=True)
        told = subprocess.run([deskhand, "evaluate", "--input", place / f"{base.name}-tickets.jsonl", *known, "--format", "json"],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    answers = json.loads(told)["answers"]
    near = [bool(ticket.get("near")) for ticket, answer in zip(tickets, answers, strict=True) if answer["signs"]]
    answers = [answer for answer in answers if answer["signs"]]
    signs = [answer["signs"] for answer in answers]
    # Of the two cosines the learnt one counts alone: beside it the plain one would count against an answer.
    cosines = [sign["nearest"] if sign["fitting"] is None else sign["fitting"] for sign in signs]
    return ([[cosine, sign["lead"], sign["unknown"]] for cosine, sign in zip(cosines, signs)],
            [sign["nearest"] for sign in signs], [answer["answered"] for answer in answers], near)


def gathered(arguments, bases):
    """For each base the signs by bundles that have not seen the tickets."""
    found = {base.name: ([], [], [], []) for base in bases}
    for turn in range(TURNS):
        with tempfile.TemporaryDirectory() as place:
            model = arguments.plain or bundle(arguments.deskhand, bases, turn, Path(place))
            for number, base in enumerate(bases):
                tickets = base.left_out(number, turn)
                if tickets:
                    print(f"turn {turn + 1} of {TURNS}: {base.name}", flush=True)
                    for all_of_base, new in zip(found[base.name], judged(arguments.deskhand, base, tickets, model)):
                        all_of_base.extend(new)
    return {name: tuple(np.array(part) for part in parts) for name, parts in found.items()}


def weights(answered, near, share):
    """What each ticket counts: gaps GAPS of all in a base, those near an article NEAR of these."""
    weight = np.where(answered, share * (1 - GAPS) / answered.sum(), 0.0)
    kinds = [(~answered & near, NEAR), (~answered & ~near, 1 - NEAR)]
    there = sum(part for kind, part in kinds if kind.any())
    for kind, part in kinds:
        if kind.any():
            weight[kind] = share * GAPS * part / there / kind.sum()
    return weight


def fit(bases):
    signs, _, answered, _ = (np.concatenate(parts) for parts in zip(*bases.values()))
    # As much as every fifth of the others.
    documentation = max(1.0, (len(bases) - 1) / 5)
    weight = np.concatenate([weights(answered, near, documentation if base == "docs" else 1.0)
                             for base, (_, _, answered, near) in bases.items()])
    spread = signs.std(0)
    model = LogisticRegression(C=10).fit(signs / spread, answered, sample_weight=weight * len(weight) / weight.sum())
    return model.coef_[0] / spread, model.intercept_[0]


def calibration_error(answered, near, confidence):
    weight = weights(answered, near, 1.0)
    bins = np.minimum((confidence * 10).astype(int), 9)
    return sum(abs((weight * (answered - confidence))[bins == b].sum()) for b in range(10))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deskhand", type=Path, default=Path("target/release/deskhand"), help="the program")
    parser.add_argument("--documentation", type=Path, help="articles that docs-tickets.jsonl is about; without it these are left out")
    parser.add_argument("--plain", type=Path, help="a bundle that has learnt nothing of answers")
    arguments = parser.parse_args()
    bases = gathered(arguments, read(arguments.documentation))
    slopes, offset = fit(bases)
    print("\nfitted: " + ", ".join(f"{sign} {slope:.2f}" for sign, slope in zip(SIGNS, slopes)) + f", offset {offset:.2f}\n")
    print(f"{'':<16}{'tickets':>8}{'gaps':>6}{'AUROC':>8}{'of plain cosine':>17}{'calibration error':>19}")
    for base, (signs, plain, answered, near) in bases.items():
        slopes, offset = fit({other: found for other, found in bases.items() if other != base})
        confidence = 1 / (1 + np.exp(-(signs @ slopes + offset)))
        print(f"{base:<16}{len(answered):>8}{(~answered).sum():>6}{roc_auc_score(answered, confidence):>8.3f}"
              f"{roc_auc_score(answered, plain):>17.3f}{calibration_error(answered, near, confidence):>19.3f}")


if __name__ == "__main__":
    main()
