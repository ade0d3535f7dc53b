"""Half an hour at 80 % of what the service can do: memory, waits and errors minute by minute.

    python3 benches/soak.py --binary target/release/deskhand --minutes 30

Starts the binary on a folder of its own with the samples, measures what it can do with this mix of requests (as many
at a time as there are cores, for --measure seconds; or --capacity says it), and then sends 80 % of that at even
intervals, whether answers come or not. A wait counts from the moment at which the request was due. The mix: tickets,
searches, changed articles, surveys, pages, deliveries of a helpdesk. Ids are drawn from a bounded set, so that what the
service holds in memory has a reason to stay as it is.

The rule: the first sixth warms up. Of the rest, the median over the last third must not exceed that over the first
third: memory by more than 10 %, the 99th percentile of waits by more than half. No answer may be other than 2xx.
Ends with 1 where it does. Needs nothing but Python and Linux.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import jsonl

SECRET = "a-secret-for-the-soak"
IDS = 2_000
MIX = {"triage": 50, "suggest": 20, "page": 10, "survey": 8, "hook": 7, "article": 5}
PAGES = ["/", "/suggest", "/coverage", "/surveys", "/signals", "/model"]


def samples(name):
    return jsonl.rows(os.path.join("samples", name))


class Requests:
    """What is sent, drawn by a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tickets, self.surveys = samples("tickets.jsonl"), samples("surveys.jsonl")
        self.number = 0

    def next(self):
        self.number += 1
        kind = self.random.choices(list(MIX), MIX.values())[0]
        return (kind, *getattr(self, kind)(self.random.randrange(IDS)))

    def words(self):
        ticket = self.random.choice(self.tickets)
        return {name: ticket[name] for name in ("subject", "body") if ticket.get(name)}

    def triage(self, n):
        return "POST", "/v1/triage", {"ticket": {"id": f"t{n}", **self.words()}, "options": {"articles": 5, "similar": 5}}, {}

    def suggest(self, _):
        words = self.words()
        return "POST", "/v1/suggest", {"text": words.get("subject") or words["body"], "audience": "agent"}, {}

    def page(self, n):
        return "GET", PAGES[n % len(PAGES)], None, {}

    def survey(self, n):
        comment = self.random.choice(self.surveys)
        comment = comment.get("text") or comment.get("comment")
        return "POST", "/v1/surveys", {"id": f"s{n}", "comment": comment, "rating": 1 + n % 5}, {}

    def article(self, n):
        body = f"Version {self.number} of what is said about device {n % 100}. Restart it and look at its lamp."
        return "PUT", f"/v1/articles/soak-{n % 100}", {"title": f"Device {n % 100}", "body": body}, {}

    def hook(self, n):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ticket = {"id": f"h{n}", **{"subject": "VPN", "body": "It drops."}, **self.words(), "updated_at": now}
        body = json.dumps({"id": f"d{self.number}", "ticket": ticket})
        signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        return "POST", "/v1/hooks/generic", body, {"x-deskhand-signature": f"sha256={signature}"}


class Sender:
    """A connection that stays open."""

    def __init__(self, address):
        self.address, self.connection = address, None

    def send(self, method, path, body, headers):
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        if body is not None:
            headers = {**headers, "content-type": "application/json"}
        # A connection that had waited too long may be closed by the service: HTTP asks for a second try.
        for attempt in (1, 2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address, timeout=60)
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                answer.read()
                return answer.status
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt == 2:
                    return 0


def capacity(address, seconds, seed):
    """Requests a second with as many at a time as there are cores."""
    end, counts = time.monotonic() + seconds, []

    def work(n):
        sender, requests, count = Sender(address), Requests(seed + n), 0
        while time.monotonic() < end:
            count += 200 <= sender.send(*requests.next()[1:]) < 300
        counts.append(count)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(os.cpu_count())]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sum(counts) / seconds


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def soak(address, pid, rate, seconds, window, seed):
    """Sends at this rate; a row for each window of so many seconds."""
    due, done, requests = queue.Queue(), queue.Queue(), Requests(seed)

    def work():
        sender = Sender(address)
        while (order := due.get()) is not None:
            at, kind, *request = order
            status = sender.send(*request)
            done.put((at, kind, status, time.monotonic() - at))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(64)]
    [thread.start() for thread in threads]
    rows, started, sent = [], time.monotonic(), 0
    while len(rows) * window < seconds:
        until = started + (len(rows) + 1) * window
        while (at := started + sent / rate) < until:
            time.sleep(max(0.0, at - time.monotonic()))
            due.put((at, *requests.next()))
            sent += 1
        time.sleep(max(0.0, until - time.monotonic()))
        rows.append(row(len(rows) + 1, drained(done), resident(pid)))
        print("{:>5} {:>8} {:>7} {:>9.1f} {:>9.1f} {:>8.1f}".format(*rows[-1][:6]), flush=True)
        for error in rows[-1][6]:
            print(f"      {error}", flush=True)
    [due.put(None) for _ in threads]
    return rows


def drained(done):
    every = []
    while not done.empty():
        every.append(done.get())
    return every


def row(number, answers, memory):
    waits = sorted(wait * 1_000 for _, _, _, wait in answers) or [0.0]
    wrong = [f"{kind}: {status}" for _, kind, status, _ in answers if not 200 <= status < 300]
    counted = [f"{error} ({wrong.count(error)} times)" for error in sorted(set(wrong))]
    at = lambda share: waits[min(len(waits) - 1, int(share * len(waits)))]
    return number, len(answers), len(wrong), at(0.5), at(0.99), memory, counted


def judged(rows):
    """What is not flat, by the rule above."""
    rest = rows[len(rows) // 6:]
    third = max(1, len(rest) // 3)
    middle = lambda part, column: statistics.median(row[column] for row in part)
    faults = []
    for name, column, allowed in (("memory (MiB)", 5, 1.10), ("p99 (ms)", 4, 1.5)):
        first, last = middle(rest[:third], column), middle(rest[-third:], column)
        print(f"{name}: {first:.1f} in the first third, {last:.1f} in the last")
        if last > first * allowed:
            faults.append(f"{name} is not flat: at most {allowed} times the first third is allowed")
    errors = sum(row[2] for row in rows)
    if errors:
        faults.append(f"{errors} requests had another answer than 2xx")
    return faults


def started(arguments, folder):
    config = os.path.join(folder, "deskhand.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[integrations.generic.hook]\nsecrets = ["{SECRET}"]\n')
    data = os.path.join(folder, "data")
    base = [arguments.binary, "import", "articles", "samples/articles", "--data", data]
    subprocess.run(base, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = [arguments.binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--config", config]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = service.stdout.readline()
    return service, line.strip().rsplit("http://", 1)[-1]


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--binary", default="target/release/deskhand")
    flags.add_argument("--minutes", type=float, default=30)
    flags.add_argument("--window", type=float, default=60, help="seconds of a row")
    flags.add_argument("--share", type=float, default=0.8)
    flags.add_argument("--capacity", type=float, help="requests a second, instead of measuring them")
    flags.add_argument("--measure", type=float, default=30, help="seconds for that")
    flags.add_argument("--seed", type=int, default=8)
    arguments = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service, address = started(arguments, folder)
        try:
            most = arguments.capacity or capacity(address, arguments.measure, arguments.seed)
            rate = most * arguments.share
            print(f"{most:.1f} requests a second can be done; {rate:.1f} are sent, seed {arguments.seed}")
            print(f"{'row':>5} {'answers':>8} {'errors':>7} {'p50 ms':>9} {'p99 ms':>9} {'MiB':>8}")
            rows = soak(address, service.pid, rate, arguments.minutes * 60, arguments.window, arguments.seed)
        finally:
            service.terminate()
            service.wait()
    faults = judged(rows)
    print("\n".join(faults) or "flat, and no error")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
