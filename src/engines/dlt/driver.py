"""Drives dlt (https://dlthub.com/docs) for Vestibule, which starts it and ends it.

What is to be done comes as one JSON document by the file descriptor 3, secrets included; nothing of it is written anywhere. Answers go out
as JSON, one a line, on standard output; whatever else is said goes to standard error. Modes:

  hello  says which version of dlt this is, and that the destination can be made
  check  asks the real system whether records could go there; what is tried is taken back
  look   says of each table whether it is there and which run filled it last
  load   loads the records that wait in files

A load is one package of dlt. Which run filled a table last stands in the state that dlt commits with the package, so it is true exactly
when the package is complete. Before records take the place of a table that is added to otherwise, its entry is taken out in a package of
its own: a load that breaks off then leaves a table that the next run fills anew.
"""

import contextlib
import fcntl
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rows import Table  # noqa: E402 - the folder of this file is not looked into otherwise
from words import Refused, refusal  # noqa: E402

out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

PROBE = "_vestibule_check"
# How long another run may hold a file that takes one writer at a time.
PATIENCE = 1800


def say(kind, **more):
    out.write(json.dumps({"type": kind, **more}, default=str) + "\n")
    out.flush()


def destination(task):
    import dlt

    place = task["destination"]
    if "authority" in place:
        with open("authority.pem", "w", encoding="utf-8") as file:
            file.write(place["authority"] + "\n")
    make = getattr(dlt.destinations, place["factory"])
    return make(**place["arguments"])


def pipeline(task):
    import dlt

    # The name of a dataset is one that somebody has entered: it stays as it is.
    dlt.config["destination.enable_dataset_name_normalization"] = False
    dlt.config["normalize.data_writer.file_max_bytes"] = 40_000_000
    dlt.config["extract.data_writer.file_max_bytes"] = 40_000_000
    dlt.config["normalize.data_writer.disable_compression"] = not task["is_compressed"]
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["normalize.workers"] = 1
    dlt.config["load.workers"] = 1 if task["destination"]["factory"] == "duckdb" else 4
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["load.raise_on_max_retries"] = 3
    if task["is_files"] is False:
        dlt.config["destination.replace_strategy"] = "insert-from-staging"
    made = dlt.pipeline(
        pipeline_name=task["pipeline"],
        pipelines_dir=os.path.join(os.getcwd(), "pipelines"),
        destination=destination(task),
        dataset_name=task["destination"]["dataset"],
    )
    return made


@contextlib.contextmanager
def alone(task):
    """Waits until nobody else writes into a file that takes one writer at a time."""
    path = task["destination"].get("lock")
    if path is None:
        yield
        return
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "w", encoding="utf-8") as lock:
        until = time.monotonic() + task.get("patience", PATIENCE)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Refused("Another extraction is writing to it. Try again when that is done.", "unwell") from None
                time.sleep(0.2)
        yield


def own_schema(made, task):
    """The schema of this source as the destination knows it; an empty one before the first load."""
    import dlt

    made.sync_destination()
    if task["pipeline"] in made.schemas:
        return made.schemas[task["pipeline"]]
    return dlt.Schema(task["pipeline"], normalizers=None)


def marks(made, task):
    """Which run filled each table last."""
    return made.state.get("sources", {}).get(task["pipeline"], {}).get("tables", {})


def names_of(schema, tables):
    """The names of the tables as the destination knows them."""
    names = {}
    for table in tables:
        name = schema.naming.normalize_table_identifier(table["name"])
        if name.startswith("_dlt"):
            raise Refused(f"{table['stream']} needs another table name: names that begin with _dlt are those of the loader's own tables.")
        if name in names.values():
            raise Refused(f"{table['stream']} needs another table name: two tables would both be called {name} there.")
        names[table["name"]] = name
    return names


def look(task):
    with alone(task):
        made = pipeline(task)
        schema = own_schema(made, task)
        names = names_of(schema, task["tables"])
        known = marks(made, task)
        with made.destination_client(schema.name if schema.name in made.schemas else None) if made.schemas else first_client(made, schema) as client:
            there = {}
            if client.is_storage_initialized():
                there = {name for name, columns in client.get_storage_tables(list(names.values())) if columns}
    tables = []
    for table in task["tables"]:
        name = names[table["name"]]
        mark = known.get(table["name"])
        if name in there and name not in schema.tables:
            raise Refused(
                f"There is a table {name} in {task['destination']['label']} already that was not filled by this source, so it is not touched. "
                f"Give the stream {table['stream']} another table name, or move that table away."
            )
        found = {"name": table["name"], "is_there": name in there, "run": None, "keys": None}
        if name in there and mark:
            found.update(run=mark["run"], keys=mark["keys"])
        tables.append(found)
    say("found", tables=tables)


def first_client(made, schema):
    """A client before the first load, when dlt knows no schema of ours yet."""
    return made._get_destination_clients(schema)[0]


def package(task, resources, change):
    """One package of dlt: rows, and what is written down with them."""
    import dlt

    @dlt.source(name=task["pipeline"], max_table_nesting=0)
    def source():
        def noted():
            change(dlt.current.source_state())
            yield from ()

        yield from resources
        yield dlt.resource(noted(), name="_vestibule_marks", write_disposition="append")

    made = source()
    # A text that looks like a moment is a text, unless the source says otherwise.
    made.schema.remove_type_detection("iso_timestamp")
    return made


def run(made, task, source):
    more = {"loader_file_format": task["format"]} if task["format"] else {}
    info = made.run(source, **more)
    info.raise_on_failed_jobs()


def sweep_files(made, task, schema):
    """Takes away files of loads that broke off: their records come again."""
    names = [schema.naming.normalize_table_identifier(table["name"]) for table in task["tables"]]
    with made.destination_client(schema.name) as client:
        if not client.is_storage_initialized():
            return
        done = set()
        for table in (schema.loads_table_name, schema.state_table_name):
            for path in client.list_table_files(table):
                parts = os.path.basename(path)[: -len(".jsonl")].split("__")
                done.update(parts)
        for name in names:
            if name not in schema.tables:
                continue
            for path in client.list_table_files(name):
                if ".".join(os.path.basename(path).split(".")[:2]) not in done:
                    client.fs_client.rm_file(path)


def load(task):
    with alone(task):
        made = pipeline(task)
        schema = own_schema(made, task)
        known = marks(made, task)
        names_of(schema, task["tables"])
        for table in task["tables"]:
            run_before = known.get(table["name"], {}).get("run")
            if table["continues"] and not table["replaces"] and run_before != table["continues"]:
                raise Refused(
                    f"The table {table['name']} was changed while {table['stream']} was read, so nothing was written. The next extraction "
                    "reads it from the beginning."
                )
        task["knows_naive"] = made.destination.capabilities().supports_naive_datetime
        task["kept"] = {name: mark.get("columns", {}) for name, mark in known.items()}
        if task["is_files"] and schema.name in made.schemas:
            sweep_files(made, task, schema)
        filled = [Table(task, schema, table) for table in task["tables"] if not (table["is_whole"] and table["is_incomplete"])]
        begun_anew = [table.plan["name"] for table in filled if table.plan["replaces"] and not table.plan["is_whole"] and table.plan["name"] in known]
        if begun_anew:
            def forget(state):
                for name in begun_anew:
                    state.get("tables", {}).pop(name, None)

            run(made, task, package(task, [], forget))

        def note(state):
            tables = state.setdefault("tables", {})
            for table in filled:
                keys = table.plan["keys"]
                tables[table.plan["name"]] = {"run": task["run"], "keys": keys, "columns": table.columns.kept, "source": task["source"]}

        # The order matters: what the fields of the records are called is known when they were read.
        run(made, task, package(task, [table.resource(task) for table in filled], note))
    say("done", beside=[table.plan["name"] for table in filled if table.beside])


def check(task):
    with alone(task):
        made = pipeline(task)
        words = check_files(made, task) if task["is_files"] else check_tables(made, task)
    say("checked", words=words)


def check_files(made, task):
    """Lists, and begins an upload that is taken back: what it takes to write is asked for, and nothing is ever seen of it."""
    place = task["destination"]
    with first_client(made, scratch()) as client:
        fs = client.fs_client
        if place["factory"] == "filesystem" and place["arguments"]["bucket_url"].startswith("s3://"):
            path = place["arguments"]["bucket_url"][len("s3://") :].rstrip("/")
            bucket, _, folder = path.partition("/")
            fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=folder, MaxKeys=1)
            name = f"{folder}/{PROBE}".lstrip("/")
            begun = fs.call_s3("create_multipart_upload", Bucket=bucket, Key=name)
            fs.call_s3("abort_multipart_upload", Bucket=bucket, Key=name, UploadId=begun["UploadId"])
            return f"The bucket {bucket} can be listed, and files can be written to it: an upload was begun and taken back."
        os.makedirs(place["folder"], mode=0o700, exist_ok=True)
        probe = os.path.join(place["folder"], PROBE)
        with open(probe, "w", encoding="utf-8"):
            pass
        os.remove(probe)
        return "Files can be written to the folder of this destination in the server's data folder."


def scratch():
    import dlt

    return dlt.Schema("vestibule_check")


def check_tables(made, task):
    """Signs in; where tables can be made in a transaction, one is, and is taken back."""
    place = task["destination"]
    if place.get("folder"):
        os.makedirs(place["folder"], mode=0o700, exist_ok=True)
    with first_client(made, scratch()) as client:
        sql = client.sql_client
        there = sql.has_dataset()
        label = place["label"]
        if not place["can_take_back"]:
            sql.execute_sql("SELECT 1")
            state = f"{place['dataset']} is there." if there else f"{place['dataset']} is not there yet; the first load makes it."
            return f"Signed in to {label}. {state} Whether tables can be made there shows with the first load, because this system cannot take one back."
        with sql.begin_transaction() as transaction:
            if not there:
                sql.create_dataset()
            sql.execute_sql(f"CREATE TABLE {sql.make_qualified_table_name(PROBE)} (id int)")
            transaction.rollback_transaction()
        state = "Tables can be made in" if there else "The schema is not there yet and can be made:"
        return f"{state} {place['dataset']}; the one that was tried was taken back."


def hello(task):
    import importlib

    import dlt

    for name in task["modules"]:
        importlib.import_module(name)
    say("hello", version=dlt.__version__)


def main():
    with os.fdopen(3, "rb") as given:
        task = json.load(given)
    try:
        {"hello": hello, "check": check, "look": look, "load": load}[task["mode"]](task)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        import traceback

        traceback.print_exc()
        code, message = refusal(error)
        say("refused", code=code, message=message)
        sys.exit(1)


if __name__ == "__main__":
    main()
