"""Who takes part, each in a process of its own, and in which arrangements."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export import WEIGHTS
from texts import Case

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

ORT_F32 = "ONNX Runtime fp32"
ORT_INT8 = "ONNX Runtime int8"
TORCH = "PyTorch f32"
CANDLE = "stock candle"
PORTABLE = "Deskhand portable"
F32 = "Deskhand f32"
INT8 = "Deskhand int8"

ALONE = "a text on each core"
TOGETHER = "all cores together"

# Batches of texts of like length that are tried on mixed texts.
BATCH_SIZES = (8, 16, 32)


class LeftOut(Exception):
    """A contender cannot take part; says why."""


class Child:
    """A contender's process, asked one line at a time."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.name = name
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
        )
        self.hello = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.complaints.seek(0)
            lines = self.complaints.read().strip().splitlines()
            last = lines[-1] if lines else f"ended with status {self.process.returncode}"
            raise LeftOut(f"{self.name}: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise LeftOut(f"{self.name}: {answer['error']}")
        return answer

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and waits for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        """Ends the process by ending its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@dataclass(frozen=True, eq=False)
class Candidate:
    """A contender in one arrangement. Of each family the fastest in each arrangement counts."""

    family: str
    arrangement: str
    """ALONE or TOGETHER."""
    detail: str
    child: Child
    request: dict[str, Any]

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.family}, {self.detail}" if self.detail else self.family

    def run(self, case: Case, repeat: int) -> list[float]:
        """Wall times of reading all texts of a case."""
        return self.child.ask({"texts": case.texts, "repeat": repeat, **self.request})["seconds"]

    def embeddings(self, case: Case) -> list[list[float]]:
        """The mean hidden state of each text."""
        return self.child.ask({"texts": case.texts, "embeddings": True, **self.request})["embeddings"]


@dataclass(frozen=True)
class Entry:
    """A contender that was started."""

    family: str
    detail: str
    """What distinguishes it within the family."""
    child: Child
    arrangements: tuple[str, ...]
    """Those for which it was started."""


@dataclass
class Field:
    """All contenders that could be started."""

    entries: list[Entry]
    left_out: list[str]

    def of(self, family: str) -> list[Child]:
        """The processes of a family."""
        return [entry.child for entry in self.entries if entry.family == family]

    def candidates(self, case: Case) -> list[Candidate]:
        """Every arrangement that is worth a trial on a case."""
        sizes = BATCH_SIZES if case.mixed else (len(case.texts),)
        found = []
        for entry in self.entries:
            family, detail, child = entry.family, entry.detail, entry.child
            if ALONE in entry.arrangements:
                found.append(Candidate(family, ALONE, detail, child, {"arrangement": "parallel"}))
            if TOGETHER not in entry.arrangements:
                continue
            ways: list[dict[str, Any]] = [{"arrangement": "batches", "batch_size": n} for n in sizes if n > 1]
            if len(case.texts) == 1 or family in (CANDLE, F32, INT8):
                ways.append({"arrangement": "split"})
            for way in ways:
                one = f"batches of {way['batch_size']}" if "batch_size" in way else "one text at a time"
                label = ", ".join(filter(None, [detail, one]))
                found.append(Candidate(family, TOGETHER, label, child, way))
        return found

    def stop(self) -> None:
        """Ends all processes."""
        for entry in self.entries:
            entry.child.stop()


def build_contender() -> Path:
    """Builds the Rust side and gives its path."""
    command = ["cargo", "bench", "--locked", "--bench", "contender", "--no-run", "--message-format=json"]
    print("building the Rust contender", file=sys.stderr)
    built = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        raise SystemExit("the Rust contender could not be built")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "contender":
            return Path(message["executable"])
    raise SystemExit("cargo named no contender among what it built")


@dataclass(frozen=True)
class Plan:
    """What all contenders are started with."""

    base: Path
    models: Path
    threads: int
    isa: str | None
    env: dict[str, str]
    """Masks the processor where asked for."""


def start_all(plan: Plan) -> Field:
    """Starts every contender; those that cannot start are named."""
    field = Field([], [])

    def start(
        family: str,
        detail: str,
        command: list[str],
        setup: dict[str, Any],
        arrangements: tuple[str, ...] = (ALONE, TOGETHER),
        env: dict[str, str] | None = None,
    ) -> None:
        setup = {"threads": plan.threads, **setup}
        name = " ".join(filter(None, [family, detail]))
        try:
            child = Child(name, [*command, json.dumps(setup)], {**plan.env, **(env or {})})
            field.entries.append(Entry(family, detail, child, arrangements))
        except LeftOut as reason:
            field.left_out.append(str(reason))

    worker = [sys.executable, str(HERE / "worker.py")]
    for weights in WEIGHTS:
        for graph in ("plain", "fused"):
            family = ORT_F32 if weights == "fp32" else ORT_INT8
            detail = graph if weights == "fp32" else f"{graph}, per {weights.removeprefix('int8_')}"
            setup = {"engine": "ort", "graph": graph, "weights": weights, "models": str(plan.models)}
            start(family, detail, worker, setup)
    start(TORCH, "", worker, {"engine": "torch", "base": str(plan.base)})

    contender = [str(build_contender())]
    candle = {"encoder": "candle", "base": str(plan.base)}
    # candle decides once in a process over how many threads it splits a product.
    alone, together = ({"RAYON_NUM_THREADS": str(threads)} for threads in (1, plan.threads))
    start(CANDLE, "", contender, candle, (ALONE,), alone)
    start(CANDLE, "", contender, candle, (TOGETHER,), together)
    start(PORTABLE, "", contender, {**candle, "encoder": "portable"}, (ALONE,), alone)
    isa = {"isa": plan.isa} if plan.isa else {}
    start(F32, "", contender, {**candle, "encoder": "f32", **isa})
    start(INT8, "", contender, {**candle, "encoder": "int8", **isa})
    return field
