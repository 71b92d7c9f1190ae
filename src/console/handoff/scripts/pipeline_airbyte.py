"""Reads this source with PyAirbyte and loads it with dlt into DuckDB; name another destination below.
Needs: pip install -r requirements.txt

The secrets go into .dlt/secrets.toml or into the environment, by the names that stand there. Every run reads the streams whole;
records with the same key take each other's place, and a table without a key is written anew.
"""

import shutil
import sys

import airbyte
import dlt

from fill import HERE, filled, load


def secret(reference):
    # As text: dlt would make a number of a password of digits.
    value = dlt.secrets.get(reference["key"], str)
    if value is None:
        sys.exit(f"{reference['name']} is not set")
    return value


def reader(plan):
    config = filled(load("config.json"), secret)
    how = {}
    if (HERE / "manifest.yaml").exists():
        how["source_manifest"] = HERE / "manifest.yaml"
    elif plan["manifest_only"]:
        how["source_manifest"] = True
    elif shutil.which(plan["connector"]):
        how["local_executable"] = plan["connector"]
    elif plan["package"]:
        how["pip_url"] = plan["package"]
    return airbyte.get_source(plan["connector"], config=config, **how)


def records(source, stream):
    # The name keeps it alive: PyAirbyte ends the reading of what nobody holds.
    dataset = source.get_records(stream["name"])
    for record in dataset:
        row = {name: value for name, value in dict(record).items() if not name.startswith("_airbyte_")}
        fields = stream["fields"]
        yield row if fields is None else {name: row.get(name) for name in fields}


def tables(plan, source):
    streams = plan["streams"] or [
        {"name": name, "table": name, "keys": [], "fields": None, "incremental": False}
        for name in source.get_available_streams()
    ]
    for stream in streams:
        merges = stream["incremental"] and stream["keys"]
        hints = {"primary_key": stream["keys"]} if stream["keys"] else {}
        yield dlt.resource(
            records(source, stream),
            name=stream["table"],
            write_disposition="merge" if merges else "replace",
            **hints,
        )


def main():
    plan = load("plan.json")
    pipeline = dlt.pipeline(pipeline_name=plan["name"], destination="duckdb", dataset_name=plan["dataset"])
    print(pipeline.run(list(tables(plan, reader(plan)))))


if __name__ == "__main__":
    main()
