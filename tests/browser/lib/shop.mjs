// The source of the integration tests, a small shop run as a program; it works on only when a gate is opened, so that a page can be seen
// while it waits.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SUPPORT = new URL("../../it/support/", import.meta.url);

class Shop {
  constructor(dir) {
    this.dir = dir;
    this.gates = 0;
  }

  /** A gate before a verb: the word for the mode, and what opens it. */
  gate(verb) {
    this.gates += 1;
    const path = join(this.dir, `gate-${this.gates}`);
    return { mode: `${verb}:${path}`, open: () => writeFile(path, "") };
  }

  close() {
    return rm(this.dir, { recursive: true, force: true });
  }
}

/** Adds the shop to the connectors of a folder. */
export async function openShop(connectors) {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-shop-"));
  const file = await readFile(new URL("shop.json", SUPPORT), "utf8");
  await writeFile(join(connectors, "shop.json"), file.replace("shop.py", fileURLToPath(new URL("shop.py", SUPPORT))));
  return new Shop(dir);
}
