#!/usr/bin/env python3
"""How far edited copies of an article lie from it, and other articles from one another.

    cargo build --release && python3 benches/duplicates.py target/release/deskhand

Of each sample article three copies are made, without every third, fifth or eighth sentence; all are
imported, and every pair's common words and mutual cosine are taken from `deskhand audit duplicates`.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LEFT_OUT = (3, 5, 8)


def rows(folder):
    for path in sorted(Path(folder).glob("*.md")):
        body = re.sub(r"^---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S)
        sentences = re.split(r"(?<=[.!?])\s+", body)
        yield path.stem, body
        for every in LEFT_OUT:
            kept = [text for at, text in enumerate(sentences) if at % every != every - 1]
            yield f"{path.stem}#{every}", " ".join(kept)


def quantiles(pairs, key):
    values = sorted(pair[key] for pair in pairs)
    at = lambda share: values[min(len(values) - 1, int(len(values) * share))]
    return "  ".join(f"{at(share):.3f}" for share in (0, 0.01, 0.5, 0.99, 1))


def main(deskhand):
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder, "articles.jsonl"), Path(folder, "data")
        with file.open("w", encoding="utf-8") as out:
            for name, body in rows("samples/articles"):
                row = {"id": name, "title": name.split("#")[0], "body": body, "body_format": "markdown"}
                out.write(json.dumps(row) + "\n")
        subprocess.run([deskhand, "import", "articles", file, "--data", data], check=True, capture_output=True)
        audit = [deskhand, "audit", "duplicates", "--data", data, "--format", "json"]
        everything = subprocess.run(audit + ["--overlap=0", "--cosine=-1"], check=True, capture_output=True)
        found = subprocess.run(audit, check=True, capture_output=True)
    source = lambda article: article["id"].split("#")[0]
    is_copy = lambda pair: source(pair["first"]) == source(pair["second"])
    pairs, found = json.loads(everything.stdout)["near"], json.loads(found.stdout)
    copies, others = [p for p in pairs if is_copy(p)], [p for p in pairs if not is_copy(p)]
    print("least, 1 %, median, 99 %, most")
    for name, some in (("edited copies", copies), ("other articles", others)):
        print(f"{name} ({len(some)} pairs)")
        print("  common words ", quantiles(some, "overlap"))
        print("  mutual cosine", quantiles(some, "cosine"))
    right = sum(is_copy(pair) for pair in found["near"])
    wrong = len(found["near"]) - right
    print(f"found with {found['thresholds']}: {right / len(copies):.1%} of the copies, {wrong} other pairs")


if __name__ == "__main__":
    main(sys.argv[1])
