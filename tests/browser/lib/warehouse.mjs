// Somebody's database, which they let the workspace write to: one of its own for every journey, on the server the tests are given.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
let count = 0;

class Warehouse {
  constructor(server, name, password) {
    Object.assign(this, { server, name, password });
    this.host = server.hostname;
    this.port = server.port || "5432";
  }

  async sql(statement, database = this.name) {
    const url = new URL(this.server);
    url.pathname = `/${database}`;
    const { stdout } = await run("psql", ["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement, url.href]);
    return stdout.trim();
  }

  async remove() {
    await this.sql(`DROP DATABASE ${this.name} WITH (FORCE)`, "postgres");
    await this.sql(`DROP ROLE ${this.name}`, "postgres");
  }
}

/** A database with a schema `raw_data` that belongs to a user of its own; nothing where the tests are given no PostgreSQL. */
export async function openWarehouse() {
  if (!process.env.TEST_POSTGRES) return null;
  count += 1;
  const name = `warehouse_${process.pid}_${count}`;
  const warehouse = new Warehouse(new URL(process.env.TEST_POSTGRES), name, "slow-brown-barge-4c1z");
  await warehouse.sql(`CREATE DATABASE ${name}`, "postgres");
  await warehouse.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${warehouse.password}'`, "postgres");
  await warehouse.sql(`CREATE SCHEMA raw_data AUTHORIZATION ${name}`);
  return warehouse;
}
