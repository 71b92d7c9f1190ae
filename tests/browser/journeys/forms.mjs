// Other forms than that of a database: lists, boxes and rows that are added without a script.
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { draftWithLink, outsider } from "./sharing.mjs";

const TOKEN = "EAAB-violet-window-91";
const API_KEY = "key-paper-lantern-44";

export async function advertising(lane) {
  const { owner } = lane;
  const { link, page } = await draftWithLink(owner, "source", "facebook-ads", "Summer campaign");
  const maria = await outsider(lane, "Maria", link);
  // The operator has an app at the provider, so signing in is offered first.
  await maria.unfold("Enter the details by hand instead");
  await checkState(maria, "recipient-facebook-ads");
  await maria.fill("Ad account numbers", "1234567890\n\n 987654321 ");
  await maria.fill("Access token", TOKEN);
  await unfoldAll(maria);
  await maria.fill("Start date", "2025-01-01T00:00:00");
  await maria.choose("ACTIVE", "fieldset:has(> legend)");
  await maria.choose("Read preview pictures");
  await addReports(maria);
  await maria.press(`Send to ${lane.account.workspace}`);
  await maria.says(`Sent to ${lane.account.workspace}`, "Access token (hidden)", "Ad account numbers");
  await maria.leave();
  await owner.open(page);
  await owner.says("Filled in", "1234567890", "987654321", "results_by_country", "results_by_age", "2025-01-01T00:00:00Z");
  await owner.holdsNone([TOKEN]);
  await checkState(owner, "connection-facebook-ads");
  await owner.open(`${page}/configuration`);
  await checkState(owner, "configure-facebook-ads");
  owner.expect((await owner.html()).includes("results_by_country"), "rows come back to the member who may change them");
}

/** Opens all that is folded, the way a curious person does. */
async function unfoldAll(person) {
  await person.page.$$eval("form details", (all) => all.forEach((one) => (one.open = true)));
}

/** Two reports in two rows; with scripts a third is begun and removed. */
async function addReports(maria) {
  await nameRow(maria, 1, "results_by_country");
  await nameRow(maria, 2, "results_by_age");
  if (!maria.lane.js) return;
  await nameRow(maria, 3, "a_mistake");
  await maria.unfold("Remove report 3");
  await maria.page.waitForFunction(() => document.getElementById("say").textContent === "Report 3 removed");
  const focused = await maria.page.evaluate(() => document.activeElement.querySelector("legend")?.textContent.trim());
  maria.expect(focused?.startsWith("Custom reports"), `the focus goes to the list when a row is removed, not to ${focused}`);
}

async function nameRow(person, number, name) {
  await person.fill("Name", name, await person.part("fieldset.row", `report ${number}`));
}

export async function httpApi(lane) {
  const { owner } = lane;
  const { link, page } = await draftWithLink(owner, "source", "http-api", "Billing API");
  const chidi = await outsider(lane, "Chidi", link);
  await checkState(chidi, "recipient-http-api");
  await chidi.fill("Base URL", "http://billing.example");
  await chidi.choose("API key in a header");
  await chidi.fill("API key", API_KEY, ".panel, .oneof fieldset");
  await unfoldAll(chidi);
  await endpoint(chidi, 0, "customers", "/customers");
  await endpoint(chidi, 1, "invoices", "invoices");
  chidi.equal(await chidi.press(`Send to ${lane.account.workspace}`), 422, "an address without https, a path without a slash");
  await chidi.says("2 answers need attention", "Received just now", "Endpoint 2");
  await chidi.holdsNone([API_KEY]);
  const names = await chidi.page.$$eval("input[name$='/name']", (all) => all.map((one) => one.value).filter(Boolean));
  chidi.equal(names, ["customers", "invoices"], "rows are kept");
  await checkState(chidi, "recipient-http-api-error");
  if (lane.js) await checkKeyboard(chidi, "recipient-http-api-error");
  await chidi.fill("Base URL", "https://billing.example/v1");
  await endpoint(chidi, 1, "invoices", "/invoices");
  await chidi.press(`Send to ${lane.account.workspace}`);
  await chidi.says(`Sent to ${lane.account.workspace}`, "API key (hidden)");
  await chidi.leave();
  await owner.open(page);
  await owner.says("Filled in", "https://billing.example/v1", "/invoices");
  await owner.holdsNone([API_KEY]);
}

/** Fills the name and the path of one row. */
async function endpoint(person, index, name, path) {
  const fields = { [`/endpoints/${index}/name`]: name, [`/endpoints/${index}/path`]: path };
  for (const [field, value] of Object.entries(fields)) {
    const input = await person.page.$(`input[name="${field}"]`);
    if (!input) throw new Error(`${person.where}: there is no field ${field}`);
    await input.focus();
    await input.evaluate((element) => element.select());
    await person.page.keyboard.sendCharacter(value);
  }
}
