"""Faults planted in a knowledge base, and what `deskhand audit coverage` finds of them.

    cargo build && python3 benches/coverage.py \
        --articles samples/articles --tickets samples/tickets.jsonl --rounds 10
    python3 benches/coverage.py --articles kb_dev.jsonl --tickets dev_queries.jsonl --gap dev_gap.jsonl

Tickets whose answering articles are known (`relevant`, `articles` or `article_ids`) are put into categories of
--size tickets each, those about neighbouring articles together; tickets that nothing answers make categories of
their own, which are missing by nature. In each round some categories with an answer get a fault:
  missing        all their articles are archived, or with --removed deleted are deleted
  outdated       all their articles last changed three years ago (the others a month ago)
  not resolving  seven in ten of their tickets are opened again (of the others one in twenty)
and each flag of each category counts as found, missed or false. The thresholds were chosen on the samples and on
the bases of models/recipes/default/search, never on what a reader may pass here.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

from jsonl import rows

KINDS = ["missing", "outdated", "not_resolving"]
TO = "2026-11-22"
FRESH, OLD = "2026-10-22T00:00:00Z", "2023-11-22T00:00:00Z"


def answers(row):
    return row.get("relevant") or row.get("articles") or row.get("article_ids") or []


def run(binary, *args):
    done = subprocess.run([binary, *args], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(args)}\n{done.stderr}")
    return done.stdout


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def chunks(tickets, size, name):
    """Categories of `size` tickets; of a last one that is too small its tickets go to the one before."""
    count = max(1, len(tickets) // size)
    return {f"{name} {i + 1}": tickets[i * len(tickets) // count:(i + 1) * len(tickets) // count] for i in range(count)}


def categories(tickets, gaps, size, draw):
    """Tickets by category; those of one article stay together."""
    by_article = defaultdict(list)
    for row in tickets:
        by_article[answers(row)[0]].append(row)
    ordered = [row for article in sorted(by_article) for row in by_article[article]]
    draw.shuffle(gaps)
    return chunks(ordered, size, "covered"), chunks(gaps, size, "gap") if gaps else {}


def own(name, covered):
    """The articles of a category that are no other category's first answers."""
    others = {answers(row)[0] for n, rows in covered.items() if n != name for row in rows}
    return {a for row in covered[name] for a in answers(row)} - others


def plant(covered, each, draw):
    """Which covered categories get which fault. What is to be missing must not be answered by others' articles."""
    names, faults = list(covered), {}
    draw.shuffle(names)
    for kind in KINDS * each:
        for name in names:
            mine = own(name, covered)
            asked = [row for row in covered[name]]
            alone = all(set(answers(row)) <= mine for row in asked)
            if name not in faults and (alone or kind != "missing" and sum(answers(row)[0] in mine for row in asked) * 2 > len(asked)):
                faults[name] = kind
                break
    return faults


def ids(covered, faults, kind):
    """The articles with this fault."""
    return sorted(id for name, fault in faults.items() if fault == kind for id in own(name, covered))


def delete(args, data, ids):
    """Deletes the articles through a service over the data folder."""
    command = [args.binary, "serve", "--listen", "127.0.0.1:0", "--data", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        try:
            address = re.search(r"http://\S+", service.stdout.readline())[0]
            for id in ids:
                path = f"/v1/articles/{urllib.parse.quote(id, safe='')}"
                urllib.request.urlopen(urllib.request.Request(address + path, method="DELETE")).close()
        finally:
            service.terminate()


def spoil(args, data, folder, articles, covered, faults):
    """Changes the articles of the base as the round has them; those that have to be put back after it."""
    gone, old = ids(covered, faults, "missing"), ids(covered, faults, "outdated")
    changed = [{**articles[id], "updated_at": OLD} for id in old]
    if args.removed == "archived":
        changed += [{**articles[id], "status": "archived"} for id in gone]
    run(args.binary, "import", "articles", write(folder / "changed.jsonl", changed), "--data", data)
    if args.removed == "deleted":
        delete(args, data, gone)
    return [articles[id] for id in gone + old]


def asked(covered, gaps, faults, draw):
    for name, tickets in {**covered, **gaps}.items():
        for row in tickets:
            share = 0.7 if faults.get(name) == "not_resolving" else 0.05
            yield {"id": row["id"], "subject": row.get("subject", ""), "body": row.get("body", ""),
                   "category": name, "reopened": int(draw.random() < share)}


def base(args, folder):
    """The data folder, and its articles by id as they are when nothing is wrong with them."""
    data, exported, done = str(folder / "kb"), folder / "base.jsonl", folder / "fresh.jsonl"
    if not done.exists():
        run(args.binary, "import", "articles", args.articles, "--data", data)
        run(args.binary, "export", "articles", "--data", data, "--output", str(exported))
        fresh = [{**row, "updated_at": FRESH} for row in rows(exported)]
        for row in fresh:
            row.pop("expires_at", None), row.pop("review_at", None)
        file = write(folder / "begun.jsonl", fresh)
        run(args.binary, "import", "articles", file, "--data", data)
        Path(file).rename(done)
    return data, {row["id"]: row for row in rows(done)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", required=True, help="articles, as `deskhand import articles` reads them")
    parser.add_argument("--tickets", required=True, help="tickets with the articles that answer them")
    parser.add_argument("--gap", help="tickets that nothing answers, beside those of --tickets without articles")
    parser.add_argument("--removed", choices=["archived", "deleted"], default="archived", help="what became of missing articles")
    parser.add_argument("--size", type=int, default=10, help="tickets a category")
    parser.add_argument("--each", type=int, default=2, help="categories with each fault")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--binary", default="target/debug/deskhand")
    parser.add_argument("--keep", help="folder in which the base is kept, so that a further run need not read it")
    parser.add_argument("--prepare", action="store_true", help="only make the base in --keep")
    parser.add_argument("--misses", action="store_true", help="name what was missed or false")
    args = parser.parse_args()
    all_tickets = rows(args.tickets)
    tickets = [row for row in all_tickets if answers(row)]
    gaps = [row for row in all_tickets if not answers(row)] + (rows(args.gap) if args.gap else [])
    counts = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(args.keep or folder)
        folder.mkdir(parents=True, exist_ok=True)
        data, fresh = base(args, folder)
        if args.prepare:
            return
        for round in range(args.rounds):
            draw = random.Random(args.seed * 1000 + round)
            covered, missing = categories(tickets, gaps, args.size, draw)
            faults = plant(covered, args.each, draw)
            restored = spoil(args, data, folder, fresh, covered, faults)
            file = write(folder / "tickets.jsonl", asked(covered, missing, faults, draw))
            report = json.loads(run(args.binary, "audit", "coverage", "--tickets", file, "--data", data, "--to", TO,
                                    "--top", "1000", "--format", "json"))
            run(args.binary, "import", "articles", write(folder / "restored.jsonl", restored), "--data", data)
            judge(report, faults, missing, counts, args.misses)
    print(f"{len(covered)} categories with an answer, {len(missing)} without, {args.rounds} rounds")
    print("flag            found  missed  false  precision  recall")
    for kind in KINDS:
        found, missed, false = (counts[kind][name] for name in ["found", "missed", "false"])
        precision = found / (found + false) if found + false else float("nan")
        recall = found / (found + missed) if found + missed else float("nan")
        print(f"{kind:15} {found:5} {missed:7} {false:6} {precision:10.3f} {recall:7.3f}")
    print(f"healthy categories named: {counts['missing']['healthy named']} of {counts['missing']['healthy']}")


def judge(report, faults, gaps, counts, names):
    for category in report["categories"]:
        name = category["category"]
        truth = "missing" if name in gaps else faults.get(name)
        flags = {flag["kind"] for flag in category["flags"]}
        if truth is None:
            counts["missing"]["healthy"] += 1
            counts["missing"]["healthy named"] += bool(flags)
        for kind in KINDS:
            what = {(True, True): "found", (True, False): "missed", (False, True): "false"}.get((truth == kind, kind in flags))
            if what:
                counts[kind][what] += 1
            if what in ("missed", "false") and names:
                print(what, kind, name, "is", truth, json.dumps(category["adequate"]), flags, file=sys.stderr)


if __name__ == "__main__":
    main()
