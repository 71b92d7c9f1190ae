// From details to records: tested before they are sent, validated while one watches, streams chosen, finalised, extracted, stopped.
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { outsider, pick, share } from "./sharing.mjs";

const WRONG = "wrong-token-of-the-shop";
const RIGHT = "right-token-of-the-shop";
const PATIENCE = 15_000;

/** The owner adds a shop with everything it needs; gives the path of its page. */
export async function addShop(owner, name, token, mode) {
  await pick(owner, "source", "shop");
  await owner.fill("Name", name);
  await owner.fill("Token", token);
  await owner.unfold("More settings");
  await owner.fill("Mode", mode);
  await owner.press("Save", "section[aria-labelledby=details]");
  return owner.path;
}

/** Presses what shows the newest state until the page says so. */
async function refreshUntil(person, button, words, patience = PATIENCE) {
  const end = Date.now() + patience;
  while (!(await person.text()).includes(words)) {
    if (Date.now() > end) throw new Error(`${person.where}: never says “${words}”: ${(await person.text()).slice(0, 400)}`);
    await person.press(button);
  }
}

/** The page comes to say so: by itself with JavaScript, without it by its Refresh link. */
export async function comesToSay(owner, words, patience = PATIENCE) {
  if (!owner.lane.js) return refreshUntil(owner, "Refresh", words, patience);
  await owner.page.evaluate(() => (window.same = true));
  const says = (wanted) => document.getElementById("live").innerText.replace(/\s+/g, " ").includes(wanted);
  await owner.page.waitForFunction(says, { timeout: patience }, words);
  owner.expect(await owner.page.evaluate(() => window.same), "the page was not loaded again");
}

/** What somebody who cannot see the page is told. */
async function isTold(owner, words) {
  if (!owner.lane.js) return;
  await owner.page.waitForFunction((wanted) => document.getElementById("say").textContent.includes(wanted), { timeout: PATIENCE }, words);
}

/** The recipient tests what they typed; nothing is sent by that. */
export async function testing(lane) {
  const { owner } = lane;
  await pick(owner, "source", "shop");
  await owner.fill("Name", "Tested shop");
  await owner.choose("They may test the details before they send them");
  const link = await share(owner, { recipient: "Ben" });
  const ben = await outsider(lane, "Ben", link);
  await ben.fill("Token", WRONG);
  await checkState(ben, "test-offered");
  await ben.press("Test before sending");
  await ben.says("Testing what you entered");
  await checkState(ben, "test-going");
  await refreshUntil(ben, "Show the result", "could not be confirmed");
  await ben.says("The shop does not know the token", "send it as it is", "gets nothing");
  await ben.holdsNone([WRONG]);
  await checkState(ben, "test-failed");
  ben.expect(await ben.page.$eval("#test", (notice) => notice.getBoundingClientRect().top < innerHeight), "the result is in view");
  await ben.unfold("Replace token");
  await ben.fill("New token", RIGHT);
  await ben.press("Test before sending");
  await refreshUntil(ben, "Show the result", "What you entered works");
  await checkState(ben, "test-works");
  await ben.press(`Send to ${lane.account.workspace}`);
  await ben.says(`Sent to ${lane.account.workspace}`);
  await ben.leave();
}

/** A validation that fails says why and what to do, and stays. */
export async function refusal(lane) {
  const { owner } = lane;
  const page = await addShop(owner, "Closed shop", WRONG, "");
  await owner.press("Validate", "main");
  await comesToSay(owner, "The details could not be confirmed");
  await owner.says("The shop does not know the token", "Change the details, or ask whoever knows them");
  await owner.holdsNone([WRONG]);
  await owner.reload();
  await checkState(owner, "validation-failed");
  await owner.open(page);
  await owner.says("Validation failed", "The last validation did not succeed");
  await checkState(owner, "connection-validation-failed");
}

export async function extraction(lane) {
  const { owner, shop } = lane;
  const checked = shop.gate("check");
  const read = shop.gate("read");
  const page = await addShop(owner, "Corner shop", RIGHT, `many,${checked.mode},${read.mode}`);
  await watchValidation(lane, checked);
  await chooseStreams(lane);
  await finish(lane);
  await watchRun(lane, page, read);
}

async function watchValidation({ owner, js }, gate) {
  await owner.press("Validate", "main");
  await owner.says("Log", "You can leave this page");
  await comesToSay(owner, "Checking the details of Corner Shop");
  await checkState(owner, "validation-going");
  if (js) await checkKeyboard(owner, "validation-going");
  await gate.open();
  await comesToSay(owner, "The details work: 10 streams found.");
  await isTold(owner, "Validated");
  await owner.holdsNone([RIGHT]);
  await owner.reload();
  await owner.says("Streams found (10)", "only new records");
  await checkState(owner, "validation-success");
}

async function chooseStreams({ owner }) {
  await owner.press("Choose streams");
  await owner.says("10 of 10 are read");
  await checkState(owner, "streams");
  await owner.press("Select none");
  owner.equal(await owner.press("Save streams"), 422, "no stream at all");
  await owner.says("Choose at least one stream");
  await checkState(owner, "streams-error");
  await owner.press("Select all");
  await owner.fill("Prefix of all table names", "shop_");
  await owner.press("Save streams");
  await owner.says("Review before you finalise", "10 of 10");
  await owner.press("Change streams");
  await owner.fill("Find", "invoice");
  await owner.press("Search");
  await owner.press("Select none of those shown");
  await owner.says("8 of 10 are read");
  await checkState(owner, "streams-searched");
  await owner.press("Save streams");
  await owner.press("Change streams");
  owner.equal(await owner.page.$eval("#table0", (field) => field.value), "shop_orders", "the prefix is in the names");
  await owner.says("Key id");
  await owner.press("All fields of orders");
  await owner.choose("Only those chosen below");
  await owner.choose("note");
  await checkState(owner, "stream-fields");
}

async function finish({ owner }) {
  await (await owner.field("changed")).click();
  await owner.press("Save fields");
  await owner.says("8 of 10 are read", "2 fields");
  await owner.press("Save streams");
  await owner.choose("By the clock");
  await owner.fill("Schedule", "often");
  owner.equal(await owner.press("Finalise connection"), 422, "a schedule that is none");
  await checkState(owner, "finish-error");
  await owner.fill("Schedule", "0 6 * * 1-5");
  await owner.page.select("#zone", "Europe/Lisbon");
  await owner.press("Show the next five times");
  await owner.says("The next five times", "06:00");
  owner.equal((await owner.page.$$("section ol time")).length, 5, "times of the preview");
  await checkState(owner, "finish-preview");
  await owner.press("Finalise connection");
  await owner.says("Connection finalised", "8 of 10 streams are read", "At 06:00, on Monday to Friday (Europe/Lisbon)", "Next times");
  await checkState(owner, "connection-read-by-clock");
}

async function watchRun(lane, page, gate) {
  const { owner } = lane;
  await owner.press("Extract now");
  await comesToSay(owner, "3 records");
  await checkState(owner, "run-going");
  await owner.press("Cancel extraction");
  await comesToSay(owner, "Stopped as asked.");
  await gate.open();
  await owner.open(page);
  await owner.press("Extract now");
  await comesToSay(owner, "The records are in");
  await isTold(owner, "Done");
  await owner.says("24 records of 8 streams", "shop_orders");
  await owner.reload();
  await checkState(owner, "run-done");
  await lookAtRecords(lane);
  await owner.open(page);
  await owner.says("Cancelled", "24 records of 8 streams");
  await checkState(owner, "connection-extracted");
  await owner.unfold("Extract everything again");
  await owner.press("Extract from the beginning");
  await owner.says("from the beginning");
  await comesToSay(owner, "The records are in");
  await owner.says("24 records of 8 streams");
  await handOff(owner, page);
}

/** The first rows of a stream, which scroll by the keyboard, too. */
async function lookAtRecords({ owner, js }) {
  await owner.press("First rows of orders");
  await owner.says("First rows of orders", "3 of 3 records", "Download JSON Lines", "bigint");
  await checkState(owner, "run-records");
  if (js) await checkKeyboard(owner, "run-records");
  await owner.press("Back to the extraction");
  await owner.says("24 records of 8 streams");
}

/** The same source for engines of one's own; one that could not run it is named with the reason. */
async function handOff(owner, page) {
  await owner.open(`${page}/hand-off?to=protocol`);
  await owner.says("config.json", "catalog.json", "fill.py", "Not for this source", "Meltano: No Singer tap");
  await checkState(owner, "hand-off");
  await owner.open(`${page}/hand-off?to=meltano`);
  await owner.says("Not for this source: Meltano.", "source.json", "send.py");
  await checkState(owner, "hand-off-refused");
}
