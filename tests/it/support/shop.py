"""A source of the tests that speaks the Airbyte protocol: shop.py VERB --config PATH [--catalog PATH] [--state PATH]

Its mode is words with commas between them: slow, paces, talks, bends, renews (and renews_twice beside it), breaks, tires, keyless, many, falls, down, ill; VERB:PATH waits with that verb until there is such a file.
"""

import argparse
import json
import os
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
modes = (config.get("mode") or "").split(",")
if "slow" in modes:
    time.sleep(600)


def wait():
    """Waits if it was told to wait with this verb."""
    for verb, _, path in (mode.partition(":") for mode in modes):
        while verb == args.verb and not os.path.exists(path):
            time.sleep(0.02)


fields = {"id": {"type": "integer"}, "changed": {"type": "string", "format": "date-time"}, "note": {"type": ["null", "string"]}}
schema = {"type": "object", "properties": fields}
orders = {
    "name": "orders", "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"],
    "source_defined_cursor": False, "default_cursor_field": ["id"], "source_defined_primary_key": [["id"]],
}
if "keyless" in modes:
    orders["source_defined_primary_key"] = []
people = {"name": "people", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}
streams = [orders, people]
if "many" in modes:
    names = ["carts", "cart_items", "coupons", "customers", "deliveries", "invoices", "invoice_lines_with_taxes_and_discounts", "products"]
    streams += [{**orders, "name": name, "source_defined_cursor": number % 2 == 0} for number, name in enumerate(names)]

if args.verb == "check":
    wait()
    for mode, kind in [("down", "transient_error"), ("ill", "system_error")]:
        if mode in modes:
            error = {"message": "The shop has its hands full.", "failure_type": kind, "stack_trace": 'File "/opt/shop/main.py", line 7'}
            say(type="TRACE", trace={"type": "ERROR", "emitted_at": 1, "error": error})
            raise SystemExit(1)
    if "falls" in modes:
        dump = f'Traceback (most recent call last):\n  File "/opt/shop/main.py", line 7, in check\nKeyError: {config["token"]}'
        say(type="CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": dump})
        raise SystemExit(0)
    good = config["token"].startswith("right")
    if good and "renews" in modes:
        for token in ["right-renewed", "right-renewed-again"][: 2 if "renews_twice" in modes else 1]:
            renewed = {**config, "token": token}
            say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": renewed}})
    message = None if good else f"The shop does not know the token {config['token']}"
    say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED" if good else "FAILED", "message": message})
elif args.verb == "discover":
    say(type="CATALOG", catalog={"streams": streams})
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
            if "paces" in modes:
                time.sleep(0.15)
            data = {"id": number, "changed": "2026-01-01T00:00:00Z", "note": "é" * (300 if "talks" in modes else 1)}
            if "bends" in modes and number == 2:
                data = {**data, "changed": "yesterday", "extra": {"a": [1]}}
            say(type="RECORD", record={"stream": name, "data": data, "emitted_at": 1})
        wait()
        number = last + config.get("count", 3)
        say(type="STATE", state={"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": {"id": number}}})
        if "tires" in modes and incremental:
            status = {"stream_descriptor": {"name": name}, "status": "INCOMPLETE"}
            say(type="TRACE", trace={"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": status})
        if "breaks" in modes:
            raise SystemExit("the shop closed")
