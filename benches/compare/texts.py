"""The work: token ids, the same for every contender."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

LENGTHS = (16, 64, 128, 256)
BATCHES = (1, 8, 32)

# The longer mix: log-normal lengths, as texts of tickets have them where mail threads are long.
LONG_MIX_TEXTS = 128
LONG_MIX_MEDIAN = 90
LONG_MIX_SIGMA = 0.7
LONG_MIX_SHORTEST = 8

SEED = 3


@dataclass(frozen=True)
class Case:
    """Texts that are read in one go."""

    name: str
    texts: list[list[int]]
    """Token ids, special ones included."""
    mixed: bool
    """Whether their lengths differ as those of tickets do."""

    @property
    def tokens(self) -> int:
        """Tokens of all texts."""
        return sum(map(len, self.texts))

    def describe(self) -> str:
        """Name and size in words."""
        lengths = sorted(map(len, self.texts))
        if not self.mixed:
            return self.name
        middle, last = lengths[len(lengths) // 2], lengths[-1]
        return f"{self.name}: {len(lengths)} texts, median {middle} tokens, longest {last}"


def flop(case: Case, config: dict[str, int]) -> float:
    """Floating-point operations that reading takes: the products of matrices, of which all else is little."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    layers = config["num_hidden_layers"]
    linear = 2 * (4 * hidden * hidden + 2 * hidden * inner)
    return sum(layers * n * (linear + 4 * n * hidden) for n in map(len, case.texts))


class Source:
    """Tickets as token ids without the special ones."""

    def __init__(self, base: Path, tickets: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        empty = self.tokenizer.encode("").ids
        self.first, self.last = empty[0], empty[-1]
        sentence = base / "sentence_bert_config.json"
        self.longest = json.loads(sentence.read_text())["max_seq_length"] if sentence.exists() else 256
        rows = [json.loads(line) for line in tickets.read_text().splitlines() if line.strip()]
        self.tickets = [ids for ids in map(self._ticket, rows) if ids]
        if not self.tickets:
            raise SystemExit(f"{tickets} holds no ticket with a subject or a body")

    def _ticket(self, row: dict[str, str]) -> list[int]:
        """Subject and body in one text, as src/text/ticket.rs joins them."""
        parts = [(row.get(field) or "").strip() for field in ("subject", "body")]
        text = "\n".join(part for part in parts if part)
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _whole(self, ids: list[int], longest: int) -> list[int]:
        """Special tokens around, cut to `longest` with them."""
        return [self.first, *ids[: longest - 2], self.last]

    def fixed(self, length: int, batch: int) -> Case:
        """Texts of exactly one length, cut from the tickets' words."""
        stream = [token for ticket in self.tickets for token in ticket]
        draw = random.Random(SEED)
        texts = []
        for _ in range(batch):
            start = draw.randrange(len(stream))
            ids = [stream[(start + i) % len(stream)] for i in range(length - 2)]
            texts.append(self._whole(ids, length))
        return Case(f"{length} tokens x {batch}", texts, mixed=False)

    def mixed(self) -> Case:
        """The tickets as they are."""
        return Case("tickets", [self._whole(ids, self.longest) for ids in self.tickets], mixed=True)

    def long_mix(self) -> Case:
        """Tickets joined or cut to lengths drawn from a log-normal distribution."""
        draw = random.Random(SEED)
        texts = []
        for _ in range(LONG_MIX_TEXTS):
            wanted = LONG_MIX_MEDIAN * draw.lognormvariate(0, LONG_MIX_SIGMA)
            length = min(self.longest, max(LONG_MIX_SHORTEST, round(wanted)))
            ids: list[int] = []
            while len(ids) < length - 2:
                ids += draw.choice(self.tickets)
            texts.append(self._whole(ids, length))
        return Case("long mix", texts, mixed=True)


def cases(base: Path, tickets: Path, only: str | None) -> list[Case]:
    """All cases, or those whose name holds one of the words of `only`, which commas divide."""
    source = Source(base, tickets)
    fixed = [source.fixed(length, batch) for batch in BATCHES for length in LENGTHS]
    found = [*fixed, source.mixed(), source.long_mix()]
    if only:
        words = [word.strip() for word in only.split(",")]
        found = [case for case in found if any(word in case.name for word in words)]
        if not found:
            raise SystemExit(f"--cases {only}: no case has such a name")
    return found
