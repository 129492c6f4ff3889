#!/usr/bin/env python3
"""Measures what a velumd with its defaults holds in memory: right after its start, after reading many different
customers once, and while a hot set of 10,000 is read again and again.

  memory.py FOLDER [--customers N] [--reads 100000] [--cache-mb N] [--system sample]

FOLDER is a sample of N customers (`velum init --sample --customers N`; its first N count) and is made when it is
not there; so is one that bench_many left (--system bench). Prints JSON lines; `make bench` runs it
when BENCH_SUBJECTS is 1000000 or more.
"""
import argparse
import asyncio
import contextlib
import importlib.machinery
import importlib.util
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HOT = 10000
SEED = 7


def load_run():
    """tests/bench/run, which has no ending, as a module."""
    loader = importlib.machinery.SourceFileLoader("bench_run", os.path.join(HERE, "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


bench = load_run()


def resident_mib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) / 1024, 1)
    return None


def cache_mib(folder):
    """What the status says of the cache; it counts sealed rows, without the databases' own page caches."""
    done = subprocess.run([bench.VELUM, "--data", folder, "status", "--json"], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)
    with contextlib.suppress(ValueError, KeyError):
        return round(json.loads(done.stdout)["cache_bytes"] / (1 << 20), 1)
    return None


def make_folder(folder, customers):
    if not os.path.isdir(folder):
        print(f"memory: making {customers} customers", file=sys.stderr)
        bench.run(bench.VELUM, "init", folder, "--sample", "--customers", str(customers), timeout=6 * 3600)


def tell(name, process, folder, **more):
    print(json.dumps({"name": name, "value": resident_mib(process), "unit": "MiB resident",
                      "cache_mib": cache_mib(folder), **more}), flush=True)


def look_up(port, token, numbers, system):
    """References of customers by their numbers in a system."""
    refs = []

    def take(_number, status, body):
        if status == 200:
            refs.append(json.loads(body)["subject"])

    asyncio.run(bench.ask_all(port, ((n, bench.lookup_request(token, n, system)) for n in numbers), take))
    return refs


def read(port, token, refs):
    """Reads each once; how many a second, and how many were shown (a child's record is not)."""
    shown = []
    begin = time.monotonic()
    asyncio.run(bench.ask_all(port, ((ref, bench.read_request(token, ref)) for ref in refs),
                              lambda ref, status, _body: shown.append(ref) if status == 200 else None))
    return round(len(refs) / (time.monotonic() - begin)), shown


def measure(options, token):
    chosen = random.Random(SEED).sample(range(options.customers), options.reads)
    arguments = [bench.VELUMD, "--data", options.folder, "--listen", "127.0.0.1:0"]
    if options.cache_mb:
        arguments += ["--cache-mb", str(options.cache_mb)]
    with bench.server(*arguments) as (process, port):
        tell("resident_at_start", process, options.folder)
        refs = look_up(port, token, chosen, options.system)
        speed, shown = read(port, token, refs)
        tell("resident_after_reads", process, options.folder, reads=len(refs), shown=len(shown), reads_per_s=speed)
        hot = shown[:HOT]
        read(port, token, hot)
        speed = max(read(port, token, hot)[0] for _ in range(3))
        tell("resident_after_hot_reads", process, options.folder, customers=len(hot), reads_per_s=speed)


def main():
    parser = argparse.ArgumentParser(description="resident memory of velumd")
    parser.add_argument("folder")
    parser.add_argument("--customers", type=int, default=1000000)
    parser.add_argument("--reads", type=int, default=100000)
    parser.add_argument("--cache-mb", type=int, default=0, help="0: velumd's default")
    parser.add_argument("--system", default="sample", help="whose numbers the customers have")
    options = parser.parse_args()
    os.makedirs(bench.WORK, mode=0o700, exist_ok=True)
    make_folder(options.folder, options.customers)
    bench.DATA = options.folder
    measure(options, bench.service_token())


if __name__ == "__main__":
    main()
