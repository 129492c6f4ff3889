"""Does a module's work until there is none. Usage: serve_module.py DIR MODULE; the token is in $VELUM_TOKEN."""
import os
import sys

import velum


def main(folder: str, name: str) -> int:
    with velum.Gate(folder) as gate, velum.Module(gate, name, token=os.environ["VELUM_TOKEN"]) as module:
        for work in module.works(wait_ms=500):
            print(f"{work.kind} {work.name} at {work.at}, given {work.attempts} times")
            work.done()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except velum.Error as error:
        sys.exit(f"refused: {error}")
