"""A connector of our own that speaks the Airbyte protocol, well or badly: connector.py MODE VERB --config PATH …"""

import argparse
import base64
import json
import os
import resource
import signal
import sys
import time
from urllib.parse import quote


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def log(text, level="INFO"):
    say(type="LOG", log={"level": level, "message": text})


def verdict(status, message=None):
    say(type="CONNECTION_STATUS", connectionStatus={"status": status, "message": message})


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("verb", choices=["spec", "check", "discover", "read"])
    for option in ["--config", "--catalog", "--state"]:
        parser.add_argument(option)
    return parser.parse_args()


def document(path):
    with open(path) as file:
        return json.load(file)


SPEC = {
    "type": "object",
    "title": "Corner Shop Source Spec",
    "required": ["token"],
    "properties": {
        "token": {"type": "string", "title": "Token", "airbyte_secret": True},
        "count": {"type": "integer", "title": "Count", "default": 5},
    },
}


def spec(args):
    log("here it comes")
    say(type="SPEC", spec={"connectionSpecification": SPEC, "documentationUrl": "https://example.com/docs"})


def streams(extra=0):
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "at": {"type": ["null", "string"], "format": "date-time"}}}
    orders = {
        "name": "orders", "json_schema": schema, "supported_sync_modes": ["full_refresh", "incremental"],
        "source_defined_cursor": True, "default_cursor_field": ["at"], "source_defined_primary_key": [["id"]],
    }
    users = {"name": "users", "namespace": "crm", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}
    many = {"type": "object", "properties": {f"field_{n}": {"type": "string", "description": "x" * 40} for n in range(extra)}}
    return [orders, users] + ([{"name": "wide", "json_schema": many, "supported_sync_modes": ["full_refresh"]}] if extra else [])


def status(stream, word, namespace=None):
    descriptor = {"name": stream, "namespace": namespace}
    say(type="TRACE", trace={"type": "STREAM_STATUS", "emitted_at": 1.5, "stream_status": {"stream_descriptor": descriptor, "status": word}})


def read(args, config):
    states = {piece["stream"]["stream_descriptor"]["name"]: piece["stream"]["stream_state"] for piece in document(args.state)} if args.state else {}
    for chosen in document(args.catalog)["streams"]:
        stream = chosen["stream"]["name"]
        namespace = chosen["stream"].get("namespace")
        if stream not in ("orders", "users"):
            status(stream, "INCOMPLETE")
            continue
        status(stream, "STARTED", namespace)
        first = states.get(stream, {}).get("id", 0) + 1 if chosen["sync_mode"] == "incremental" else 1
        for number in range(first, first + config["count"]):
            body = f'{{"id": {number}, "at": "2026-01-01T00:00:00Z", "price": 12345678901234567890.10, "note": "é \\"x\\""}}'
            space = f', "namespace": "{namespace}"' if namespace else ""
            sys.stdout.write(f'{{"type": "RECORD", "record": {{"stream": "{stream}"{space}, "data": {body}, "emitted_at": 1.5}}}}\n')
        say(type="STATE", state={"type": "STREAM", "stream": {"stream_descriptor": {"name": stream, "namespace": namespace}, "stream_state": {"id": number}}, "sourceStats": {"recordCount": 5.0}})
        status(stream, "COMPLETE", namespace)
    say(type="RECORD", record={"stream": "nobody chose this", "data": {}, "emitted_at": 1})


def fork(leave):
    """A child that hangs; one that leaves the group too, if it shall."""
    pid = os.fork()
    if pid == 0:
        if leave:
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
    return pid


def misbehave(args, config):
    secret = config["token"] if config else ""
    mode = args.mode
    if mode == "hang":
        log("going to sleep")
        time.sleep(600)
    elif mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        log("going to sleep")
        while True:
            time.sleep(600)
    elif mode == "forks":
        log(" ".join(str(pid) for pid in [os.getpid(), fork(False), fork(False), fork(True)]))
        time.sleep(600)
    elif mode == "orphans":
        log(" ".join(str(pid) for pid in [fork(False), fork(True)]))
        verdict("SUCCEEDED")
    elif mode == "flood":
        line = "x" * 1000 + "\n"
        for _ in range(1_000_000):
            sys.stdout.write(line)
    elif mode == "long_line":
        for _ in range(9 << 10):
            sys.stdout.write("x" * 1024)
        sys.stdout.write("\n")
    elif mode == "leaks":
        forms = [secret, json.dumps(secret), quote(secret, safe=""), base64.b64encode(secret.encode()).decode(),
                 base64.b64encode(f"user:{secret}".encode()).decode(), secret.encode().hex()]
        for form in forms:
            log(f"calling with {form}", "ERROR")
            print(f"unbuffered {form}", flush=True)
            print(f"Traceback: {form}", file=sys.stderr, flush=True)
        say(type="TRACE", trace={"type": "ERROR", "error": {"message": forms[2], "internal_message": forms[0], "stack_trace": "\n".join(forms)}})
        verdict("FAILED", f"'GET https://api.example.com/?access_token={forms[2]} failed: {forms[0]}'")
    elif mode == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(64 << 20))
    elif mode == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif mode == "garbage":
        sys.stdout.buffer.write(b"\xff\xfe not text\n{\"type\": \"LOG\"\n[1, 2]\n{}\n{\"type\": \"MOON\", \"moon\": 1}\n\n\n")
        sys.stdout.flush()
        verdict("SUCCEEDED")
        print("and a line without an end", end="")
    elif mode == "broken_record":
        sys.stdout.write('{"type": "RECORD", "record": {"stream": "orders", "data": {"id": 1\n')
    elif mode == "twice":
        verdict("SUCCEEDED")
        verdict("FAILED", '"the second one counts"')
    elif mode == "refused":
        verdict("FAILED", "'Unauthorized. The token is wrong.'")
    elif mode == "late":
        verdict("SUCCEEDED")
        os.close(1)
        time.sleep(600)
    elif mode == "crash":
        log("it broke", "FATAL")
        say(type="TRACE", trace={"type": "ERROR", "emitted_at": 1.5, "error": {"message": "Something went wrong.", "internal_message": "'count'", "stack_trace": "line 7", "failure_type": "system_error"}})
        sys.exit(1)
    elif mode == "exit":
        print("usage: none", file=sys.stderr)
        sys.exit(2)
    elif mode == "changes":
        config = {**config, "token": "rotated-" + secret, "count": "many", "__injected_declarative_manifest": {"a": 1}}
        say(type="CONTROL", control={"type": "CONNECTOR_CONFIG", "connectorConfig": {"config": config}})
        verdict("SUCCEEDED")
    elif mode == "surroundings":
        limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in ["RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS"]}
        with open("/proc/self/status") as file:
            privileges = [line for line in file if line.startswith("NoNewPrivs")]
        with open("written", "w") as file:
            file.write("x")
        log(json.dumps({
            "environment": dict(os.environ), "arguments": sys.argv, "folder": os.getcwd(), "mode": oct(os.stat(".").st_mode & 0o777),
            "written": oct(os.stat("written").st_mode & 0o777), "limits": limits, "privileges": privileges[0].split()[1],
            "descriptors": {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")}, "group": os.getpgid(0) == os.getpid(),
        }))
        verdict("SUCCEEDED")
    else:
        return False
    return True


def main():
    args = arguments()
    config = document(args.config) if args.config else None
    if args.verb == "spec":
        spec(args)
    elif misbehave(args, config):
        pass
    elif args.verb == "check":
        verdict("SUCCEEDED")
    elif args.verb == "discover":
        say(type="CATALOG", catalog={"streams": streams(7_000 if args.mode == "wide" else 0)})
    else:
        read(args, config)


main()
