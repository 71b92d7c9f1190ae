// What must hold on every page and in every state, whoever looks at it and on whatever screen.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as inPage from "./in_page.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
/** The other theme has the same markup: what can differ is colour. */
const COLOUR_RULES = { type: "rule", values: ["color-contrast", "link-in-text-block"] };
const SHOTS = join(dirname(dirname(fileURLToPath(import.meta.url))), "shots");
const WIDTHS = { 320: 700, 360: 740, 768: 1024, 1280: 900 };
const PHONE = 360;
const DESK = 1280;

/** Looks at the page as it is now, folded and unfolded, on four screens, in two themes. */
export async function checkState(person, name) {
  const { lane } = person;
  lane.report.state(lane.name, name);
  const look = new Look(person, name);
  await look.words();
  if (lane.onlyReads) return;
  await look.measure("");
  if (await person.page.evaluate(inPage.unfold)) {
    await look.measure(" unfolded");
    await person.page.evaluate(inPage.fold);
  }
  await look.size(person.size.width, person.size.height);
  await look.media({});
}

class Look {
  constructor(person, name) {
    Object.assign(this, { person, name, page: person.page, lane: person.lane, report: person.lane.report });
    this.where = `${person.lane.name}, ${name}`;
  }

  async size(width, height = WIDTHS[width]) {
    await this.page.setViewport({ width, height });
  }

  async media(features) {
    this.client ??= await this.page.createCDPSession();
    await this.client.send("Emulation.setEmulatedMedia", { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
  }

  /** Title, heading and parts that only one kind of browser may see. */
  async words() {
    const found = await this.page.evaluate(inPage.structure);
    this.report.equal(found.headings, 1, this.where, "number of h1");
    this.report.check(found.title.length > 5, this.where, "the page has no title");
    this.report.check(found.lang === "en" && found.skip, this.where, "language or skip link is missing");
    this.report.equal(found.inline, [], this.where, "inline scripts, styles or handlers");
    if (found.scripted) this.report.equal(found.scripted, this.lane.js ? "shown" : "hidden", this.where, "what needs JavaScript");
    const isError = found.summary !== null;
    this.report.equal(found.title.startsWith("Error: "), isError, this.where, "title begins with “Error: ”");
    if (isError) {
      this.report.check(await this.summaryIsFocused(), this.where, "the error summary does not hold the focus");
      this.report.equal(found.deadLinks, [], this.where, "links of the summary that lead nowhere");
    }
  }

  /** The browser gives the focus with the first frame it draws, which a busy machine may not have done yet. */
  async summaryIsFocused() {
    for (let tries = 0; tries < 40; tries += 1) {
      if (await this.page.evaluate(() => document.activeElement?.matches(".error-summary"))) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }

  /** `suffix` is empty for the page as it came. */
  async measure(suffix) {
    const where = this.where + suffix;
    for (const width of Object.keys(WIDTHS).map(Number)) {
      await this.size(width);
      this.report.equal(await this.page.evaluate(inPage.overflow), [], where, `wider than ${width} px`);
      if (width !== PHONE && width !== DESK) continue;
      this.report.equal(await this.page.evaluate(inPage.smallTargets), [], where, `controls under 24 px at ${width} px`);
      for (const scheme of ["light", "dark"]) await this.inScheme(scheme, width, suffix, where);
    }
  }

  async inScheme(scheme, width, suffix, where) {
    await this.media({ "prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce" });
    const onPhone = width === PHONE;
    // Unfolded, and where one look is enough, each theme is seen on one kind of screen.
    const asked = this.lane.looksOnce ? onPhone && suffix === "" : suffix === "" || (scheme === "dark") === onPhone;
    if (asked) await this.axe(`${where}, ${width} px, ${scheme}`, scheme === "light" ? RULES : COLOUR_RULES);
    const wanted = this.lane.looksOnce ? onPhone && scheme === "light" : suffix === "" || onPhone;
    if (wanted && this.lane.shots) await this.shot(`${this.name}${suffix.replace(" ", "-")}-${width}-${scheme}`);
  }

  /** axe needs script; a page that loaded without keeps what it became without. */
  async axe(where, rules) {
    if (!this.lane.js) await this.page.setJavaScriptEnabled(true);
    const here = await this.page.evaluate(() => typeof window.axe === "object");
    if (!here) await this.page.evaluate(AXE);
    const found = await this.page.evaluate(inPage.axe, rules);
    if (!this.lane.js) await this.page.setJavaScriptEnabled(false);
    this.report.equal(found, [], where, "axe");
  }

  async shot(file) {
    const dir = join(SHOTS, this.lane.folder);
    await mkdir(dir, { recursive: true });
    // Chromium draws no larger pictures.
    const height = Math.min(16_000, await this.page.evaluate(() => document.documentElement.scrollHeight));
    const width = this.page.viewport().width;
    const clip = { x: 0, y: 0, width, height };
    await this.page.screenshot({ path: join(dir, `${file}.png`), clip, captureBeyondViewport: true, optimizeForSpeed: true });
  }
}

/** Tab reaches everything, in view, uncovered and with a ring to see. */
export async function checkKeyboard(person, name) {
  const { page, lane } = person;
  if (lane.onlyReads) return;
  for (const width of [PHONE, DESK]) {
    await page.setViewport({ width, height: WIDTHS[width] });
    const wanted = await page.evaluate(inPage.startTabbing);
    const reached = [];
    for (let step = 0; step < wanted.length + 20; step += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(inPage.tabStop);
      if (!stop) break;
      // A date is several stops in one control.
      if (reached.at(-1) !== stop.mark) reached.push(stop.mark);
      const where = `${lane.name}, ${name}, ${width} px, Tab to ${stop.label}`;
      lane.report.check(stop.inView, where, "the focused control is out of view");
      lane.report.check(!stop.covered, where, `the focused control is covered by ${stop.covered}`);
      lane.report.check(stop.ring, where, "no focus ring to see");
    }
    lane.report.equal(reached, wanted.map((_, index) => String(index)), `${lane.name}, ${name}, ${width} px`, "order of Tab");
  }
  await page.setViewport(person.size);
}

/** Twice the text size on half a desktop; from right to left; high contrast of the system. */
export async function checkOtherWaysToLook(person, name) {
  const { page, lane } = person;
  if (lane.onlyReads) return;
  const where = `${lane.name}, ${name}`;
  const client = await page.createCDPSession();
  await page.setViewport({ width: 640, height: 800 });
  const sheet = await page.evaluate(inPage.doubleText);
  lane.report.check(sheet, where, "text cannot be doubled");
  lane.report.equal(await page.evaluate(inPage.overflow), [], where, "wider than the window with text of 200 %");
  await page.evaluate(inPage.normalText);
  await page.setViewport({ width: PHONE, height: WIDTHS[PHONE] });
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  lane.report.equal(await page.evaluate(inPage.overflow), [], where, "wider than the window from right to left");
  if (lane.shots) await new Look(person, name).shot(`${name}-right-to-left`);
  await page.evaluate(() => (document.documentElement.dir = "ltr"));
  await page.setViewport(person.size);
  await client.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
  lane.report.equal(await page.evaluate(inPage.edgeless), [], where, "controls without an edge in forced colours");
  if (lane.shots) await new Look(person, name).shot(`${name}-forced-colours`);
  await client.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "none" }] });
  await client.detach();
}

/** Paper: how many pages the browser makes of this one. */
export async function checkPrint(person, name, mostPages) {
  const pdf = Buffer.from(await person.page.pdf({ format: "A4" })).toString("latin1");
  const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  person.expect(pages >= 1 && pages <= mostPages, `${name} prints on ${pages} pages`);
  await person.page.emulateMediaType("print");
  person.equal(await person.page.evaluate(inPage.printedControls), [], `${name}: buttons and navigation on paper`);
  await person.page.emulateMediaType(null);
}

/** What the first visit to a page brings: bytes unpacked, bytes over the wire, and how many answers. */
export async function weigh(person, path) {
  const client = await person.page.createCDPSession();
  await client.send("Network.enable");
  let wire = 0;
  client.on("Network.loadingFinished", ({ encodedDataLength }) => (wire += encodedDataLength));
  const answers = [];
  const listen = (response) => answers.push(response.buffer().then((body) => body.length));
  person.page.on("response", listen);
  await person.open(path);
  await person.page.waitForNetworkIdle({ idleTime: 200 });
  person.page.off("response", listen);
  const sizes = await Promise.all(answers);
  await client.detach();
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), wire, answers: sizes.length };
}

/** A picture for the README: desk, light, what fits on a screen. */
export async function picture(person, file, height) {
  if (!person.lane.readme) return;
  const dir = join(dirname(SHOTS), "readme");
  await mkdir(dir, { recursive: true });
  const client = await person.page.createCDPSession();
  await person.page.setViewport({ width: 1280, height });
  await client.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  await person.page.evaluate(() => window.scrollTo(0, 0));
  await person.page.screenshot({ path: join(dir, file) });
  await person.page.setViewport(person.size);
}
