// What a person does at a page: open, read, type, press. Things are found by the words a person sees.

const STEP_LIMIT = 15_000;

export class Person {
  constructor(parts) {
    Object.assign(this, parts);
    this.status = 0;
    this.page.setDefaultTimeout(STEP_LIMIT);
    this.watch();
  }

  get where() {
    return `${this.lane.name}, ${this.name}, ${this.path}`;
  }

  get path() {
    const url = new URL(this.page.url());
    return url.pathname.replace(/(scl|join|receipts|invite|invite-receipts)\/.+/, "$1/…");
  }

  /** Every page must be silent in the console and ask nobody but its own server. */
  watch() {
    const { report, server } = this.lane;
    this.page.on("console", (message) => {
      const itself = message.text().startsWith("Failed to load resource") && message.location().url === this.page.url();
      if (["error", "warn"].includes(message.type()) && !itself) report.check(false, this.where, `console: ${message.text()}`);
    });
    this.page.on("pageerror", (error) => report.check(false, this.where, `script error: ${error}`));
    this.page.on("request", (request) => {
      // The browser draws its own date picker with data: pictures; ours would be stopped by the policy, and that is reported.
      const { provider, facebook } = this.lane;
      const providers = [provider?.issuer, facebook.origin].filter(Boolean);
      const atProvider = providers.some((origin) => request.url().startsWith(`${origin}/`));
      const own = request.url().startsWith(`${server.origin}/`) || request.url().startsWith("data:") || atProvider;
      report.check(own, this.where, `asks another server: ${request.url()}`);
    });
    this.page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText;
      report.check(reason === "net::ERR_ABORTED", this.where, `${request.url()} failed: ${reason}`);
    });
    this.page.on("response", (response) => {
      if (response.request().isNavigationRequest()) this.status = response.status();
    });
  }

  async open(path) {
    await this.page.goto(new URL(path, this.lane.server.origin).href, { waitUntil: "load" });
    return this.status;
  }

  async reload() {
    await this.page.reload({ waitUntil: "load" });
  }

  /** All words of the page, or of the part a selector names, as they are shown. */
  text(selector = "body") {
    return this.page.evaluate((chosen) => (document.querySelector(chosen)?.innerText ?? "").replace(/\s+/g, " "), selector);
  }

  title() {
    return this.page.title();
  }

  html() {
    return this.page.content();
  }

  async has(selector) {
    return (await this.page.$(selector)) !== null;
  }

  /** Notes a failure unless the page says all of this. */
  async says(...words) {
    const text = await this.text();
    for (const word of words) this.lane.report.check(text.includes(word), this.where, `the page does not say “${word}”: ${text.slice(0, 400)}`);
  }

  async saysNot(...words) {
    const text = await this.text();
    for (const word of words) this.lane.report.check(!text.includes(word), this.where, `the page must not say “${word}”`);
  }

  /** The bytes of the page hold none of these. */
  async holdsNone(secrets) {
    const html = await this.html();
    for (const secret of secrets) this.expect(!html.includes(secret), `the page holds the secret that ends with ${secret.slice(-4)}`);
  }

  expect(truth, sentence) {
    return this.lane.report.check(truth, this.where, sentence);
  }

  equal(found, wanted, what) {
    return this.lane.report.equal(found, wanted, this.where, what);
  }

  /** A link, button or summary with these words; the first that is shown. `within` narrows the search. */
  async control(words, within = "body") {
    const find = (wanted, scope) => {
      const shown = (element) => element.checkVisibility({ visibilityProperty: true });
      const says = (element) => element.innerText.replace(/\s+/g, " ").trim();
      const all = [...document.querySelectorAll(scope)].flatMap((part) => [...part.querySelectorAll("a, button, summary")]);
      const usable = all.filter((element) => shown(element) && !element.matches("[aria-hidden=true]"));
      return usable.find((element) => says(element) === wanted) ?? usable.find((element) => says(element).startsWith(wanted));
    };
    const handle = (await this.page.evaluateHandle(find, words, within)).asElement();
    if (!handle) throw new Error(`${this.where}: nothing to press says “${words}”`);
    return handle;
  }

  /** Presses what leads to another page, and waits for that page. */
  async press(words, within) {
    const control = await this.control(words, within);
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), control.click()]);
    return this.status;
  }

  /** Waits until a page that goes on by itself has led to that origin. */
  async reaches(origin) {
    const end = Date.now() + STEP_LIMIT;
    const isThere = async () => this.page.url().startsWith(`${origin}/`) && (await this.page.evaluate(() => document.readyState === "complete"));
    while (!(await isThere().catch(() => false))) {
      if (Date.now() > end) throw new Error(`${this.where}: does not lead to ${origin}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Presses what changes this page only. */
  async unfold(words, within) {
    await (await this.control(words, within)).click();
  }

  /** The field with this label, in the legend’s group `within` if given; hidden ones do not count. */
  async field(label, within = "body") {
    const find = (wanted, scope) => {
      const words = (element) => element.innerText.replace(/\s+/g, " ").trim();
      const labels = [...document.querySelectorAll(scope)].flatMap((part) => [...part.querySelectorAll("label")]);
      const shown = labels.filter((element) => element.checkVisibility({ visibilityProperty: true }));
      const hit = shown.find((element) => words(element) === wanted) ?? shown.find((element) => words(element).startsWith(wanted));
      return hit?.control;
    };
    const handle = (await this.page.evaluateHandle(find, label, within)).asElement();
    if (!handle) throw new Error(`${this.where}: no field is called “${label}”`);
    return handle;
  }

  /** Replaces what a field holds, in one go, like pasting. */
  async fill(label, value, within) {
    const field = await this.field(label, within);
    const isDate = await field.evaluate((element) => ["date", "datetime-local"].includes(element.type));
    if (isDate) {
      await field.evaluate((element, text) => (element.value = text), value);
      return;
    }
    await field.focus();
    await field.evaluate((element) => element.select());
    if (value === "") await this.page.keyboard.press("Delete");
    else await this.page.keyboard.sendCharacter(value);
    this.equal(await field.evaluate((element) => element.value), value, `typed into ${label}`);
  }

  /** Ticks a box, or takes one of several, by its words. */
  async choose(label, within) {
    const field = await this.field(label, within);
    const isSet = await field.evaluate((element) => element.checked);
    if (!isSet) await field.evaluate((element) => element.closest("label").scrollIntoView({ block: "center" }));
    if (!isSet) await field.click();
    this.expect(await field.evaluate((element) => element.checked), `“${label}” cannot be chosen`);
  }

  async value(label, within) {
    return (await this.field(label, within)).evaluate((element) => element.value);
  }

  /** A selector for the part (a row of a table or of a form) whose first words are these. */
  async part(selector, words) {
    const mark = `part-${words.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
    const find = (all, wanted, name) => {
      const hit = all.find((one) => one.textContent.replace(/\s+/g, " ").toLowerCase().includes(wanted));
      if (hit) hit.dataset.part = name;
      return Boolean(hit);
    };
    if (!(await this.page.$$eval(selector, find, words.toLowerCase(), mark))) throw new Error(`${this.where}: no ${selector} says “${words}”`);
    return `[data-part="${mark}"]`;
  }

  async leave() {
    await this.context.close();
  }
}
