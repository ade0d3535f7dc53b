"""ONNX Runtime or PyTorch as a contender of compare.py, in a process of its own.

    python worker.py '{"engine":"ort","graph":"plain","weights":"fp32","models":DIR,"threads":4}'
    python worker.py '{"engine":"torch","base":DIR,"threads":4}'

speaks as contender.rs does: after a line `{"ready":true,…}`, each line
`{"texts":[[101,…],…],"arrangement":"parallel"|"split"|"batches","batch_size":8,"repeat":3,"embeddings":true}`
is answered with `{"seconds":[…],"embeddings":[[…],…]}`. Inputs are made before the clock starts.

`{"matmul":2048,"repeat":5}` (PyTorch only) times one large product of matrices: what the cores can do.
"""

import itertools
import json
import multiprocessing
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Texts = list[list[int]]
Rows = list[np.ndarray]


def padded(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Ids and mask of some texts, padded to the longest."""
    longest = max(map(len, texts))
    ids = np.zeros((len(texts), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


class Engine(Protocol):
    """What runs texts. Both calls give a function that runs them once; all else is done before."""

    def alone(self, texts: Texts) -> Callable[[], Rows]:
        """One text at a time on each thread."""

    def together(self, batches: list[Texts]) -> Callable[[], Rows]:
        """One batch after the other, each over all threads."""


class Lanes:
    """Threads that stay, each taking the next piece of work when it is done with one."""

    def __init__(self, threads: int) -> None:
        self.starts: list[queue.SimpleQueue] = [queue.SimpleQueue() for _ in range(threads)]
        self.done: queue.SimpleQueue = queue.SimpleQueue()
        for start in self.starts:
            threading.Thread(target=self._lane, args=(start,), daemon=True).start()

    def _lane(self, start: queue.SimpleQueue) -> None:
        while True:
            pieces, results, numbers = start.get()
            try:
                while (number := next(numbers)) < len(pieces):
                    results[number] = pieces[number]()
                self.done.put(None)
            except Exception as error:  # told to the caller below
                self.done.put(error)

    def run(self, pieces: list[Callable[[], Any]]) -> list[Any]:
        """Runs all pieces and gives their results in order."""
        if len(pieces) == 1:
            return [pieces[0]()]
        results: list[Any] = [None] * len(pieces)
        numbers = itertools.count()
        for start in self.starts:
            start.put((pieces, results, numbers))
        errors = [self.done.get() for _ in self.starts]
        for error in filter(None, errors):
            raise error
        return results


class OnnxRuntime:
    """One exported model."""

    def __init__(self, graph: str, weights: str, models: str, threads: int) -> None:
        self.graph, self.weights, self.models, self.threads = graph, weights, Path(models), threads
        self.lanes = Lanes(threads)
        self.sessions: dict[tuple[str, int], Any] = {}

    def _piece(self, texts: Texts, threads: int) -> Callable[[], np.ndarray]:
        ids, mask = padded(texts)
        if self.graph == "plain" and mask.all():
            session, feed = self._session("unmasked", threads), {"ids": ids}
        else:
            session, feed = self._session(self.graph, threads), {"ids": ids, "mask": mask}
        return lambda: session.run(None, feed)[0]

    def _session(self, graph: str, threads: int) -> Any:
        """With one thread a session runs on the caller's, and many callers may share it: this is faster
        than a session or a process for each, because they share the weights in the cache too."""
        import onnxruntime as ort

        if (graph, threads) not in self.sessions:
            options = ort.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            path = self.models / f"{graph}.{self.weights}.onnx"
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            self.sessions[graph, threads] = session
        return self.sessions[graph, threads]

    def alone(self, texts: Texts) -> Callable[[], Rows]:
        pieces = [self._piece([text], 1) for text in texts]
        return lambda: [means[0] for means in self.lanes.run(pieces)]

    def together(self, batches: list[Texts]) -> Callable[[], Rows]:
        pieces = [self._piece(batch, self.threads) for batch in batches]
        return lambda: [row for piece in pieces for row in piece()]


class TorchModel:
    """The encoder in PyTorch, f32."""

    def __init__(self, base: str, threads: int) -> None:
        import torch
        from transformers import AutoModel

        self.torch = torch
        torch.set_num_threads(threads)
        self.model = AutoModel.from_pretrained(base, attn_implementation="sdpa").eval()

    def piece(self, texts: Texts) -> Callable[[], np.ndarray]:
        """A function that gives the means of some texts."""
        ids, mask = map(self.torch.from_numpy, padded(texts))
        there = mask.unsqueeze(2).to(self.torch.float32)
        whole = bool(mask.all())

        def run() -> np.ndarray:
            with self.torch.inference_mode():
                # Without a mask where none is needed, which lets attention take its fast path.
                states = self.model(ids, attention_mask=None if whole else mask).last_hidden_state
                return ((states * there).sum(1) / there.sum(1)).numpy()

        return run


class Torch:
    """PyTorch with all threads in this process, and one process for each core beside it."""

    def __init__(self, base: str, threads: int) -> None:
        self.wide = TorchModel(base, threads)
        context = multiprocessing.get_context("spawn")
        self.next = context.Value("i", 0)
        self.lanes: list[Connection] = []
        for _ in range(threads):
            ours, theirs = context.Pipe()
            context.Process(target=torch_lane, args=(base, theirs, self.next), daemon=True).start()
            self.lanes.append(ours)

    def alone(self, texts: Texts) -> Callable[[], Rows]:
        for lane in self.lanes:
            lane.send(texts)
        for lane in self.lanes:
            lane.recv()

        def run() -> Rows:
            self.next.value = 0
            for lane in self.lanes:
                lane.send("run")
            numbered = [row for lane in self.lanes for row in lane.recv()]
            return [row for _, row in sorted(numbered, key=lambda pair: pair[0])]

        return run

    def together(self, batches: list[Texts]) -> Callable[[], Rows]:
        pieces = [self.wide.piece(batch) for batch in batches]
        return lambda: [row for piece in pieces for row in piece()]

    def matmul(self, size: int, repeat: int) -> list[float]:
        """Times the product of two square matrices."""
        torch = self.wide.torch
        left, right = torch.rand(size, size), torch.rand(size, size)
        return [timed(lambda: torch.mm(left, right))[0] for _ in range(repeat)]


def torch_lane(base: str, connection: Connection, numbers: Any) -> None:
    """A process of Torch: takes texts to prepare them, or "run" to run its share of them."""
    sys.stdout = sys.stderr
    model = TorchModel(base, 1)
    pieces: list[Callable[[], np.ndarray]] = []
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        if message != "run":
            pieces = [model.piece([text]) for text in message]
            connection.send(None)
            continue
        rows = []
        while True:
            with numbers.get_lock():
                number = numbers.value
                numbers.value += 1
            if number >= len(pieces):
                break
            rows.append((number, pieces[number]()[0]))
        connection.send(rows)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of a call, and what it gave."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def answer(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Runs a request."""
    repeat = request.get("repeat", 1)
    if "matmul" in request:
        if not isinstance(engine, Torch):
            raise ValueError("only PyTorch times a product")
        return {"seconds": engine.matmul(request["matmul"], repeat)}
    # Longest first: a batch holds texts of like length, and no thread is left with a long one at the end.
    places = sorted(range(len(request["texts"])), key=lambda place: -len(request["texts"][place]))
    texts = [request["texts"][place] for place in places]
    if request["arrangement"] == "parallel":
        run = engine.alone(texts)
    else:
        size = request["batch_size"] if request["arrangement"] == "batches" else 1
        run = engine.together([texts[i : i + size] for i in range(0, len(texts), size)])
    times = [timed(run) for _ in range(repeat)]
    result: dict[str, Any] = {"seconds": [seconds for seconds, _ in times]}
    if request.get("embeddings"):
        by_place = dict(zip(places, times[-1][1], strict=True))
        result["embeddings"] = [by_place[place].tolist() for place in range(len(places))]
    return result


def main() -> None:
    """Loads the engine and answers until standard input ends."""
    setup = json.loads(sys.argv[1])
    os.environ["HF_HUB_OFFLINE"] = "1"
    # What libraries print must not stand between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    engine_name = setup.pop("engine")
    engine: Engine = OnnxRuntime(**setup) if engine_name == "ort" else Torch(**setup)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            result = answer(engine, json.loads(line))
        except Exception as error:  # told to compare.py, which stops
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
