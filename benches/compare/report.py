"""Tables of what was measured, and of what issue 3 says must be shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contenders import ALONE, CANDLE, F32, INT8, ORT_F32, ORT_INT8, TOGETHER
from measure import Measured, Result
from texts import Case, flop

# From this share of the cores on, other programs disturb the ratios.
BUSY = 0.05


def quartiles(ratios: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of sorted numbers."""
    count = len(ratios)
    middle = (ratios[(count - 1) // 2] + ratios[count // 2]) / 2
    return ratios[(count - 1) // 4], middle, ratios[count - 1 - (count - 1) // 4]


def spread(ratios: list[float]) -> str:
    """Median with quartiles."""
    low, middle, high = quartiles(ratios)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its columns lined up."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def case_tables(result: Result, config: dict[str, int], peak: float) -> str:
    """The ratios of a case, and below them every arrangement that was tried."""
    bases = [result.best(ORT_F32), result.best(ORT_INT8)]
    rows = []
    for one in sorted(result.measured, key=lambda one: one.seconds):
        gflops = flop(result.case, config) / one.seconds / 1e9
        rows.append(
            [
                one.candidate.name,
                one.candidate.arrangement,
                f"{one.seconds * 1e3:.2f}",
                f"{result.case.tokens / one.seconds:,.0f}",
                f"{gflops / peak:.2f}",
                *(spread(one.times_as_fast(base)) if base else "" for base in bases),
                f"{one.cosines.mean():.6f}",
                f"{one.cosines.min():.6f}",
            ]
        )
    head = ["contender", "arrangement", "ms", "tokens/s", "of f32 peak"]
    head += ["x ORT fp32 (quartiles)", "x ORT int8 (quartiles)", "cosine", "lowest"]
    tried = [
        [candidate.name, candidate.arrangement, f"{seconds * 1e3:.2f}"]
        for candidate, seconds in sorted(result.trials, key=lambda pair: pair[1])
    ]
    trials = table(["tried", "arrangement", "ms"], tried) if result.case.mixed else ""
    busy = f"Other programs used {result.others:.0%} of the cores: measure again on a quiet machine."
    warning = busy if result.others > BUSY else ""
    return "\n\n".join(filter(None, [f"## {result.case.describe()}", warning, table(head, rows), trials]))


@dataclass(frozen=True)
class Claim:
    """A line of "Must show": one contender is so many times as fast as another, on some cases."""

    words: str
    ours: str
    theirs: str
    target: float
    about: Callable[[Case], bool]
    arrangement: tuple[str | None, str | None] = (None, None)
    """Which arrangement of ours and of theirs counts; the fastest where it is None."""

    def row(self, result: Result) -> list[str] | None:
        """Target, measured ratio and verdict."""
        ours = result.best(self.ours, self.arrangement[0])
        theirs = result.best(self.theirs, self.arrangement[1])
        if not self.about(result.case):
            return None
        if ours is None or theirs is None:
            return [self.words, result.case.name, f"{self.target}", "not measured", ""]
        ratios = ours.times_as_fast(theirs)
        verdict = "yes" if quartiles(ratios)[1] >= self.target else "no"
        return [self.words, result.case.name, f"{self.target}", spread(ratios), verdict]


def is_mixed(case: Case) -> bool:
    """Realistic lengths."""
    return case.mixed


def is_lone_ticket(case: Case) -> bool:
    """One text of 64 tokens."""
    return list(map(len, case.texts)) == [64]


def is_batch(case: Case) -> bool:
    """Several texts."""
    return len(case.texts) > 1


CLAIMS = [
    Claim("int8 against ORT int8, throughput", INT8, ORT_INT8, 1.6, is_mixed),
    Claim("int8 against ORT int8, one lone ticket", INT8, ORT_INT8, 2.5, is_lone_ticket),
    Claim("int8 against stock candle, throughput", INT8, CANDLE, 7, is_mixed),
    Claim("f32 against ORT fp32, a text on each core", F32, ORT_F32, 1.05, is_mixed, (ALONE, ALONE)),
    Claim("f32 against ORT fp32, one batch over all cores", F32, ORT_F32, 1.25, is_batch, (None, TOGETHER)),
]

# What is said of int8 on processors without VNNI; it stands in the place of the others where VNNI is hidden.
WITHOUT_VNNI = Claim("int8 against ORT fp32 without VNNI", INT8, ORT_F32, 1.3, is_mixed)

COSINES = [(INT8, 0.999), (F32, 0.99999)]


def claims_table(results: list[Result], mask: str | None) -> str:
    """Each claim with its target, what was measured and whether it holds."""
    claims = CLAIMS
    if mask in ("avx2", "avx512"):
        claims = [WITHOUT_VNNI, *(claim for claim in CLAIMS if claim.ours != INT8)]
    rows = [row for claim in claims for result in results if (row := claim.row(result))]
    for family, target in COSINES:
        for result in filter(lambda result: result.case.mixed, results):
            rows.append(cosine_row(family, target, result))
    head = ["claim", "case", "at least", "measured (quartiles)", "holds"]
    return f"## Claims\n\n{table(head, rows)}"


def cosine_row(family: str, target: float, result: Result) -> list[str]:
    """The claim that embeddings are kept."""
    words, best = f"{family.split()[-1]}, mean cosine to f32", result.best(family)
    if best is None:
        return [words, result.case.name, f"{target}", "not measured", ""]
    mean = best.cosines.mean()
    return [words, result.case.name, f"{target}", f"{mean:.6f}", "yes" if mean >= target else "no"]


def as_json(results: list[Result]) -> list[dict[str, Any]]:
    """All that was measured, for later."""

    def one(measured: Measured) -> dict[str, Any]:
        return {
            "family": measured.candidate.family,
            "arrangement": measured.candidate.arrangement,
            "detail": measured.candidate.detail,
            "seconds": measured.rounds,
            "cosine_mean": float(measured.cosines.mean()),
            "cosine_min": float(measured.cosines.min()),
        }

    return [
        {
            "case": result.case.name,
            "tokens": result.case.tokens,
            "used_by_others": result.others,
            "measured": [one(measured) for measured in result.measured],
            "trials": [
                {"name": c.name, "arrangement": c.arrangement, "seconds": s} for c, s in result.trials
            ],
        }
        for result in results
    ]
