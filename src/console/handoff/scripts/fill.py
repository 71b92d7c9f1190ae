"""Prints config.json with the secrets put in, for a program that speaks the Airbyte protocol. Needs Python 3.9 or newer and nothing else.

    python3 fill.py > filled.json    # keep it out of version control, and delete it afterwards

Every name that references.json lists has to be in the environment.
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def from_environment(reference):
    if reference["name"] not in os.environ:
        sys.exit(f"{reference['name']} is not set")
    return os.environ[reference["name"]]


def filled(config, secret=from_environment):
    """The configuration with every secret in its place; nothing else of it is touched, whatever it looks like."""
    for reference in load("references.json")["secrets"]:
        *way, last = reference["path"]
        into = config
        for part in way:
            into = into[int(part)] if isinstance(into, list) else into[part]
        into[int(last) if isinstance(into, list) else last] = secret(reference)
    return config


if __name__ == "__main__":
    json.dump(filled(load("config.json")), sys.stdout, indent=2)
    print()
