"""A source that renews its tokens itself, as connectors do: renews.py TOKEN_URL VERB --config PATH …"""

import argparse
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("token_url")
parser.add_argument("verb")
for option in ["--config", "--catalog", "--state"]:
    parser.add_argument(option)
args = parser.parse_args()


def say(**message):
    print(json.dumps(message), flush=True)


with open(args.config) as file:
    config = json.load(file)
credentials = config["credentials"]


def renew():
    fields = {name: credentials[name] for name in ["client_id", "client_secret", "refresh_token"]}
    body = urllib.parse.urlencode({"grant_type": "refresh_token", **fields}).encode()
    # The provider of the tests has a certificate of the tests' own authority.
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(args.token_url, data=body, context=context) as answer:
        fresh = json.load(answer)
    credentials.update({name: fresh[name] for name in ["access_token", "refresh_token"] if name in fresh})
    # The whole configuration goes back, with what the connector made of it.
    changed = {**config, "start_date": "2026-01-02", "__injected": {"x": 1}}
    say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": changed}})


stream = {"name": "campaigns", "json_schema": {"type": "object", "properties": {"id": {"type": "integer"}}}, "supported_sync_modes": ["full_refresh"]}

if args.verb == "check":
    try:
        renew()
        say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})
    except urllib.error.HTTPError as error:
        say(type="CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": f"no token: {error.code}"})
elif args.verb == "discover":
    say(type="CATALOG", catalog={"streams": [stream]})
elif args.verb == "read":
    renew()
    say(type="RECORD", record={"stream": "campaigns", "data": {"id": 1}, "emitted_at": 1})
