#!/usr/bin/env python3
"""Moves one column of a customer table behind Velum: compare, empty, or put back.

    move_column.py crm.db mobile compare    how many rows hold what Velum holds, and which do not
    move_column.py crm.db mobile empty      sets the column to NULL where both are the same
    move_column.py crm.db mobile restore    writes Velum's values back (the way out)

Needs VELUM_URL and VELUM_TOKEN, a credential whose activity and role show the column in the clear. It
prints ids of rows, never a value. sqlite3 stands for any DB-API module: with psycopg only connect() and
the placeholder differ.
"""
import json
import os
import sqlite3
import sys
import urllib.error
import urllib.request

COLUMNS = {"name", "mobile", "email", "city"}  # never text from outside in a statement


def normal(column, value):
    """What Velum makes of a value before it compares: blanks around it go, and a mobile number is one
    number however it was written."""
    value = (value or "").strip()
    if column == "mobile":
        value = value.replace(" ", "").replace("-", "")
        value = value[3:] if value.startswith("+86") else value
    return value


def held(ref, column):
    """The value behind Velum; None when there is none."""
    request = urllib.request.Request(
        f"{os.environ['VELUM_URL']}/v1/subjects/{ref}?fields={column}",
        headers={"Authorization": f"Bearer {os.environ['VELUM_TOKEN']}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = json.load(answer)
    if column in body["masked"] or column in body["hidden"]:
        sys.exit(f"this credential does not see {column} in the clear")
    return body["fields"].get(column)


def main(database, column, act):
    if column not in COLUMNS or act not in ("compare", "empty", "restore"):
        sys.exit(__doc__)
    crm = sqlite3.connect(database)
    same, differs = 0, []
    rows = crm.execute(f"SELECT id, velum_ref, {column} FROM customer WHERE velum_ref IS NOT NULL").fetchall()
    for number, ref, value in rows:
        theirs = held(ref, column)
        if act == "restore":
            crm.execute(f"UPDATE customer SET {column} = ? WHERE id = ?", (theirs, number))
        elif normal(column, value) != normal(column, theirs):
            differs.append(number)
        else:
            same += 1
            if act == "empty":
                crm.execute(f"UPDATE customer SET {column} = NULL WHERE id = ?", (number,))
    crm.commit()
    print(f"{column}: {len(rows) if act == 'restore' else same} done, {len(differs)} different")
    for number in differs:
        print(f"  customer {number}")
    return 1 if differs else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except urllib.error.URLError as error:
        sys.exit(f"Velum did not answer: {getattr(error, 'code', error.reason)}")
