"""Gap groups beside a TF-IDF k-means, on planted themes and unanswered tickets.

    cargo build && python3 benches/gaps.py --themes clinc150/train.jsonl banking77/train.jsonl --gap dev_gap.jsonl

Draws --intents labels of each file of themes with --sizes tickets each, adds the gap tickets (each a theme of its
own: nobody says which belong together), and lets `deskhand audit gaps` put them together over a base of one
article that answers none. Prints the adjusted Rand index and the V-measure; a ticket that is in no group is a group
of its own. The baseline is told the true number of themes. Needs scikit-learn.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, v_measure_score

from jsonl import rows

ARTICLE = {"id": "a", "title": "Feeding the office aquarium", "body": "Two pinches each morning."}


def run(binary, *args):
    done = subprocess.run([binary, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(args)}\n{done.stderr}")
    return done.stdout


def planted(args, draw):
    tickets = []
    for place, path in enumerate(args.themes):
        by_label = defaultdict(list)
        for row in rows(path):
            by_label[row["category"]].append(row)
        for label in draw.sample(sorted(by_label), args.intents):
            for row in draw.sample(by_label[label], draw.choice(args.sizes)):
                text = row.get("body") or row.get("text") or ""
                tickets.append({"id": f"{place}-{row['id']}", "subject": row.get("subject", ""), "body": text, "theme": f"{place} {label}"})
    for row in rows(args.gap) if args.gap else []:
        tickets.append({"id": row["id"], "subject": row.get("subject", ""), "body": row.get("body", ""), "theme": row["id"]})
    draw.shuffle(tickets)
    return tickets


def ours(args, tickets, folder):
    file = folder / "tickets.jsonl"
    keep = lambda row: {key: row[key] for key in ["id", "subject", "body"]}
    file.write_text("".join(json.dumps(keep(row)) + "\n" for row in tickets), encoding="utf-8")
    groups = json.loads(run(args.binary, "audit", "gaps", "--tickets", str(file), "--data", str(folder / "kb"),
                            "--top", "10000", "--format", "json"))
    of = {member: group["id"] for group in groups for member in group["members"]}
    return [of.get(row["id"], row["id"]) for row in tickets], len(groups)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--themes", nargs="+", required=True, help="labelled rows; `category` is the theme")
    parser.add_argument("--gap", help="tickets that no article answers")
    parser.add_argument("--intents", type=int, default=12, help="labels of each file")
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 10, 20, 30])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--binary", default="target/debug/deskhand")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "article.jsonl").write_text(json.dumps(ARTICLE) + "\n", encoding="utf-8")
        run(args.binary, "import", "articles", str(folder / "article.jsonl"), "--data", str(folder / "kb"))
        print("tickets themes | groups   ARI     V | k-means ARI     V")
        for round in range(args.rounds):
            tickets = planted(args, random.Random(args.seed * 1000 + round))
            truth = [row["theme"] for row in tickets]
            found, groups = ours(args, tickets, folder)
            texts = [f"{row['subject']} {row['body']}" for row in tickets]
            words = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit_transform(texts)
            base = KMeans(len(set(truth)), n_init=10, random_state=round).fit_predict(words)
            figures = [(adjusted_rand_score(truth, x), v_measure_score(truth, x)) for x in (found, base)]
            (ari, v), (base_ari, base_v) = figures
            print(f"{len(tickets):7} {len(set(truth)):6} | {groups:6} {ari:.3f} {v:.3f} |     {base_ari:.3f} {base_v:.3f}", flush=True)


if __name__ == "__main__":
    main()
