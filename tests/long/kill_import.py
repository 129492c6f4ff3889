#!/usr/bin/env python3
"""An import whose velum or velumd is killed at any moment goes on when the same call is made again:
every row is in, none is in twice, and the log verifies. VELUM_KILLS says how often (100)."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import SOUND, UNPROVEN, VELUM, Box, expect, need_products, seeded  # noqa: E402

KILLS = int(os.environ.get("VELUM_KILLS", "100"))
ROWS = 5000  # five chunks at least
MAP = """source: shop
key: {type: "ext:shop", column: number}
on_match: update
fields:
  name: {from: name}
  city: {from: city}
  address: {from: address}
"""


def write_file(box, version):
    """The same customers, each version with other values."""
    path = os.path.join(box.top, "customers.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("number,name,city,address\n")
        for row in range(ROWS):
            file.write(f"{row},name{row}v{version},city v{version},road {row} v{version}\n")
    return path


def start_import(box, path):
    return subprocess.Popen([VELUM, "--data", box.data, "import", path, "--map", path + ".map"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            stdin=subprocess.DEVNULL, env=box.environment)


def kill_one(box, path, rng):
    """Kills the daemon, or the command, or the command that works without a daemon."""
    way = rng.choice(("daemon", "command", "alone"))
    daemon = None if way == "alone" else box.daemon()
    running = start_import(box, path)
    try:
        time.sleep(rng.uniform(0.0, 1.0))
        if way == "daemon":
            daemon.kill()
        else:
            running.kill()
        running.wait(60)  # without a daemon the command opens the folder itself, or gives up
    finally:
        if running.poll() is None:
            running.kill()
            running.wait(60)
        if daemon is not None:
            daemon.kill()
            box.daemons.clear()
    code, report = box.verify()
    assert code in (SOUND, UNPROVEN), report


def check(box, path, version, rng):
    """The same call again, until it is through."""
    daemon = box.daemon()
    counts = box.on_data("import", path, "--map", path + ".map", "--json").json()
    assert sum(counts.values()) == ROWS and counts["rejected"] == 0, counts
    assert box.on_data("status", "--json").json()["subjects"] == ROWS
    for row in rng.sample(range(ROWS), 20):
        ref = expect(daemon.main_client.lookup(box.orders, row, "ext:shop"), 200).json()["subject"]
        fields = expect(daemon.main_client.read(box.orders, ref), 200).json()["fields"]
        assert fields == {"name": f"name{row}v{version}", "city": f"city v{version}",
                          "address": f"road {row} v{version}"}, fields
    assert daemon.stop() == 0
    box.daemons.clear()
    return counts


def main():
    need_products()
    began = time.monotonic()
    partly = 0
    with seeded(20261123) as rng, Box() as box:
        box.init().usual_credentials()
        path = write_file(box, 0)
        with open(path + ".map", "w", encoding="utf-8") as file:
            file.write(MAP)
        for kill in range(KILLS):
            write_file(box, kill)
            kill_one(box, path, rng)
            counts = check(box, path, kill, rng)
            partly += 0 < counts["same"] < ROWS
        code, report = box.verify()
        assert code == SOUND, report
        print(f"{KILLS} kills, {partly} in the middle, {report['entries']} entries, "
              f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
