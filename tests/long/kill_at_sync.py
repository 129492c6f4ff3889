#!/usr/bin/env python3
"""velumd killed at its Nth write, sync, rename and SQL step, for every N until the work is done
without dying; then the same places fail with EIO instead. Each time a fresh copy of the same folder,
the same work, and the same questions after the restart. VELUM_KILLS bounds how many N of each kind
are tried; without it, all."""
import itertools
import os
import random
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from kill_load import Load, Seen, Witness  # noqa: E402
from velum_test import (BROKEN, SOUND, Box, DaemonDied, need_seams, seeded)  # noqa: E402

KINDS = ("sync", "write", "rename", "sql")
BUDGET = int(os.environ.get("VELUM_KILLS", "0"))  # 0: every N
LAST = 20_000  # far above what the work needs: a number that never comes must not loop for ever


class Story:
    """The work: every kind of request that writes, and reads between them."""

    def __init__(self, box):
        self.seen = Seen()
        self.load = Load(box, self.seen, random.Random(1), itertools.count(1))
        self.witness = Witness(box, self.seen)

    def run(self, daemon):
        client, load = daemon.client(), self.load
        try:
            for _ in range(2):
                load.create(client)
                subject = load.subjects[-1]
                load.read(client, subject)
                load.update(client, subject)
                for _ in range(3):  # given and withdrawn, as the lot falls
                    load.consent(client, subject)
                    load.read_for_marketing(client, subject)
            load.read(client, load.subjects[0])
        except BROKEN:
            pass

    def check(self, daemon):
        for subject in self.load.subjects:
            self.load.check(daemon.main_client, subject)


def run_once(box, plan):
    """True when the work and the stop were done and nobody died."""
    for folder in (box.data, box.config):  # the officer's memory goes back, too
        shutil.rmtree(folder)
        shutil.copytree(folder + ".template", folder)
    story = Story(box)
    survived = False
    try:
        daemon = box.daemon(faults=plan)
        story.run(daemon)
        survived = daemon.is_running() and daemon.stop() == 0
        daemon.kill()
    except DaemonDied:
        pass
    story.witness.after_death()
    story.witness.verify()
    daemon = box.daemon()
    story.witness.after_recovery()
    story.check(daemon)
    assert daemon.stop() == 0
    code, report = box.verify()
    assert code == SOUND, report
    box.daemons.clear()
    return survived


def run_plan(box, kind, number, effect):
    try:
        return run_once(box, f"{kind}:{number}:{effect}")
    except BaseException:
        print(f"at {kind}:{number}:{effect}", file=sys.stderr)
        raise


def kill_at_all(box, rng, kind):
    """Kills until one N is survived; within a budget, doubling, and then lots between. How many
    places there are (at least), and how many deaths there were."""
    number, deaths = 1, 0
    while not run_plan(box, kind, number, "kill"):
        deaths += 1
        number = number * 2 if BUDGET else number + 1
        assert number < LAST, "the work never came to an end"
    end = max(2, number // 2) if BUDGET else number
    for _ in range(BUDGET // 2):
        deaths += not run_plan(box, kind, rng.randrange(1, end), "kill")
    return end, deaths


def fail_at_all(box, rng, kind, end):
    numbers = range(1, end)
    if BUDGET:
        numbers = sorted(rng.sample(numbers, min(BUDGET // 2, len(numbers))))
    for number in numbers:
        run_plan(box, kind, number, "eio")


def main():
    need_seams()
    began = time.monotonic()
    with seeded(20261122) as rng, Box() as box:
        box.init().usual_credentials()
        for folder in (box.data, box.config):
            shutil.copytree(folder, folder + ".template")
        for kind in KINDS:
            end, deaths = kill_at_all(box, rng, kind)
            assert deaths > 0, f"nobody died of {kind}"
            fail_at_all(box, rng, kind, end)
            print(f"{kind}: {end} places, {deaths} deaths, {time.monotonic() - began:.0f} s",
                  flush=True)


if __name__ == "__main__":
    main()
