"""A source of the tests whose contents a test writes: ledger.py VERB --config PATH [--catalog PATH] [--state PATH]

`folder` holds one JSON file for each `database`: the rows of each stream. Every row has `changed`, which grows with every write to any stream,
and `seq`, which grows with it in other numbers. `form` says how the position is told: of each stream, of all together, or in the old form.
"""

import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("verb")
for option in ["--config", "--catalog", "--state"]:
    parser.add_argument(option)
args = parser.parse_args()


def say(**message):
    print(json.dumps(message), flush=True)


def document(path):
    with open(path) as file:
        return json.load(file)


config = document(args.config)
form = config.get("form", "stream")
if args.verb == "check":
    say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})
elif args.verb == "discover":
    fields = {name: {"type": "integer"} for name in ["id", "changed", "seq"]}
    schema = {"type": "object", "properties": {**fields, "note": {"type": "string"}}}
    usual = {
        "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"], "source_defined_cursor": False,
        "default_cursor_field": ["changed"], "source_defined_primary_key": [["id"]],
    }
    say(type="CATALOG", catalog={"streams": [{**usual, "name": name} for name in ["sales", "people"]]})
elif args.verb == "read":
    contents = document(os.path.join(config["folder"], config["database"] + ".json"))
    state = document(args.state) if args.state else []
    shared = 0
    own = {}
    if form == "old" and state:
        shared = state["at"]
    elif form == "global" and state:
        shared = state[0]["global"]["shared_state"]["at"]
    elif form == "stream":
        own = {piece["stream"]["stream_descriptor"]["name"]: piece["stream"]["stream_state"]["at"] for piece in state}
    highest = shared
    for chosen in document(args.catalog)["streams"]:
        name = chosen["stream"]["name"]
        incremental = chosen["sync_mode"] == "incremental"
        cursor = chosen["cursor_field"][0] if form == "stream" and incremental else "changed"
        last = (own.get(name, 0) if form == "stream" else shared) if incremental else 0
        rows = sorted((row for row in contents[name] if row[cursor] >= last), key=lambda row: row[cursor])
        for row in rows:
            say(type="RECORD", record={"stream": name, "data": row, "emitted_at": 1})
        at = max([last] + [row[cursor] for row in rows])
        if form == "stream" and incremental:
            descriptor = {"stream_descriptor": {"name": name}, "stream_state": {"at": at}}
            say(type="STATE", state={"type": "STREAM", "stream": descriptor})
        # A shared position knows every write, whatever it was to.
        highest = max([highest] + [row["changed"] for rows in contents.values() for row in rows])
    if form == "global":
        say(type="STATE", state={"type": "GLOBAL", "global": {"shared_state": {"at": highest}, "stream_states": []}})
    elif form == "old":
        say(type="STATE", state={"data": {"at": highest}})
