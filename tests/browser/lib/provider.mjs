// A real authorization server for a journey: tests/oauth_server, as tests/run has installed it.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
export const CLIENT = { client_id: "vestibule-tests", client_secret: "a-secret-of-the-client" };

/** A certificate authority that lives as long as this run, with a certificate for loopback. */
export async function makeAuthority() {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-authority-"));
  const openssl = (...args) => run("openssl", args, { cwd: dir });
  await writeFile(join(dir, "leaf.cnf"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
  await openssl("req", "-x509", ...KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Authority of the tests");
  await openssl("req", ...KEY, "-keyout", "key.pem", "-out", "leaf.csr", "-subj", "/CN=127.0.0.1");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "leaf.cnf"];
  await openssl("x509", "-req", "-in", "leaf.csr", ...signing, "-out", "cert.pem");
  const path = (name) => join(dir, name);
  return { ca: path("ca.pem"), cert: path("cert.pem"), key: path("key.pem"), dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** The folder the server was installed in, if it was. */
export const providerFolder = () => process.env.TEST_OAUTH_SERVER || null;

/** Starts the server with people who may sign in; `redirectUri` is where it sends them back to. */
export async function startProvider(authority, redirectUri, people) {
  const { cert, key, dir } = authority;
  const file = join(dir, `provider-${people[0].email}.json`);
  await writeFile(file, JSON.stringify({ cert, key, people, clients: [{ ...CLIENT, redirect_uris: [redirectUri] }] }));
  const child = spawn("node", [join(providerFolder(), "server.mjs"), file], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  const issuer = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const ready = /ready (\S+)\n/.exec(output);
      if (ready) resolve(ready[1]);
    });
    child.once("exit", () => reject(new Error("the authorization server did not start")));
  });
  const stop = () => child.stdin.end();
  return { issuer, stop };
}
