#!/usr/bin/env python3
"""Stands for the Python of an environment with dlt: does what the driver is asked for, and keeps tables as JSON in the destination's folder.

The name of the schema (or the user) says how it behaves: falls_once dies in the middle of its first load; denied is refused with its secret.
"""

import json
import os
import sys

with os.fdopen(3) as given:
    task = json.load(given)


def say(kind, **more):
    print(json.dumps({"type": kind, **more}), flush=True)


def refuse(code, message):
    say("refused", code=code, message=message)
    sys.exit(1)


place = task["destination"]
secret = json.dumps(place["arguments"].get("credentials", {}))
words = open("/proc/self/cmdline").read() + open("/proc/self/environ").read()
for value in place["arguments"].get("credentials", {}).values() if isinstance(place["arguments"].get("credentials"), dict) else []:
    if isinstance(value, str) and len(value) > 8 and value in words:
        refuse("refused", "a detail stands in the arguments or in the environment")
if place["dataset"] == "denied":
    print("Traceback: " + secret, file=sys.stderr)
    refuse("sign_in_failed", f"The key is wrong. It says: {secret}")
if task["mode"] == "check":
    say("checked", words=f"Tables can be made in {place['dataset']}; the one that was tried was taken back.")
    sys.exit()

path = os.path.join(place.get("folder") or os.environ["TMPDIR"], "tables.json")
tables = json.load(open(path)) if os.path.exists(path) else {}
if task["mode"] == "look":
    found = []
    for table in task["tables"]:
        there = tables.get(table["name"])
        if there and there["pipeline"] != task["pipeline"]:
            refuse("refused", f"There is a table {table['name']} in {place['label']} already that was not filled by this source.")
        found.append({"name": table["name"], "is_there": there is not None, "run": there and there["run"], "keys": there and there["keys"]})
    say("found", tables=found)
    sys.exit()


def keep():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(tables, file)


for number, table in enumerate(task["tables"]):
    if table["is_whole"] and table["is_incomplete"]:
        continue
    there = tables.setdefault(table["name"], {"rows": {}, "keys": table["keys"], "run": None, "pipeline": task["pipeline"]})
    if table["replaces"]:
        there.update(rows={}, run=None)
    with open(table["file"]) as file:
        for line in file:
            record = json.loads(line)
            there["rows"][str(record["id"])] = record
    there["columns"], there["loads"] = table["columns"], there.get("loads", 0) + 1
    keep()
    if place["dataset"] == "falls_once" and number == 0 and not os.path.exists(path + ".fell"):
        open(path + ".fell", "w").close()
        os.kill(os.getpid(), 9)
for table in task["tables"]:
    if table["name"] in tables:
        tables[table["name"]].update(run=task["run"], keys=table["keys"])
keep()
say("done", beside=[])
