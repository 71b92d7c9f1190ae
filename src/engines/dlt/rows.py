"""How records become rows: which column a field has, and what goes into it as it is."""

import datetime
import decimal
import hashlib
import json

from words import Refused

KEY = "_vestibule_key"
OWN = ("_dlt_id", "_dlt_load_id", KEY)
WHOLE = 2**63
EXACT = decimal.Context(prec=76)
TEXT = {"data_type": "text"}
# Rows that become columns together.
BATCH = 20_000


def number(token):
    return decimal.Decimal(token)


def records(path):
    """The records of a file, one after the other."""
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line, parse_float=number)


def key_of(record, keys):
    """What names a record, as text that is the same for the same key; `None`: a part of it is missing."""
    parts = []
    for path in keys:
        value = record
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return None
        parts.append(value)
    return json.dumps(parts, default=str, ensure_ascii=False)


def only_grows(table):
    """Whether the one key of a table is a whole number that only grows: then no record comes twice."""
    if len(table["keys"]) != 1 or len(table["keys"][0]) != 1:
        return False
    (name,), last = table["keys"][0], None
    for record in records(table["file"]):
        value = record.get(name)
        if type(value) is not int or (last is not None and value <= last):
            return False
        last = value
    return True


def survey(table):
    """Sees which records are the last ones of their keys. Gives the places of those that are not, and whether some key is missing."""
    late, seen, missing = set(), {}, False
    if not table["keys"] or only_grows(table):
        return late, missing
    for place, record in enumerate(records(table["file"])):
        key = key_of(record, table["keys"])
        if key is None:
            missing = True
            continue
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        before = seen.get(digest)
        if before is not None:
            late.add(before)
        seen[digest] = place
    return late, missing


class Columns:
    """Which column each field of a table has: the name dlt would give it, and another where two fields would share one."""

    def __init__(self, naming, kept):
        self.naming, self.kept = naming, dict(kept)
        self.taken = set(self.kept.values()) | set(OWN)

    def of(self, field):
        name = self.kept.get(field)
        if name is None:
            name = self.naming.normalize_identifier(field) or "_"
            if name in self.taken or "__v_" in name:
                mark = hashlib.sha256(field.encode("utf-8", "surrogatepass")).hexdigest()
                name = f"{name}_x{mark[:6]}"
            self.kept[field] = name
            self.taken.add(name)
        return name


def fits(value, hint):
    """Whether a value goes into a column of that kind as it is."""
    kind = hint.get("data_type")
    if kind == "bigint":
        return type(value) is int and -WHOLE <= value < WHOLE
    if kind == "decimal":
        return whole_digits(value, hint.get("precision", 38), hint.get("scale", 9))
    if kind == "double":
        return type(value) in (int, float, decimal.Decimal)
    if kind == "bool":
        return type(value) is bool
    if kind == "json":
        return True
    if kind == "text":
        return isinstance(value, str)
    if kind in ("timestamp", "date", "time"):
        return moment(value, kind, hint.get("timezone", True)) is not None
    return kind is None


def whole_digits(value, precision, scale):
    if isinstance(value, bool) or not isinstance(value, (int, str, decimal.Decimal)):
        return False
    try:
        value = decimal.Decimal(value)
    except decimal.InvalidOperation:
        return False
    if not value.is_finite():
        return False
    _, digits, exponent = value.normalize(EXACT).as_tuple()
    return -exponent <= scale and len(digits) + exponent <= precision - scale


def moment(value, kind, zoned):
    if not isinstance(value, str):
        return None
    try:
        if kind == "date":
            return datetime.date.fromisoformat(value)
        if kind == "time":
            found = datetime.time.fromisoformat(value)
            return found if found.tzinfo is None else None
        found = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if zoned is False or found.tzinfo is not None else found.replace(tzinfo=datetime.timezone.utc)


def cast(value, hint):
    kind = hint.get("data_type")
    if kind == "decimal":
        return decimal.Decimal(value)
    if kind == "double":
        return float(value)
    if kind == "text":
        return written(value)
    if kind in ("timestamp", "date", "time"):
        return moment(value, kind, hint.get("timezone", True))
    return value


def written(text):
    """A text without halves of letters, which no file holds."""
    return text.encode("utf-8", "replace").decode() if any("\ud800" <= letter <= "\udfff" for letter in text) else text


def plain(value):
    """A value inside of another one: numbers as JSON has them."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return written(value)
    return value


def guessed(value):
    """What a field nobody described holds; `None`: nothing."""
    if isinstance(value, bool):
        return {"data_type": "bool"}
    if isinstance(value, int):
        return {"data_type": "bigint"}
    if isinstance(value, decimal.Decimal):
        return {"data_type": "double"}
    if isinstance(value, (dict, list)):
        return {"data_type": "json"}
    return {"data_type": "text"}


def arrow_type(hint):
    import pyarrow

    kind = hint["data_type"]
    if kind == "decimal":
        return pyarrow.decimal128(hint.get("precision", 38), hint.get("scale", 9))
    if kind == "timestamp":
        return pyarrow.timestamp("us", None if hint.get("timezone") is False else "UTC")
    kinds = {"bool": "bool_", "bigint": "int64", "double": "float64", "date": "date32"}
    return pyarrow.time64("us") if kind == "time" else getattr(pyarrow, kinds.get(kind, "string"))()


class Table:
    """A table that is filled: how its records become rows."""

    def __init__(self, task, schema, table):
        self.plan, self.columns = table, Columns(schema.naming, task["kept"].get(table["name"], {}))
        name = schema.naming.normalize_table_identifier(table["name"])
        there = schema.tables.get(name, {}).get("columns", {})
        self.hints, self.beside = {}, False
        for field, hint in table["columns"].items():
            column = self.columns.of(field)
            kept = there.get(column)
            if kept is not None and kept.get("data_type"):
                hint = {part: kept[part] for part in ("data_type", "precision", "scale", "timezone") if kept.get(part) is not None}
            if hint.get("timezone") is False and not task["knows_naive"]:
                # A moment without a zone is kept as it is written where only moments with one are known.
                hint = {"data_type": "text"}
            if hint.get("data_type"):
                self.hints[column] = hint
        for column, kept in there.items():
            if kept.get("data_type") and "__v_" not in column:
                self.hints.setdefault(column, {part: kept[part] for part in ("data_type", "precision", "scale", "timezone") if kept.get(part) is not None})
        self.late, self.missing = survey(table)
        nested = any(len(path) != 1 for path in table["keys"])
        merges = self.disposition(task) == "merge"
        self.hashed = bool(table["keys"]) and (nested or (KEY in there and merges) or (self.missing and not merges))
        if self.missing and merges and not self.hashed:
            raise Refused(
                f"A record of {table['stream']} has no value in one of its keys, so it cannot be told from others in the table {name}. "
                "Choose other primary keys, or start an extraction from the beginning once, which fills the table anew."
            )

    def disposition(self, task):
        if self.plan["replaces"]:
            return "replace"
        return "append" if task["is_files"] else "merge"

    def keys(self):
        if not self.plan["keys"]:
            return None
        return KEY if self.hashed else [self.columns.of(path[0]) for path in self.plan["keys"]]

    def row(self, record):
        row = {}
        for field, value in record.items():
            column = self.columns.of(field)
            if value is None:
                row[column] = None
                continue
            hint = self.hints.get(column)
            if hint is None:
                hint = self.hints[column] = guessed(value)
            if fits(value, hint):
                row[column] = plain(value) if hint["data_type"] == "json" else cast(value, hint)
            else:
                # Nothing is lost: it stands as text beside the others.
                self.beside = True
                row[column] = None
                text = value if isinstance(value, str) else json.dumps(plain(value)) if isinstance(value, (dict, list)) else str(value)
                row[f"{column}__v_text"] = written(text)
        if self.hashed:
            key = key_of(record, self.plan["keys"])
            row[KEY] = hashlib.sha256((key or json.dumps(plain(record), sort_keys=True)).encode("utf-8", "surrogatepass")).hexdigest()
        return row

    def rows(self, in_columns):
        import dlt

        if self.plan["replaces"] and not in_columns:
            yield dlt.mark.materialize_table_schema()
        elif self.plan["replaces"] and self.hints:
            yield self.batch([dict.fromkeys(self.hints)], 0)
        rows = []
        for place, record in enumerate(records(self.plan["file"])):
            if place in self.late:
                continue
            if not in_columns:
                yield self.row(record)
                continue
            rows.append(self.row(record))
            if len(rows) >= BATCH:
                yield self.batch(rows)
                rows = []
        if rows:
            yield self.batch(rows)

    def batch(self, rows, most=None):
        """Rows as columns, which dlt takes on as they are instead of looking at every value again."""
        import dlt
        import pyarrow

        names = {name: None for row in rows for name in row}
        known = {name: self.hints.get(name, TEXT) for name in names if name in self.hints or name == KEY or "__v_text" in name}
        arrays = []
        for name, hint in known.items():
            values = [row.get(name) for row in rows[:most]]
            if hint["data_type"] == "json":
                values = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]
            arrays.append(pyarrow.array(values, type=arrow_type(hint)))
        # What a text really is cannot be seen from it.
        found = {name: hint for name, hint in known.items() if hint["data_type"] == "json"}
        batch = pyarrow.table(arrays, names=list(known))
        return dlt.mark.with_hints(batch, dlt.mark.make_hints(columns=found)) if found else batch

    def resource(self, task):
        import dlt

        columns = {column: {"nullable": True, **hint} for column, hint in self.hints.items()}
        disposition = self.disposition(task)
        keys = self.keys()
        for column in ([keys] if isinstance(keys, str) else keys or []):
            # Of a key that nobody described its first value tells the type.
            columns.setdefault(column, {"name": column})["nullable"] = self.missing and not self.hashed
        return dlt.resource(
            self.rows(task["format"] == "parquet"),
            name=self.plan["name"],
            columns=columns,
            primary_key=None if self.missing and not self.hashed else keys,
            write_disposition={"disposition": "merge", "strategy": "delete-insert"} if disposition == "merge" else disposition,
        )
