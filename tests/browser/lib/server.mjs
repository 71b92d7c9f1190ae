// The real program, started the way an operator starts it: a fresh folder, settings in the environment, its output read.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const START_LIMIT = 20_000;

/** Starts `vestibule serve` on a free port. `settings` are added to its environment. */
export async function startServer({ binary, database, settings = {} }) {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-browser-"));
  const env = {
    PATH: process.env.PATH,
    VESTIBULE_BIND: "127.0.0.1:0",
    VESTIBULE_DATA_DIR: dir,
    VESTIBULE_LOG: "warn",
    ...(database ? { VESTIBULE_DATABASE_URL: database } : {}),
    ...settings,
  };
  const child = spawn(binary, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const server = new Server({ binary, child, dir, env, database });
  try {
    await server.ready();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class Server {
  constructor(parts) {
    Object.assign(this, parts);
    this.output = "";
    this.log = "";
    this.child.stdout.on("data", (chunk) => (this.output += chunk));
    this.child.stderr.on("data", (chunk) => (this.log += chunk));
    this.ended = new Promise((resolve) => this.child.once("exit", (code) => resolve(code)));
    this.child.once("error", (error) => (this.log += String(error)));
  }

  /** Waits for the address, and for the first-run link if there is one. */
  async ready() {
    const end = Date.now() + START_LIMIT;
    while (Date.now() < end) {
      this.origin = /running at (\S+)/.exec(this.output)?.[1];
      const answer = this.origin && (await fetch(`${this.origin}/readyz`).catch(() => null));
      if (answer?.ok) {
        this.firstRun = /https?:\S+\/setup\?code=\S+/.exec(this.output)?.[0];
        return;
      }
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the server did not start:\n${this.output}${this.log}`);
  }

  /** Makes an owner from the shell, for a database that has its first workspace already. */
  async createOwner({ workspace, name, email, password }) {
    const made = run(this.binary, ["owner", "create", "--email", email, "--name", name, "--workspace", workspace], { env: this.env });
    made.child.stdin.end(`${password}\n`);
    await made;
  }

  /** The mails written so far, newest last, as text with soft line breaks undone. */
  async mails() {
    const dir = join(this.dir, "mail");
    const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith(".eml")).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
    return texts.map((text) => text.replace(/=\r?\n/g, "").replace(/=3D/g, "="));
  }

  /** Changes rows behind the program's back: the only way to let days pass. SQLite only. */
  async sql(statement) {
    const script = "import sqlite3,sys\nwith sqlite3.connect(sys.argv[1], timeout=10) as db: print(db.execute(sys.argv[2]).rowcount)";
    const { stdout } = await run("python3", ["-c", script, join(this.dir, "vestibule.db"), statement]);
    if (stdout.trim() !== "1") throw new Error(`${statement}: changed ${stdout.trim()} rows`);
  }

  get isSqlite() {
    return !this.database;
  }

  async stop() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
    const code = await this.ended;
    clearTimeout(late);
    await rm(this.dir, { recursive: true, force: true });
    return code;
  }
}
