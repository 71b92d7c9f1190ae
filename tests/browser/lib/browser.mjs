// One Chromium for the whole run; each person gets a context of their own, so nobody shares cookies with anybody. It does not know the
// authority of the tests, and takes certificates as they come; Vestibule itself does not.
import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { Person } from "./person.mjs";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en-GB",
];

export async function launch(executablePath) {
  const profile = await mkdtemp(join(tmpdir(), "vestibule-chromium-"));
  const env = { ...process.env, TZ: "UTC", LANGUAGE: "en_GB" };
  const browser = await puppeteer.launch({ executablePath, headless: true, acceptInsecureCerts: true, args: FLAGS, userDataDir: profile, env, protocolTimeout: 60_000 });
  const close = async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { browser, close };
}

/** Somebody with a browser profile of their own. */
export async function newPerson(lane, name, size = { width: 1280, height: 900 }) {
  const context = await lane.browser.createBrowserContext();
  if (lane.js) await context.overridePermissions(lane.server.origin, ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"]);
  const page = await context.newPage();
  await page.setJavaScriptEnabled(lane.js);
  await page.setViewport(size);
  return new Person({ lane, name, context, page, size });
}
