"""Makes the wheel of a connector of the tests: wheels.py FOLDER PACKAGE VERSION [mute|broken|bare]"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

folder, package, version, *modes = sys.argv[1:]
mode = modes[0] if modes else ""

FAKER = '''
import json, sys
def say(**message): print(json.dumps(message), flush=True)
SPEC = {"type": "object", "title": "Faker Source Spec", "required": ["token"], "properties": {
    "token": {"type": "string", "title": "Token", "airbyte_secret": True}, "count": {"type": "integer", "title": "Count", "default": 3}}}
def main():
    verb = sys.argv[1]
    config = json.load(open(sys.argv[sys.argv.index("--config") + 1])) if "--config" in sys.argv else {}
    if verb == "spec":
        say(type="SPEC", spec={"connectionSpecification": SPEC})
    elif verb == "check":
        good = config.get("token") == "right"
        say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"} if good else {"status": "FAILED", "message": "This token is not known."})
    elif verb == "discover":
        schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
        say(type="CATALOG", catalog={"streams": [{"name": "users", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}]})
    else:
        for number in range(config["count"]):
            say(type="RECORD", record={"stream": "users", "data": {"id": number}, "emitted_at": 1})
'''

FACEBOOK = '''
import json, sys
def say(**message): print(json.dumps(message), flush=True)
PIECES = {"token": {"auth_type": "Service"}}
SPEC = {"type": "object", "required": ["account_ids", "credentials"], "properties": {
    "account_ids": {"type": "array", "items": {"type": "string"}},
    "credentials": {"type": "object", "oneOf": [{"type": "object", "title": "Key", "required": ["access_token", "auth_type"], "properties": {
        "auth_type": {"type": "string", "const": "Service"}, "access_token": {"type": "string", "airbyte_secret": True}}}]},
    "custom_insights": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "level": {"type": "string"}}}}}}
def main():
    config = json.load(open(sys.argv[sys.argv.index("--config") + 1])) if "--config" in sys.argv else {}
    if sys.argv[1] == "spec":
        say(type="SPEC", spec={"connectionSpecification": SPEC})
    elif sys.argv[1] == "check":
        shape = {"credentials": sorted(config.get("credentials", {})), "root": "access_token" in config, "reports": config.get("custom_insights")}
        wanted = {"credentials": ["access_token", "auth_type"], "root": False, "reports": [{"level": "ad", "name": "report"}]}
        good = shape == wanted and config["credentials"]["access_token"].startswith("right")
        say(type="CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"} if good else {"status": "FAILED", "message": f"another shape: {shape}"})
        # As the real one does it: the whole configuration comes back in the program's own shape.
        config["credentials"]["access_token"] = "right and renewed"
        say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "emitted_at": 1, "connectorConfig": {"config": config}})
    else:
        say(type="CATALOG", catalog={"streams": [{"name": "ads", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}]})
'''

# As the real one: what it answers says nothing of the manifest it was given.
RUNNER = '''
import json, sys
def main():
    option = lambda name: open(sys.argv[sys.argv.index(name) + 1]).read() if name in sys.argv else None
    manifest, code = option("--manifest-path"), option("--components-path")
    if "class_name" in manifest and "allowed = 1" not in (code or ""):
        sys.exit("the code of the manifest is not there")
    spec = {"type": "object", "title": "Low-code source spec", "required": ["manifest"], "properties": {"manifest": {"type": "object"}}}
    print(json.dumps({"type": "SPEC", "spec": {"connectionSpecification": spec}}), flush=True)
'''

DLT = '''
import sys
__version__ = "1.31.7"
def main():
    sys.exit("dlt is no program of the tests")
'''

programs = {
    "dlt": ("dlt", DLT),
    "airbyte-source-faker": ("source-faker", FAKER),
    "airbyte-source-facebook-marketing": ("source-facebook-marketing", FACEBOOK),
    "airbyte-cdk": ("source-declarative-manifest", RUNNER),
}
program, code = programs[package]
if mode == "mute":
    code = "import sys\ndef main():\n    print('it does not know how to begin', file=sys.stderr)\n    sys.exit(3)\n"
name = package.replace("-", "_")
info = f"{name}-{version}.dist-info"
files = {
    f"{name}_program.py": code,
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": f"[console_scripts]\n{program} = {name}_program:main\n",
}
if package == "dlt":
    files["dlt.py"] = code
    files["duckdb.py" if mode != "bare" else "something_else.py"] = files["pyarrow.py"] = ""
    files[f"{info}/METADATA"] += "Provides-Extra: duckdb\nProvides-Extra: parquet\n"
digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
files[f"{info}/RECORD"] = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
wheel = Path(folder) / f"{name}-{version}-py3-none-any.whl"
with zipfile.ZipFile(wheel, "w") as archive:
    for path, text in files.items():
        archive.writestr(path, text)
if mode == "broken":
    wheel.write_bytes(wheel.read_bytes()[:100])
