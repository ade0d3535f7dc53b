"""Measures in turns, so that what disturbs the machine disturbs all contenders alike."""

import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from contenders import ORT_F32, ORT_INT8, TORCH, Candidate, Field
from texts import Case

TRIAL_SECONDS = 0.15
ROUND_SECONDS = 0.3

# Threads of ONNX Runtime and OpenMP look for more work for a while before they sleep; nobody shall be timed
# beside those of another contender.
PAUSE_SECONDS = 0.05
LOOK_SECONDS = 0.5


@dataclass
class Measured:
    """A candidate's results on a case."""

    candidate: Candidate
    rounds: list[float]
    """Median wall time of each round."""
    cosines: np.ndarray
    """Of each text's embedding to PyTorch's in f32."""

    @property
    def seconds(self) -> float:
        """Median over the rounds."""
        return median(self.rounds)

    def times_as_fast(self, other: "Measured") -> list[float]:
        """Ratio of throughputs in each round, lowest first."""
        return sorted(theirs / ours for ours, theirs in zip(self.rounds, other.rounds, strict=True))


@dataclass
class Result:
    """What a case gave."""

    case: Case
    trials: list[tuple[Candidate, float]]
    """Each arrangement that was tried, with its best time."""
    measured: list[Measured]
    """The fastest of each family in each arrangement, measured in turns."""
    others: float
    """Share of the cores that other programs used just before."""

    def best(self, family: str, arrangement: str | None = None) -> Measured | None:
        """The fastest of a family, in one arrangement or in any."""
        found = [
            one
            for one in self.measured
            if one.candidate.family == family and arrangement in (None, one.candidate.arrangement)
        ]
        return min(found, key=lambda one: one.seconds, default=None)


def used_by_others() -> float:
    """Share of the cores that is in use while no contender has anything to do."""

    def idle_and_all() -> tuple[int, int]:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    if not Path("/proc/stat").exists():
        return math.nan
    time.sleep(PAUSE_SECONDS)
    idle_before, all_before = idle_and_all()
    time.sleep(LOOK_SECONDS)
    idle_after, all_after = idle_and_all()
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def normalised(rows: list[list[float]]) -> np.ndarray:
    """Rows at unit length."""
    array = np.asarray(rows, dtype=np.float64)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def repeats(seconds: float, wanted: float) -> int:
    """How often something is to be run to fill some time."""
    return max(1, math.ceil(wanted / seconds))


def trials(candidates: list[Candidate], case: Case) -> list[tuple[Candidate, float]]:
    """The best time of each candidate, from two short turns after one to warm up."""
    times = [min(candidate.run(case, 1)) for candidate in candidates]
    best = [math.inf] * len(candidates)
    for _ in range(2):
        for number, candidate in enumerate(candidates):
            time.sleep(PAUSE_SECONDS)
            seconds = median(candidate.run(case, repeats(times[number], TRIAL_SECONDS)))
            best[number] = min(best[number], seconds)
    return list(zip(candidates, best, strict=True))


def finalists(tried: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
    """The fastest of each family in each arrangement."""
    groups: dict[tuple[str, str], tuple[Candidate, float]] = {}
    for candidate, seconds in tried:
        key = (candidate.family, candidate.arrangement)
        if key not in groups or seconds < groups[key][1]:
            groups[key] = (candidate, seconds)
    return list(groups.values())


def measure(field: Field, case: Case, rounds: int) -> Result:
    """Tries every arrangement, then times the best ones in turns."""
    print(f"measuring {case.describe()}", file=sys.stderr)
    others = used_by_others()
    tried = trials(field.candidates(case), case)
    chosen = finalists(tried)
    times: list[list[float]] = [[] for _ in chosen]
    order = random.Random(len(case.texts))
    for _ in range(rounds):
        turns = list(enumerate(chosen))
        order.shuffle(turns)
        for number, (candidate, seconds) in turns:
            time.sleep(PAUSE_SECONDS)
            times[number].append(median(candidate.run(case, repeats(seconds, ROUND_SECONDS))))
    true = normalised(reference(field, case))
    measured = []
    for (candidate, _), one in zip(chosen, times, strict=True):
        cosines = (normalised(candidate.embeddings(case)) * true).sum(1)
        measured.append(Measured(candidate, one, cosines))
    return Result(case, tried, measured, others)


def reference(field: Field, case: Case) -> list[list[float]]:
    """PyTorch's embeddings in f32, each text read alone."""
    child = field.of(TORCH)[0]
    return child.ask({"texts": case.texts, "arrangement": "parallel", "embeddings": True})["embeddings"]


def peak_gflops(field: Field) -> float:
    """What all cores reach in f32 in one large product of matrices (PyTorch's)."""
    size = 2048
    seconds = field.of(TORCH)[0].ask({"matmul": size, "repeat": 15})["seconds"]
    return 2 * size**3 / median(sorted(seconds)[:5]) / 1e9


def complete(field: Field) -> list[str]:
    """Families without which there is nothing to compare with."""
    return [family for family in (ORT_F32, ORT_INT8, TORCH) if not field.of(family)]
