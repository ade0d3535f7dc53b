#!/usr/bin/env python3
"""The same articles and tickets through SQLite FTS5 and bm25s, beside the figures that benches/search.rs left.

    cargo bench --bench search -- --articles 100000 --write FOLDER
    pip install bm25s PyStemmer
    python3 benches/search_peers.py FOLDER

Everyone stems, leaves out English stop words and is asked for ten articles by any word of the ticket; one
query at a time. Neither of the others filters by audience, changes without a rebuild (bm25s) or compares
embeddings.
"""

import json
import os
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import bm25s
import Stemmer
from bm25s.stopwords import STOPWORDS_EN

WARM_UP = 20
TOP = 10
BATCH = 10_000


def times(queries, ask):
    """p50 and p99 in milliseconds of the queries after the first ones."""
    found = []
    for query in queries:
        began = time.perf_counter()
        ask(query)
        found.append((time.perf_counter() - began) * 1000)
    found = sorted(found[WARM_UP:])
    return {"p50": statistics.median(found), "p99": found[min(int(len(found) * 0.99), len(found) - 1)]}


def fts5(documents, queries):
    """On disk, synced as by default, merged at the end."""
    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(os.path.join(folder, "fts5.db"))
        base.execute("CREATE VIRTUAL TABLE articles USING fts5(id UNINDEXED, title, body, tokenize='porter unicode61')")
        began = time.perf_counter()
        for first in range(0, len(documents), BATCH):
            rows = [(d["id"], d["title"], d["body"]) for d in documents[first : first + BATCH]]
            with base:
                base.executemany("INSERT INTO articles VALUES (?, ?, ?)", rows)
        with base:
            base.execute("INSERT INTO articles(articles) VALUES ('optimize')")
        indexing = time.perf_counter() - began

        def ask(query):
            words = dict.fromkeys(word for word in query.lower().split() if word not in STOPWORDS_EN)
            match = " OR ".join(f'"{word}"' for word in words)
            sql = "SELECT id FROM articles WHERE articles MATCH ? ORDER BY bm25(articles, 0, 2, 1) LIMIT ?"
            return base.execute(sql, (match, TOP)).fetchall()

        return {"indexing": indexing, "words": times(queries, ask)}


def bm25s_in_memory(documents, queries):
    """Scores every article beforehand for every word; all in memory."""
    stemmer = Stemmer.Stemmer("english")
    texts = [f"{d['title']} {d['title']} {d['body']}" for d in documents]

    def tokens(texts):
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)

    began = time.perf_counter()
    index = bm25s.BM25()
    index.index(tokens(texts), show_progress=False)
    indexing = time.perf_counter() - began
    ask = lambda query: index.retrieve(tokens([query]), k=TOP, show_progress=False)
    return {"indexing": indexing, "words": times(queries, ask)}


def resident():
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def main():
    folder = Path(sys.argv[1])
    documents = [json.loads(line) for line in (folder / "documents.jsonl").open()]
    queries = (folder / "queries.txt").read_text().splitlines()
    ours = json.loads((folder / "figures.json").read_text())
    all_of = {"deskhand": ours, "SQLite FTS5": fts5(documents, queries)}
    before = resident()
    all_of["bm25s"] = bm25s_in_memory(documents, queries)
    grown = resident() - before
    count = len(documents)
    print(f"{count} articles, {len(queries) - WARM_UP} tickets; times as a multiple of deskhand's in brackets")
    print("| | articles/s | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, one in all_of.items():
        rate = lambda figures: count / figures["indexing"]
        cells = [f"{rate(one):,.0f} ({rate(one) / rate(ours):.2f})"]
        cells += [f"{one['words'][p]:.2f} ({one['words'][p] / ours['words'][p]:.2f})" for p in ("p50", "p99")]
        print(f"| {name}, words | " + " | ".join(cells) + " |")
    for name in ("vectors", "both", "embedding of the ticket", "all of it"):
        print(f"| deskhand, {name} | | {ours[name]['p50']:.2f} | {ours[name]['p99']:.2f} |")
    print(f"\nbm25s: {bm25s.__version__}, {grown:.0f} MB more with its index; SQLite {sqlite3.sqlite_version}")


main()
