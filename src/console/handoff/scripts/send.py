"""Makes this source in Airbyte, and its connection, through Airbyte's public API. Needs Python 3.9 or newer and nothing else.

In the environment:
  AIRBYTE_API_URL         like https://airbyte.example.com/api/public/v1
  AIRBYTE_WORKSPACE_ID    where the source is made
  AIRBYTE_DESTINATION_ID  where its records go
  AIRBYTE_TOKEN           or AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET of an application
  AIRBYTE_SOURCE_DEFINITION_ID  only where the workspace has more than one connector of this kind, or none under its usual name
  and every name that references.json lists.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

from fill import filled, load


def given(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set")
    return value


def call(method, path, body=None, token=None):
    headers = {"content-type": "application/json", "accept": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(given("AIRBYTE_API_URL").rstrip("/") + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:2000]}")
    except urllib.error.URLError as error:
        sys.exit(f"{method} {path}: {error.reason}")


def sign_in():
    if os.environ.get("AIRBYTE_TOKEN"):
        return os.environ["AIRBYTE_TOKEN"]
    body = {"client_id": given("AIRBYTE_CLIENT_ID"), "client_secret": given("AIRBYTE_CLIENT_SECRET"), "grant-type": "client_credentials"}
    return call("POST", "/applications/token", body)["access_token"]


def definition(workspace, repository, token):
    if os.environ.get("AIRBYTE_SOURCE_DEFINITION_ID"):
        return os.environ["AIRBYTE_SOURCE_DEFINITION_ID"]
    if repository is None:
        sys.exit("AIRBYTE_SOURCE_DEFINITION_ID is not set")
    found = call("GET", f"/workspaces/{urllib.parse.quote(workspace, safe='')}/definitions/sources", token=token)["data"]
    ids = [one["id"] for one in found if one["dockerRepository"] == repository]
    if len(ids) != 1:
        sys.exit(f"{len(ids)} connectors of the workspace are {repository}: set AIRBYTE_SOURCE_DEFINITION_ID")
    return ids[0]


def main():
    source, connection, references = load("source.json"), load("connection.json"), load("references.json")
    filled(source["configuration"])
    workspace, destination = given("AIRBYTE_WORKSPACE_ID"), given("AIRBYTE_DESTINATION_ID")
    token = sign_in()
    source["workspaceId"] = workspace
    source["definitionId"] = definition(workspace, references["repository"], token)
    made = call("POST", "/sources", source, token)["sourceId"]
    print(f"source {made}")
    connection["sourceId"], connection["destinationId"] = made, destination
    print("connection", call("POST", "/connections", connection, token)["connectionId"])


if __name__ == "__main__":
    main()
