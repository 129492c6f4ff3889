#!/usr/bin/env python3
"""velumd killed at its Nth write, sync, rename and SQL step, for every N until the work is done
without dying: each time a fresh copy of the same folder, the same work, and the same questions after
the restart. VELUM_KILLS bounds how many N of each kind are tried; without it, all."""
import itertools
import os
import random
import shutil
import sys
import threading
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
                load.create(client, None)
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


def run_and_kill(template, kind, number):
    """True when the work and the stop were done and nobody died."""
    for folder in (template.data, template.config):  # the officer's memory goes back, too
        shutil.rmtree(folder)
        shutil.copytree(folder + ".template", folder)
    story = Story(template)
    survived = False
    try:
        daemon = template.daemon(faults=f"{kind}:{number}:kill")
        story.run(daemon)
        survived = daemon.is_running() and daemon.stop() == 0
        daemon.kill()
    except DaemonDied:
        pass
    story.witness.after_death()
    story.witness.verify()
    daemon = template.daemon()
    story.witness.after_recovery()
    story.check(daemon)
    assert daemon.stop() == 0
    code, report = template.verify()
    assert code == SOUND, report
    template.daemons.clear()
    return survived


def numbers(rng, survives):
    """Every N until one survives; within a budget, doubling and then lots between."""
    if BUDGET == 0:
        for number in range(1, LAST):
            yield number
        raise AssertionError("the work never came to an end")
    number = 1
    while not survives.is_set():
        yield number
        number *= 2
        assert number < LAST, "the work never came to an end"
    for _ in range(BUDGET // 2):
        survives.clear()
        yield rng.randrange(1, max(2, number // 2))


def main():
    need_seams()
    began = time.monotonic()
    with seeded(20261122) as rng, Box() as box:
        box.init().usual_credentials()
        for folder in (box.data, box.config):
            shutil.copytree(folder, folder + ".template")
        for kind in KINDS:
            deaths = 0
            survives = threading.Event()
            for number in numbers(rng, survives):
                try:
                    survived = run_and_kill(box, kind, number)
                except BaseException:
                    print(f"at {kind}:{number}:kill", file=sys.stderr)
                    raise
                deaths += not survived
                if survived:
                    survives.set()
                if survived and BUDGET == 0:
                    break
            assert deaths > 0, f"nobody died of {kind}"
            print(f"{kind}: {deaths} deaths, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
