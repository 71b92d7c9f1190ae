"""Loads the tables of this database with dlt into DuckDB; name another destination below. Needs: pip install -r requirements.txt

The secrets go into .dlt/secrets.toml or into the environment, by the names that stand there. What is new is found by each table's
own cursor; rows with the same key take each other's place.
"""

import sys
import tempfile
from pathlib import Path

import dlt
from dlt.sources.sql_database import sql_table
from sqlalchemy import URL, create_engine

from fill import filled, load


def secret(reference):
    # As text: dlt would make a number of a password of digits.
    value = dlt.secrets.get(reference["key"], str)
    if value is None:
        sys.exit(f"{reference['name']} is not set")
    return value


def options(config, folder):
    """How the connection is protected, as libpq calls it; it reads certificates from files."""
    tls = config.get("ssl_mode", {})
    found = {"sslmode": tls.get("mode", "prefer"), "connect_timeout": "30"}
    files = {"ca_certificate": "sslrootcert", "client_certificate": "sslcert", "client_key": "sslkey"}
    for member, option in files.items():
        if tls.get(member):
            file = Path(folder) / option
            file.touch(mode=0o600)
            file.write_text(tls[member], encoding="utf-8")
            found[option] = str(file)
    return found


def tables(plan, engine):
    for stream in plan["streams"]:
        cursor = dlt.sources.incremental(stream["cursor"]) if stream["cursor"] else None
        table = sql_table(
            credentials=engine,
            schema=stream["namespace"],
            table=stream["name"],
            incremental=cursor,
            included_columns=stream["fields"],
            reflection_level="full_with_precision",
        )
        way = "replace" if cursor is None else "merge" if stream["keys"] else "append"
        hints = {"primary_key": stream["keys"]} if stream["keys"] else {}
        table.apply_hints(table_name=stream["table"], write_disposition=way, **hints)
        yield table


def main():
    plan = load("plan.json")
    config = filled(load("config.json"), secret)
    with tempfile.TemporaryDirectory() as folder:
        url = URL.create(
            "postgresql+psycopg2",
            username=config["username"],
            password=config.get("password"),
            host=config["host"],
            port=config["port"],
            database=config["database"],
            query=options(config, folder),
        )
        pipeline = dlt.pipeline(pipeline_name=plan["name"], destination="duckdb", dataset_name=plan["dataset"])
        print(pipeline.run(list(tables(plan, create_engine(url)))))


if __name__ == "__main__":
    main()
