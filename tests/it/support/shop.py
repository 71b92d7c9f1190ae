"""A source of the tests that speaks the Airbyte protocol: shop.py VERB --config PATH [--catalog PATH] [--state PATH]"""

import argparse
import json
import time

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
say(type="LOG", log={"level": "INFO", "message": f"using {config['token']}"})
if config.get("mode") == "slow":
    time.sleep(600)
fields = {"id": {"type": "integer"}, "changed": {"type": "string", "format": "date-time"}, "note": {"type": ["null", "string"]}}
schema = {"type": "object", "properties": fields}
orders = {
    "name": "orders", "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"],
    "source_defined_cursor": False, "default_cursor_field": ["id"], "source_defined_primary_key": [["id"]],
}
people = {"name": "people", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}

if args.verb == "check":
    good = config["token"].startswith("right")
    if good and config.get("mode") == "renews":
        renewed = {**config, "token": "right-renewed"}
        say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": renewed}})
    message = None if good else f"The shop does not know the token {config['token']}"
    say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED" if good else "FAILED", "message": message})
elif args.verb == "discover":
    say(type="CATALOG", catalog={"streams": [orders, people]})
elif args.verb == "read":
    known = {}
    if args.state:
        for piece in document(args.state):
            known[piece["stream"]["stream_descriptor"]["name"]] = piece["stream"]["stream_state"]["id"]
    for chosen in document(args.catalog)["streams"]:
        name = chosen["stream"]["name"]
        incremental = chosen["sync_mode"] == "incremental"
        last = known.get(name, 0) if incremental else 0
        for number in range(last + 1, last + 1 + config.get("count", 3)):
            data = {"id": number, "changed": "2026-01-01T00:00:00Z", "note": "é"}
            say(type="RECORD", record={"stream": name, "data": data, "emitted_at": 1})
        say(type="STATE", state={"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": {"id": number}}})
        if config.get("mode") == "breaks":
            raise SystemExit("the shop closed")
