#!/usr/bin/env python3
"""kill -9 at any moment, again and again: what was acknowledged stands, what was disclosed is in the
log, nothing stands by halves, and the log verifies. VELUM_KILLS says how often (1000)."""
import itertools
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from kill_load import Load, Officer, Seen, Witness  # noqa: E402
from velum_test import SOUND, Box, Daemon, in_threads, need_products, seeded  # noqa: E402

KILLS = int(os.environ.get("VELUM_KILLS", "1000"))
THREADS = 4
OLD_ONES = 25  # subjects of earlier rounds looked at again after each restart


def kill_while_starting(box, rng):
    """A death in recovery: the process is given some milliseconds and never asked."""
    daemon = Daemon(box, (), None, ())
    try:
        time.sleep(rng.uniform(0.0, 0.06))
    finally:
        daemon.kill()


def kill_under_load(box, loads, officer, rng):
    """Now and then an officer is at work, too."""
    with_officer = rng.random() < 0.4
    daemon = box.daemon()
    stop, stop_officer = threading.Event(), threading.Event()

    def kill_later():
        stop.wait(pause)
        daemon.send(signal.SIGKILL)
        stop_officer.set()

    pause = rng.uniform(0.0, 0.3)
    killer = threading.Thread(target=kill_later)
    killer.start()
    try:
        in_threads(lambda n: loads[n].run(daemon.client(), stop) if n < THREADS
                   else officer.run(stop_officer), THREADS + with_officer)
    finally:
        stop.set()
        killer.join()
        daemon.kill()


def check_all(box, loads, officer, witness, rng):
    daemon = box.daemon()
    witness.after_recovery()
    known = [s for s in loads[0].subjects if s.ref is not None and len(s.versions) == 1]
    if officer.tokens and known:
        officer.check(daemon.main_client, known[0].ref)
    for load in loads:
        old = rng.sample(load.subjects, min(len(load.subjects), OLD_ONES // THREADS))
        for subject in {id(s): s for s in load.touched + old}.values():
            load.check(daemon.main_client, subject)
        load.touched = []
    if rng.random() < 0.5:
        daemon.kill()
    else:
        assert daemon.stop() == 0
    witness.after_death()
    box.daemons.clear()


def main():
    need_products()
    began = time.monotonic()
    with seeded(20261121) as rng, Box() as box:
        box.init().usual_credentials()
        seen = Seen()
        witness = Witness(box, seen)
        keys = itertools.count(1)
        loads = [Load(box, seen, random.Random(rng.random()), keys) for _ in range(THREADS)]
        officer = Officer(box, random.Random(rng.random()))
        for kill in range(KILLS):
            if rng.random() < 0.15:
                kill_while_starting(box, rng)
            kill_under_load(box, loads, officer, rng)
            witness.after_death()
            if kill < 50 or kill % 10 == 0:
                witness.verify()
            check_all(box, loads, officer, witness, rng)
        for load in loads:
            load.touched = load.subjects
        check_all(box, loads, officer, witness, rng)
        box.daemon().stop()
        code, report = box.verify()
        assert code == SOUND, report
        subjects = sum(len(load.subjects) for load in loads)
        assert seen.acknowledged > KILLS and subjects > KILLS / 4, "the load did next to nothing"
        print(f"{KILLS} kills, {seen.acknowledged} answers, {subjects} subjects, {officer.count} credentials, "
              f"{report['entries']} entries, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
