"""Reads a customer's profile, or says why not. Usage: read_profile.py DIR REF; the token is in $VELUM_TOKEN."""
import os
import sys

import velum


def main(folder: str, ref: str) -> int:
    with velum.Gate(folder) as gate, gate.read(ref, token=os.environ["VELUM_TOKEN"]) as answer:
        if not answer.ok:
            print(f"refused: {answer.problem}")
            return 1
        for name, value in answer.json()["fields"].items():
            print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except velum.Error as error:
        sys.exit(f"the gate does not open: {error}")
