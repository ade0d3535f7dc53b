"""What a training on the site's own tickets costs those who ask meanwhile.

    cargo build --release && python3 benches/retrain.py [--tickets 1500] [--rate 20] [--rounds 3]

Starts the service on an empty data folder, settles that many tickets (those of `samples/`, each with a number of its
own; every fifth under a category that the bundle does not know, so that there is something to learn), and then asks
`POST /v1/triage` at a steady rate: in each round for a while without a training, and while one is at work, for `--beside`
seconds at most; then it may come to its end alone, since beside questions it has a tenth of the time. Prints the waits of
both, in turns of one run, and their ratio. Requests are sent when they are due, whatever the ones before do.
"""
import argparse
import concurrent.futures
import json
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

import jsonl

ROOT = __file__.rsplit("/", 2)[0]


def call(base, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def settle(base, rows, count):
    """Brings settled tickets into the data folder."""
    def one(number):
        row = rows[number % len(rows)]
        ticket = {"id": "t%d" % number, "subject": row["subject"], "body": "%s\n\nRef %d" % (row["body"], number)}
        call(base, "POST", "/v1/triage", {"ticket": ticket, "options": {"articles": 0, "similar": 0}})
        label = "House::Own matters" if number % 5 == 0 else row["category"]
        call(base, "POST", "/v1/tickets/t%d/outcome" % number, {"status": "solved", "category": label})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(count)))


def training(base):
    trainings = call(base, "GET", "/v1/learning")["trainings"]
    return trainings[0] if trainings else {"state": "none"}


def waits(base, rows, rate, goes_on):
    """Milliseconds from when each request was due to its answer, for as long as `goes_on`."""
    took, due, number = [], time.monotonic(), 0

    def ask(row, due):
        ticket = {"subject": row["subject"], "body": row["body"]}
        call(base, "POST", "/v1/triage", {"ticket": ticket, "options": {"articles": 0, "similar": 0}})
        took.append((time.monotonic() - due) * 1000)

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        while goes_on():
            pool.submit(ask, rows[number % len(rows)], due)
            number, due = number + 1, due + 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
    return took


def shown(name, took):
    took = sorted(took)
    at = lambda share: took[min(len(took) - 1, int(share * len(took)))]
    print("%-22s %6d answers   p50 %6.1f   p95 %6.1f   p99 %6.1f ms" % (name, len(took), at(0.5), at(0.95), at(0.99)))
    return at(0.5), at(0.95), at(0.99)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--tickets", type=int, default=1500)
    flags.add_argument("--rate", type=float, default=20)
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--seconds", type=float, default=20, help="of each stretch without a training")
    flags.add_argument("--beside", type=float, default=60, help="longest that is asked beside a training, in seconds")
    flags.add_argument("--deskhand", default=ROOT + "/target/release/deskhand")
    flags = flags.parse_args()
    tickets = [row for row in jsonl.rows(ROOT + "/samples/tickets.jsonl") if row.get("category")]
    with tempfile.TemporaryDirectory() as data:
        command = [flags.deskhand, "serve", "--listen", "127.0.0.1:0", "--data", data]
        service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        try:
            base = re.search(r"http://\S+", service.stdout.readline()).group(0)
            settle(base, tickets, flags.tickets)
            ratios = []
            for number in range(flags.rounds):
                end = time.monotonic() + flags.seconds
                alone = shown("without a training", waits(base, tickets, flags.rate, lambda: time.monotonic() < end))
                call(base, "POST", "/v1/learning")
                begun = time.monotonic()
                still = {"running": True}

                def watch():
                    # Apart from those who ask, whose requests would wait for it.
                    while still["running"]:
                        time.sleep(1)
                        newest = call(base, "GET", "/v1/learning")["trainings"]
                        still["running"] = len(newest) <= number or newest[0]["state"] == "running"

                watching = threading.Thread(target=watch)
                watching.start()
                goes_on = lambda: still["running"] and time.monotonic() - begun < flags.beside
                beside = shown("while one is at work", waits(base, tickets, flags.rate, goes_on))
                watching.join()
                print("   training %s after %.0f s" % (training(base)["state"], time.monotonic() - begun))
                ratios.append([one / other for one, other in zip(beside, alone)])
            medians = [statistics.median(column) for column in zip(*ratios)]
            print("ratio, median of %d rounds: p50 %.2f, p95 %.2f, p99 %.2f" % (flags.rounds, *medians))
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
