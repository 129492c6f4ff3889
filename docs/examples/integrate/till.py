#!/usr/bin/env python3
"""A till that sells while Velum is away.

    till.py SPOOL < sale.json      tells of one sale; keeps it in SPOOL when that is not known to have worked
    till.py SPOOL --again          tries what is kept

The sale's key is made by the till before the first try and never changes: the same key is the same
order, so trying again is always safe. An answer of 503, a time-out and a broken connection all mean the
same: it may have been done. What 4xx says does not get better by itself and goes to SPOOL/refused.
sale.json: {"ref": …, "key": …, "fields": {…}, "rows": {…}}. Needs VELUM_URL and VELUM_TOKEN.
"""
import json
import os
import sys
import urllib.error
import urllib.request

RETRY = {429, 500, 502, 503, 504}


def tell(sale):
    """"done", "again" or "refused"."""
    body = {name: value for name, value in sale.items() if name != "ref"}
    request = urllib.request.Request(
        f"{os.environ['VELUM_URL']}/v1/subjects/{sale['ref']}/orders", data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['VELUM_TOKEN']}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5):
            return "done"
    except urllib.error.HTTPError as error:
        return "again" if error.code in RETRY else "refused"
    except OSError:  # nobody there, or gone in the middle: unknown, so again
        return "again"


def keep(folder, sale):
    """Durable before the till says that the sale is over: temporary name, sync, rename, sync."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in sale["key"]) + ".json"
    temporary = os.path.join(folder, "." + name)
    with open(temporary, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        json.dump(sale, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, os.path.join(folder, name))
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def once(folder, sale):
    keep(folder, sale)  # first kept, then told: a till may lose power in between
    return settle(folder, sale)


def settle(folder, sale):
    result = tell(sale)
    name = "".join(c if c.isalnum() else "-" for c in sale["key"]) + ".json"
    if result == "refused":
        keep(os.path.join(folder, "refused"), sale)
    if result != "again":
        os.unlink(os.path.join(folder, name))
    return result


def again(folder):
    results = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json") and not name.startswith("."):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                results.append(settle(folder, json.load(file)))
    return results


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2] == "--again":
        print(" ".join(again(sys.argv[1])) or "nothing is kept")
    elif len(sys.argv) == 2:
        print(once(sys.argv[1], json.load(sys.stdin)))
    else:
        sys.exit(__doc__)
