"""Files of one JSON object a line, as all scripts here read and write them."""
import json
from pathlib import Path


def rows(path):
    # Not splitlines: texts may hold the line separators of Unicode.
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]


def write(path, rows):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
