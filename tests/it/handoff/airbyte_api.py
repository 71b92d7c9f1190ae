"""Stands in for Airbyte's public API: prints its port, then every request as a line of JSON. Answers what the requests need to go on."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

ANSWERS = {
    "/applications/token": {"access_token": "short-lived"},
    "/workspaces/w1/definitions/sources": {"data": [
        {"id": "d1", "dockerRepository": "airbyte/source-postgres"}, {"id": "d2", "dockerRepository": "airbyte/source-shop"},
    ]},
    "/sources": {"sourceId": "s1"},
    "/connections": {"connectionId": "c1"},
}


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        told = {"method": self.command, "path": self.path, "token": self.headers.get("authorization"), "body": json.loads(body) if body else None}
        print(json.dumps(told), flush=True)
        refused = self.path == "/sources" and told["body"]["definitionId"] == "nobody"
        answer = {"status": 422, "detail": "definitionId is not known"} if refused else ANSWERS[self.path]
        self.send_response(422 if refused else 200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
