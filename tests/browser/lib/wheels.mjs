// A package index of the tests: a folder with the wheel of a connector, so that nothing outside is asked.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("../../support/wheels.py", import.meta.url));

/** A folder with the sample source, and the settings of a server that knows no other index and lets owners install from it. */
export async function openWheels() {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-wheels-"));
  await promisify(execFile)("python3", [SCRIPT, dir, "airbyte-source-faker", "7.2.5"]);
  const settings = {
    VESTIBULE_CONNECTOR_INSTALL: "on",
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: dir,
    PIP_NO_CACHE_DIR: "1",
    UV_NO_INDEX: "1",
    UV_FIND_LINKS: dir,
    UV_NO_CACHE: "1",
  };
  return { settings, close: () => rm(dir, { recursive: true, force: true }) };
}
