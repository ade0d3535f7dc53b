"""How near each other tickets of one incident are, on invented ones, and what the threshold of
`signals.incident.cosine` finds among them.

    deskhand serve --data /tmp/empty --listen 127.0.0.1:8099 &
    python3 benches/incidents.py http://127.0.0.1:8099

Posts `benches/incidents.jsonl` (six incidents of eight tickets) and, as what comes in every day, the tickets of
`samples/` to an empty data folder, and reads the cosines from the answers. Below 0.35 answers show none.
"""
import itertools
import json
import random
import sys
import urllib.request

from jsonl import rows

HERE = __file__.rsplit("/", 1)[0]


def triage(base, ticket):
    body = {"ticket": ticket, "options": {"similar": 50, "articles": 0}}
    request = urllib.request.Request(
        base + "/v1/triage", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main(base):
    incidents = rows(HERE + "/incidents.jsonl")
    daily = rows(HERE + "/../samples/tickets.jsonl")
    tickets = [("i%d" % n, row["theme"], row) for n, row in enumerate(incidents)]
    tickets += [("d%d" % n, "daily %d" % n, row) for n, row in enumerate(daily)]
    random.Random(7).shuffle(tickets)
    cosines = {}
    for number, (name, _, row) in enumerate(tickets):
        # All open and of one hour.
        ticket = {"id": name, "subject": row.get("subject", ""), "body": row.get("body", "")}
        ticket["created_at"] = "2026-11-20T10:%02d:%02dZ" % divmod(number, 60)
        answer = triage(base, ticket)
        for near in answer["open_tickets"]:
            cosines[frozenset((name, near["id"]))] = near["score"]
    theme = {name: theme for name, theme, _ in tickets}
    own = [name for name in theme if name.startswith("i")]
    cosine = lambda a, b: cosines.get(frozenset((a, b)), 0.0)
    within = [cosine(a, b) for a, b in itertools.combinations(own, 2) if theme[a] == theme[b]]
    across = [cosine(a, b) for a, b in itertools.combinations(own, 2) if theme[a] != theme[b]]
    beside = [cosine(a, b) for a in own for b in theme if b.startswith("d")]
    others = [cosine(a, b) for a, b in itertools.combinations([n for n in theme if n.startswith("d")], 2)]
    print("cosine  same incident  other incident  daily  daily-daily  found  strangers  largest daily group")
    for at in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7):
        share = lambda values: sum(value >= at for value in values) / len(values)
        found, strangers = [], []
        for wanted in sorted({theme[name] for name in own}):
            near = {a: [b for b in theme if b == a or cosine(a, b) >= at] for a in own if theme[a] == wanted}
            core = max(near.values(), key=len)
            members = [b for b in core if theme[b] == wanted]
            found.append(len(members))
            strangers.append(len(core) - len(members))
        daily_names = [n for n in theme if n.startswith("d")]
        largest = max(1 + sum(cosine(a, b) >= at for b in daily_names if b != a) for a in daily_names)
        print("%.2f    %.3f          %.3f           %.3f  %.3f        %s  %s  %d of %d" % (
            at, share(within), share(across), share(beside), share(others), found, strangers, largest,
            len(daily_names)))


main(sys.argv[1].rstrip("/"))
