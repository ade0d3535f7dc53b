"""Runs the same texts through ONNX Runtime, PyTorch, candle and Deskhand in turns and prints the ratios.

See README.md beside this file.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import contenders
import measure
import report
import texts

MASKS = ("avx2", "avxvnni", "avx512", "avx512vnni")

# What must not be seen under a mask, in the words of contender.rs.
HIDDEN = {
    "avx2": {"avx512f", "avx512vnni", "avxvnni"},
    "avxvnni": {"avx512f", "avx512vnni"},
    "avx512": {"avx512vnni", "avxvnni", "avx512bf16"},
    "avx512vnni": set(),
}


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of the base encoder (Hugging Face)")
    parser.add_argument("--tickets", type=Path, default=contenders.REPOSITORY / "samples/tickets.jsonl")
    parser.add_argument("--work", type=Path, default=contenders.REPOSITORY / "target/compare")
    parser.add_argument("--threads", type=int, default=cores(), help="default: all cores")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cases", help='words, e.g. "tickets,long mix,64 tokens x 1"; default: all')
    parser.add_argument("--mask", choices=MASKS, help="the best instruction set that every contender sees")
    parser.add_argument("--isa", help="instruction set that Deskhand's kernels use, e.g. portable")
    parser.add_argument("--json", type=Path, help="writes all that was measured here")
    return parser.parse_args()


def export(base: Path, work: Path) -> Path:
    """Exports the models in a process that is gone before anything is timed; gives their folder."""
    digest = hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()[:12]
    models = work / f"models-{digest}-{importlib.metadata.version('onnxruntime')}"
    script = str(contenders.HERE / "export.py")
    subprocess.run([sys.executable, script, str(base), str(models)], check=True)
    return models


def mask_environment(mask: str | None, work: Path) -> dict[str, str]:
    """What a process is started with so that it sees a lesser processor."""
    if mask is None:
        return {}
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise SystemExit("--mask works on Linux on x86-64 only")
    library = work / "mask_cpu.so"
    source = contenders.HERE / "mask_cpu.c"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return {"LD_PRELOAD": str(library), "MASK_CPU": mask}


def check_mask(mask: str | None, field: contenders.Field) -> None:
    """Stops where a contender still sees what should be hidden."""
    for child in field.of(contenders.CANDLE):
        seen = HIDDEN.get(mask or "", set()) & set(child.hello["cpu"])
        if seen:
            raise SystemExit(f"--mask {mask}: {child.name} still sees {', '.join(sorted(seen))}")


def machine(plan: contenders.Plan, mask: str | None, peak: float) -> str:
    """On what, and with what, this was measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.machine()
    packages = ("onnxruntime", "torch", "transformers")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    seen = f"masked to {mask}" if mask else "not masked"
    isa = f", Deskhand's kernels on {plan.isa}" if plan.isa else ""
    return (
        f"{processor}, {plan.threads} threads, {seen}{isa}; {versions}.\n"
        f"f32 peak: {peak:.0f} GFLOP/s, PyTorch's product of two large matrices on these threads.\n"
        "Ratios are of throughputs, paired in each round; above 1 is faster."
    )


def main() -> None:
    """Runs everything."""
    options = arguments()
    base = options.base.resolve()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    cases = texts.cases(base, options.tickets, options.cases)
    config = json.loads((base / "config.json").read_text())
    env = mask_environment(options.mask, work)
    plan = contenders.Plan(base, export(base, work), options.threads, options.isa, env)
    field = contenders.start_all(plan)
    try:
        for reason in field.left_out:
            print(f"left out: {reason}", file=sys.stderr)
        if missing := measure.complete(field):
            raise SystemExit(f"nothing to compare with: {', '.join(missing)}")
        check_mask(options.mask, field)
        peak = measure.peak_gflops(field)
        print(machine(plan, options.mask, peak), flush=True)
        results = []
        for case in cases:
            results.append(measure.measure(field, case, options.rounds))
            print(f"\n{report.case_tables(results[-1], config, peak)}", flush=True)
        print(f"\n{report.claims_table(results, options.mask)}")
        if options.json:
            options.json.write_text(json.dumps(report.as_json(results), indent=1))
    finally:
        field.stop()


if __name__ == "__main__":
    main()
