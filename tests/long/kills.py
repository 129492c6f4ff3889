#!/usr/bin/env python3
"""kill -9 at any moment, again and again: what was acknowledged stands, what was disclosed is in the
log, nothing stands by halves, and the log verifies. Among the acts are those of the three people:
consents, patches, requests, holds, erasures, approvals, policies. VELUM_KILLS says how often (1000)."""
import itertools
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk  # noqa: E402
from kill_load import Officer, Seen, Witness  # noqa: E402
from kill_people import Lawyer, People, check_certificate, people_of  # noqa: E402
from velum_test import SOUND, Box, Daemon, in_threads, need_products, seeded  # noqa: E402

KILLS = int(os.environ.get("VELUM_KILLS", "1000"))
THREADS = 4
CERTIFICATES = 3  # checked after each restart
OLD_ONES = 25  # subjects of earlier rounds looked at again after each restart


def kill_while_starting(box, rng):
    """A death in recovery: the process is given some milliseconds and never asked."""
    daemon = Daemon(box, (), None, ())
    try:
        time.sleep(rng.uniform(0.0, 0.06))
    finally:
        daemon.kill()


def kill_under_load(box, loads, officer, lawyer, rng):
    """Now and then an officer is at work, too, or somebody who brings policies into force."""
    extra = rng.choice(((), (), (officer,), (lawyer,), (officer, lawyer)))
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
                   else extra[n - THREADS].run(stop_officer), THREADS + len(extra))
    finally:
        stop.set()
        killer.join()
        daemon.kill()


def check_all(box, loads, officer, lawyer, witness, rng):
    daemon = box.daemon()
    witness.after_recovery()
    desk = Desk(box.data)
    lawyer.check(desk, witness.judge)
    known = [s for s in loads[0].subjects if s.is_live and len(s.versions) == 1 and not s.is_child]
    if officer.tokens and known:
        officer.check(daemon.main_client, known[0].ref)
    for load in loads:
        load.officer = desk
        old = rng.sample(load.subjects, min(len(load.subjects), OLD_ONES // THREADS))
        for subject in {id(s): s for s in load.touched + old}.values():
            load.check(daemon.main_client, subject)
            load.check_people(daemon, subject, witness.judge)
        load.touched = []
    check_certificates(box, desk, witness.judge, rng)
    desk.close()
    if rng.random() < 0.5:
        daemon.kill()
    else:
        assert daemon.stop() == 0
    witness.after_death()
    box.daemons.clear()


def check_certificates(box, desk, judge, rng):
    """Some of them: every erasure of the log has one, and it holds."""
    made = [one for ids in judge.certificates.values() for one in ids]
    for one in rng.sample(made, min(len(made), CERTIFICATES)):
        check_certificate(box, desk, one)


def main():
    need_products()
    began = time.monotonic()
    with seeded(20261121) as rng, Box() as box:
        box.init().usual_credentials()
        people_of(box)
        seen = Seen()
        witness = Witness(box, seen)
        keys = itertools.count(1)
        loads = [People(box, seen, random.Random(rng.random()), keys) for _ in range(THREADS)]
        officer = Officer(box, random.Random(rng.random()))
        lawyer = Lawyer(box, random.Random(rng.random()))
        daemon = box.daemon()
        lawyer.begin(Desk(box.data))
        assert daemon.stop() == 0
        for kill in range(KILLS):
            if rng.random() < 0.15:
                kill_while_starting(box, rng)
            kill_under_load(box, loads, officer, lawyer, rng)
            witness.after_death()
            if kill < 50 or kill % 10 == 0:
                witness.verify()
            check_all(box, loads, officer, lawyer, witness, rng)
        for load in loads:
            load.touched = load.subjects
        check_all(box, loads, officer, lawyer, witness, rng)
        box.daemon().stop()
        code, report = box.verify()
        assert code == SOUND, report
        subjects = sum(len(load.subjects) for load in loads)
        assert seen.acknowledged > KILLS and subjects > KILLS / 4, "the load did next to nothing"
        acts = {act: sum(load.done[act] for load in loads) for act in loads[0].done}
        acts |= {"policies": lawyer.in_force, "rotated": officer.rotated} | witness.judge.found
        if KILLS >= 100:
            assert all(acts.values()), f"something was never done: {acts}"
        print(f"{KILLS} kills, {seen.acknowledged} answers, {subjects} subjects, {officer.count} "
              f"credentials, {report['entries']} entries, {time.monotonic() - began:.0f} s\n{acts}")


if __name__ == "__main__":
    main()
