#!/usr/bin/env python3
"""velumd killed at each write, sync, rename and SQL step of an erasure (whole, by category, of a person
of two records), of a merge, of an approval's use, of a request's approval up to the timer that erases, of a policy that comes into force,
and of a message that is asked for, taken, ended and lost; then restarted, finished and checked. Then the
same places fail with EIO instead: what is not done then is done after a restart. With VELUM_KILLS, N are
skipped after a quarter as many deaths of a kind. Names of acts, as arguments, choose among them."""
import contextlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from kill_acts import ACTS, KINDS, LAST, Range, kill_along  # noqa: E402
from velum_test import need_seams  # noqa: E402

KILLS = int(os.environ.get("VELUM_KILLS", "0"))
DENSE = max(2, KILLS // 4) if KILLS else LAST


def fail_along(places, kind, count):
    """The timer's act waits for a minute after a failure, which the clock of these tests does not
    have."""
    first = places.first(kind)
    for number in range(first, first + (0 if places.act.is_by_timer else min(count, DENSE))):
        places.run(kind, number, "eio")


def main(acts=ACTS):
    need_seams()
    began = time.monotonic()
    chosen = [act for act in acts if act.__name__ in sys.argv[1:] or not sys.argv[1:]]
    for act in chosen:
        told = []
        with contextlib.closing(Range(act)) as places:
            for kind in KINDS:
                count, deaths, within = kill_along(places, kind, DENSE)
                assert within > 0 or kind == "rename", f"nobody died of {kind} within the act"
                fail_along(places, kind, count)
                told.append(f"{kind} {deaths} of {count} ({within} within)")
        print(f"{act.__name__}: {', '.join(told)}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
