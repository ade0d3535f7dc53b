"""One, two and three instances on one PostgreSQL: tickets a second, and what a ticket costs whom.

    python3 benches/scaling.py --binary target/release/deskhand

Starts a PostgreSQL of its own (from /usr/lib/postgresql or the path; as root it runs as the user `postgres`), or uses
`--store postgres://…`, where it makes schemas of its own and takes them away again. Starts 1, then 2, then 3 instances
with the samples, one inference thread each (`--threads`). Where there are more cores than instances, each instance has
a core of its own (as many as threads), and PostgreSQL and the client share those that are left, so that what one
instance can do does not depend on how many others there are. Virtual cores may share a physical one, though, and are
then slower the more of them are busy: with `--fill`, loops keep the cores busy whose instance is not started yet.

For each number of instances, `--seconds` of each:
  tickets     POST /v1/triage of tickets with ids, so everything is kept; --connections callers at each instance, each
              waiting for its answer
  articles    PUT /v1/articles/{id}, each with new words
  deliveries  POST /v1/hooks/generic; working them off goes on meanwhile and after, on the same cores
and with the last number `following`: tickets go to the first instance alone, so that what the others' time goes into
is to hear of them. Time on a core is read from /proc, of PostgreSQL only where this script has started it. At the end
pgbench commits on the same server, with and without a notification in each transaction.

Needs nothing but Python, Linux and the programs of PostgreSQL.
"""

import argparse
import contextlib
import glob
import hashlib
import hmac
import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import jsonl

SECRET = "a-secret-for-the-measurement"
TICKS = os.sysconf("SC_CLK_TCK")
FIGURES = """SELECT pg_current_wal_lsn() - '0/0'::pg_lsn, pg_database_size(current_database()),
    (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())"""
BENCHES = {
    "a row in each transaction": "INSERT INTO commits VALUES (1);",
    "a row and a notification": "BEGIN;\nINSERT INTO commits VALUES (1);\nSELECT pg_notify('deskhand:bench', repeat('x', 100));\nCOMMIT;",
}


def programs():
    """Where the programs of PostgreSQL are."""
    path = [os.path.dirname(found)] if (found := shutil.which("initdb")) else []
    folders = path + sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    return next((folder for folder in folders if os.path.exists(os.path.join(folder, "psql"))), "")


class Server:
    """A PostgreSQL: one that is started here, or another by its address."""

    def __init__(self, url):
        self.programs, self.url, self.pid, self.folder = programs(), url, None, None
        if not url:
            self.start()

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="deskhand-scaling.")
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        data = os.path.join(self.folder, "data")
        self.run("initdb", "-D", data, "-U", "deskhand", "-A", "trust", "-E", "UTF8", "--no-locale")
        # The rest as PostgreSQL has it: every commit waits for the disk.
        options = f"-k {self.folder} -c listen_addresses= -c port=5432 -c max_connections=200 -c shared_buffers=512MB -c max_wal_size=4GB"
        self.run("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", os.path.join(self.folder, "log"))
        with open(os.path.join(data, "postmaster.pid"), encoding="ascii") as lines:
            self.pid = int(lines.readline())
        self.url = f"postgres://deskhand@localhost/postgres?host={self.folder}"

    def run(self, program, *arguments, text=None):
        # The server belongs to the user `postgres` where this runs as root, who may not run it.
        user = ["runuser", "-u", "postgres", "--"] if self.folder and os.getuid() == 0 else []
        command = user + [os.path.join(self.programs, program), *arguments]
        # Into a file: a server that goes on would hold a pipe open.
        with tempfile.TemporaryFile("w+") as told:
            done = subprocess.run(command, input=text, stdout=told, stderr=subprocess.STDOUT, text=True, cwd="/tmp", check=False)
            told.seek(0)
            if done.returncode:
                raise SystemExit(f"{program}: {told.read()}")
            return told.read()

    def ask(self, query):
        rows = self.run("psql", "-X", "-q", "-A", "-t", "-F", " ", self.url, "-c", "SET client_min_messages = warning", "-c", query)
        return [float(value) for value in rows.split()]

    def schema(self, name):
        self.ask(f"CREATE SCHEMA {name}")
        return f"{self.url}{'&' if '?' in self.url else '?'}options=-c%20search_path%3D{name}"

    def cpu(self):
        return sum(cpu(pid) for pid in family(self.pid)) if self.pid else float("nan")

    def stop(self):
        if self.folder:
            self.run("pg_ctl", "stop", "-m", "immediate", "-D", os.path.join(self.folder, "data"))
            shutil.rmtree(self.folder, ignore_errors=True)


def stat(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as line:
            # The program's name, in brackets, may have blanks.
            return line.read().rsplit(")", 1)[-1].split()
    except OSError:
        return None


def family(pid):
    """A process and those that it has started."""
    every = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid] + [child for child in every if (fields := stat(child)) and int(fields[1]) == pid]


def cpu(pid):
    """Seconds on a core until now, those of its children that have ended among them."""
    fields = stat(pid)
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS if fields else 0.0


def pin(pid, cores):
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, cores)


class Instance:
    """A running service."""

    def __init__(self, arguments, folder, number, store, cores):
        config = os.path.join(folder, "deskhand.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'[inference]\nthreads = {arguments.threads}\n[integrations.generic]\nreasons = false\n')
            file.write(f'[integrations.generic.hook]\nsecrets = ["{SECRET}"]\n')
        flags = ["--store", store, "--data", os.path.join(folder, f"{store[-6:]}-{number}"), "--config", config]
        if number == 0:
            # At first, so that every instance begins with the same articles.
            command = [arguments.binary, "import", "articles", "samples/articles", *flags]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        command = [arguments.binary, "serve", "--listen", "127.0.0.1:0", *flags]
        before = lambda: pin(0, cores)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=before)
        line = self.process.stdout.readline()
        if "ready" not in line:
            raise SystemExit(f"deskhand serve did not start: {line}")
        host, port = line.strip().rsplit("http://", 1)[-1].rsplit(":", 1)
        self.address = (host, int(port))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Connection:
    """HTTP with as little work as can be: it is done on cores that PostgreSQL needs."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = self.socket.makefile("rb")

    def send(self, method, path, body, headers=""):
        body = body.encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        status, length = int(self.answer.readline().split()[1]), 0
        while (line := self.answer.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.answer.read(length)
        return status


class Requests:
    """What is sent; every ticket, article and delivery is a new one."""

    def __init__(self, words):
        tickets = jsonl.rows("samples/tickets.jsonl")
        self.words = [{name: row[name] for name in ("subject", "body") if row.get(name)} for row in tickets]
        if words:
            self.words = [{"body": " ".join(ticket["body"].split()[:words])} for ticket in self.words]

    def tickets(self, n):
        return "POST", "/v1/triage", json.dumps({"ticket": {"id": f"t-{n}", **self.words[n % len(self.words)]}})

    def articles(self, n):
        words = f"What was found out about case {n}: " + self.words[n % len(self.words)]["body"]
        return "PUT", f"/v1/articles/a-{n % 200}", json.dumps({"title": f"Case {n}", "body": words})

    def deliveries(self, n):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ticket = {"id": f"d-{n}", "subject": "News", "updated_at": now, **self.words[n % len(self.words)]}
        body = json.dumps({"id": f"d-{n}", "ticket": ticket})
        signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        return "POST", "/v1/hooks/generic", body, f"x-deskhand-signature: sha256={signature}\r\n"


class Site:
    """Some instances on one server, and what they have used up."""

    def __init__(self, server, instances, arguments):
        self.server, self.instances, self.connections = server, instances, arguments.connections
        self.requests, self.sent = Requests(arguments.words), 0

    def used(self):
        wal, size, commits = self.server.ask(FIGURES)
        own = resource.getrusage(resource.RUSAGE_SELF)
        each = [cpu(instance.process.pid) for instance in self.instances]
        return {"wal": wal, "size": size, "commits": commits, "postgres": self.server.cpu(),
                "client": own.ru_utime + own.ru_stime, "each": each, "at": time.monotonic()}

    def load(self, kind, seconds, to):
        """Waits of the answers, in seconds."""
        end, waits, wrong, lock = time.monotonic() + seconds, [], [], threading.Lock()

        def work(instance):
            connection = Connection(instance.address)
            while (began := time.monotonic()) < end:
                with lock:
                    self.sent += 1
                    request = getattr(self.requests, kind)(self.sent)
                status = connection.send(*request)
                (waits if 200 <= status < 300 else wrong).append(time.monotonic() - began)

        threads = [threading.Thread(target=work, args=(instance,)) for instance in to for _ in range(self.connections)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        if wrong:
            print(f"    {len(wrong)} of {len(wrong) + len(waits)} requests had another answer than 2xx")
        return sorted(waits) or [0.0]

    def measure(self, kind, seconds, to=None):
        before = self.used()
        waits = self.load(kind, seconds, to or self.instances)
        after = self.used()
        took, count = after["at"] - before["at"], len(waits)
        gone = {name: after[name] - before[name] for name in before if name != "each"}
        each = [now - then for now, then in zip(after["each"], before["each"])]
        row = {"count": count, "rate": count / took, "p50": waits[count // 2] * 1e3, "p99": waits[count * 99 // 100] * 1e3,
               "deskhand": sum(each) / count * 1e3, "each": [time_ / count * 1e3 for time_ in each], "shares": [time_ / took for time_ in each]}
        for name in ("postgres", "client"):
            row[name], row[f"{name}_share"] = gone[name] / count * 1e3, gone[name] / took
        return row | {"wal": gone["wal"] / count, "size": gone["size"] / count, "commits": gone["commits"] / took}


    def idle(self, seconds):
        """Cores that an instance takes while nobody asks it."""
        before = self.used()
        time.sleep(seconds)
        after = self.used()
        took = after["at"] - before["at"]
        own = (sum(after["each"]) - sum(before["each"])) / took / len(self.instances)
        print(f"    without requests: {own:.4f} cores for an instance, {(after['postgres'] - before['postgres']) / took:.4f} for PostgreSQL, "
              f"{(after['commits'] - before['commits']) / took:.0f} commits a second", flush=True)
        return own


HEAD = f"{'':>3} {'':>11} {'a second':>8} {'to one':>6} {'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>8} {'Postgres':>8} {'client':>7} {'WAL B':>7} {'on disk':>8} {'commits/s':>9} {'busy cores':>22}"


def show(instances, kind, row, first):
    busy = " ".join(f"{share:.2f}" for share in row["shares"]) + f" + {row['postgres_share']:.2f} + {row['client_share']:.2f}"
    print(f"{instances:>3} {kind:>11} {row['rate']:>8.1f} {row['rate'] / first:>6.2f} {row['p50']:>7.1f} {row['p99']:>7.1f} {row['deskhand']:>8.2f} "
          f"{row['postgres']:>8.2f} {row['client']:>7.2f} {row['wal']:>7.0f} {row['size']:>8.0f} {row['commits']:>9.0f} {busy:>22}", flush=True)


def commits(server):
    """Commits a second of this server, by how many connections commit."""
    server.ask("CREATE SCHEMA bench; CREATE TABLE bench.commits (n INT)")
    url = f"{server.url}{'&' if '?' in server.url else '?'}options=-c%20search_path%3Dbench"
    print("\ncommits a second (pgbench)")
    for name, script in BENCHES.items():
        found = []
        for clients in (1, 4, 16):
            told = server.run("pgbench", "-n", "-f", "-", "-c", str(clients), "-T", "5", url, text=script)
            found.append(f"{clients} at a time {float(told.split('tps = ')[1].split()[0]):.0f}")
        print(f"  {name}: {', '.join(found)}", flush=True)
    server.ask("DROP SCHEMA bench CASCADE")


@contextlib.contextmanager
def filled(cores):
    """Keeps these cores busy."""
    loops = [subprocess.Popen(["python3", "-c", "while True: sum(n * n for n in range(1000))"]) for _ in cores]
    try:
        for loop, core in zip(loops, cores):
            pin(loop.pid, [core])
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(arguments, server, folder, own):
    firsts = {}
    print(HEAD)
    for count in range(1, arguments.instances + 1):
        waiting = [core for cores in own[count:] for core in cores or []] if arguments.fill else []
        with filled(waiting):
            run_one(arguments, server, folder, own, count, firsts)


def run_one(arguments, server, folder, own, count, firsts):
    """All rows of so many instances, on an empty store."""
    schema = f"scaling_{os.getpid()}_{count}"
    store = server.schema(schema)
    instances = []
    try:
        for number in range(count):
            instances.append(Instance(arguments, folder, number, store, own[number]))
        site = Site(server, instances, arguments)
        site.load("tickets", arguments.seconds / 5, instances)
        for kind in ("tickets", "articles"):
            row = site.measure(kind, arguments.seconds)
            show(count, kind, row, firsts.setdefault(kind, row["rate"]))
        if count == arguments.instances > 1:
            idle = site.idle(arguments.seconds / 2)
            row = site.measure("tickets", arguments.seconds, instances[:1])
            show(count, "following", row, firsts["tickets"])
            others = sum(row["shares"][1:]) / (count - 1)
            print(f"    an instance needs {(others - idle) / row['rate'] * 1e3:.3f} ms for a ticket of another")
        row = site.measure("deliveries", arguments.seconds)
        show(count, "deliveries", row, firsts.setdefault("deliveries", row["rate"]))
        worked_off(server, schema, arguments.seconds / 2)
    finally:
        [instance.stop() for instance in instances]
        server.ask(f"DROP SCHEMA {schema} CASCADE")


def worked_off(server, schema, seconds):
    """Deliveries that are worked off in a second, when no more come in."""
    done = lambda: server.ask(f"SELECT count(*), (SELECT count(*) FROM {schema}.jobs WHERE kind = 'hook' AND state = 'waiting') FROM {schema}.jobs WHERE kind = 'hook' AND state = 'done'")
    (meanwhile, _), began = done(), time.monotonic()
    time.sleep(seconds)
    (later, left), took = done(), time.monotonic() - began
    print(f"    {meanwhile:.0f} of them were worked off meanwhile, then {(later - meanwhile) / took:.1f} a second" + ("" if left else ", until none was left"), flush=True)


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--binary", default="target/release/deskhand")
    flags.add_argument("--store", default="", help="a PostgreSQL to use, instead of starting one")
    flags.add_argument("--instances", type=int, default=3, help="up to so many")
    flags.add_argument("--threads", type=int, default=1, help="inference threads of each")
    flags.add_argument("--connections", type=int, default=4, help="callers at each instance")
    flags.add_argument("--fill", action="store_true", help="keep the cores busy that an instance will have later")
    flags.add_argument("--words", type=int, help="cut tickets to so many words: the encoder takes little time for them, and keeping them is seen at a higher rate")
    flags.add_argument("--seconds", type=float, default=20, help="for each row")
    arguments = flags.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    needed = arguments.instances * arguments.threads
    own = [cores[n * arguments.threads:(n + 1) * arguments.threads] if needed < len(cores) else None for n in range(arguments.instances)]
    others = cores[needed:] or None
    pin(0, others)
    print(f"{arguments.instances} instances on " + (f"{arguments.threads} core(s) each, all else on {len(others)}" if others else "cores that they share with all else"))
    # What is started here stays on these too, unless it is given others.
    server = Server(arguments.store)
    try:
        with tempfile.TemporaryDirectory() as folder:
            run(arguments, server, folder, own)
        for pid in [0, server.pid or 0]:
            pin(pid, cores)
        commits(server)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
