"""Reads this source with PyAirbyte into its local cache (DuckDB). Needs: pip install -r requirements.txt

Every name that references.json lists has to be in the environment. What was read before is remembered in the cache, so that the next
time brings what is new.
"""

import shutil

import airbyte

from fill import HERE, filled, load


def source(plan):
    how = {}
    if (HERE / "manifest.yaml").exists():
        how["source_manifest"] = HERE / "manifest.yaml"
    elif plan["manifest_only"]:
        how["source_manifest"] = True
    elif shutil.which(plan["connector"]):
        how["local_executable"] = plan["connector"]
    elif plan["package"]:
        how["pip_url"] = plan["package"]
    reader = airbyte.get_source(plan["connector"], config=filled(load("config.json")), **how)
    names = [stream["name"] for stream in plan["streams"]]
    if names:
        reader.select_streams(names)
    else:
        reader.select_all_streams()
    for stream in plan["streams"]:
        if stream["cursor"]:
            reader.set_cursor_key(stream["name"], stream["cursor"])
        if stream["keys"]:
            reader.set_primary_key(stream["name"], stream["keys"])
    return reader


def main():
    plan = load("plan.json")
    result = source(plan).read(cache=airbyte.caches.DuckDBCache(db_path=HERE / f"{plan['name']}.duckdb"))
    for name, records in result.streams.items():
        print(name, len(records))


if __name__ == "__main__":
    main()
