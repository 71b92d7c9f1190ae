// Journeys through the real program in a real browser, with and without JavaScript.
//
//   node tests/browser/run.mjs --binary target/debug/vestibule [--database postgres://…] [--readme] [--no-shots] [--only NAME]
//
// Two lanes run side by side, one with scripts and one without. On SQLite each has a server of its own; with --database both use
// one server, and the second lane's owner is made by the command `owner create`.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { launch } from "./lib/browser.mjs";
import { startFacebook } from "./lib/facebook.mjs";
import { makeAuthority } from "./lib/provider.mjs";
import { Report } from "./lib/report.mjs";
import { startServer } from "./lib/server.mjs";
import { openShop } from "./lib/shop.mjs";
import { openWheels } from "./lib/wheels.mjs";
import { journeys } from "./journeys/index.mjs";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

const { values: options } = parseArgs({
  options: {
    binary: { type: "string", default: "target/debug/vestibule" },
    database: { type: "string" },
    chromium: { type: "string", default: CHROMIUM.find(existsSync) },
    only: { type: "string" },
    readme: { type: "boolean", default: false },
    "no-shots": { type: "boolean", default: false },
  },
});

function lane(name, js, parts) {
  const account = { workspace: "Acme Analytics", name: "Ana Lima", email: "ana@acme.example", password: "a quiet room with two doors" };
  if (parts.shared) Object.assign(account, { workspace: "Birch & Sons", email: "ana@birch.example" });
  // Pages look the same on both databases: the run on PostgreSQL reads them, and looks at none.
  const onPostgres = Boolean(options.database);
  const shots = !options["no-shots"] && !onPostgres;
  return { name, js, account, shots, looksOnce: onPostgres || !js, onlyReads: onPostgres, folder: js ? "with-script" : "without-script", ...parts };
}

async function startLanes(common) {
  const loopback = { VESTIBULE_WEBHOOK_ALLOW_CIDRS: "127.0.0.0/8", VESTIBULE_SIGN_IN_ALLOW_CIDRS: "127.0.0.0/8" };
  const settings = { VESTIBULE_RATE_LIMITS: "off", VESTIBULE_EXTRA_CA_FILE: common.authority.ca, ...common.facebook.settings, ...common.wheels.settings, ...loopback };
  const start = () => startServer({ binary: options.binary, database: options.database, settings });
  const first = await start();
  const second = options.database ? first : await start();
  const oneServer = second === first;
  const scripted = lane("with JavaScript", true, { ...common, server: first, oneServer, readme: options.readme });
  const plain = lane("without JavaScript", false, { ...common, server: second, oneServer, shared: oneServer });
  return [scripted, plain];
}

async function runLane(lane) {
  for (const [name, journey] of journeys) {
    if (options.only && name !== options.only && name !== "first run") continue;
    const begun = Date.now();
    try {
      await journey(lane);
    } catch (error) {
      lane.report.check(false, `${lane.name}, ${name}`, error.stack);
    }
    process.stdout.write(`  ${lane.name}: ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`);
  }
}

async function main() {
  const begun = Date.now();
  const report = new Report();
  const authority = await makeAuthority();
  const facebook = await startFacebook(authority);
  const shop = await openShop(facebook.settings.VESTIBULE_CONNECTORS_DIR);
  const wheels = await openWheels();
  const { browser, close } = await launch(options.chromium);
  let lanes = [];
  try {
    process.stdout.write(`${await browser.version()}, ${options.database ? "PostgreSQL" : "SQLite"}\n`);
    lanes = await startLanes({ browser, report, authority, facebook, shop, wheels });
    await Promise.all(lanes.map(runLane));
  } finally {
    await close();
    // The servers first: each looks at its connector folder every few seconds, and rightly complains when that is gone.
    const servers = [...new Set(lanes.map(({ server }) => server))];
    for (const server of servers) report.equal(await server.stop(), 0, "server", "exit code after SIGTERM");
    await facebook.stop();
    await authority.remove();
    await shop.close();
    await wheels.close();
    for (const server of servers) report.check(!/ ERROR |panicked/.test(server.log), "server", `errors in the log:\n${server.log}`);
  }
  report.print((Date.now() - begun) / 1000);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

await main();
