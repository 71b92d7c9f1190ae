// The main job: a member shares, one outsider sends a part, another one the rest, the draft is complete.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkPrint, checkState, checkOtherWaysToLook, picture, weigh } from "../lib/checks.mjs";
import { outsider, pick, share, shareAgain } from "./sharing.mjs";

const PASSWORD = "correct horse battery staple 7f3k";
const TUNNEL_PASSWORD = "seven brown boxes 2m8p";
// Whole in form, and nothing in it.
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMB8LMFV6n8TpDjNYfaLH7BE2W4Clyu8UOV6DqM3yFzxh\n-----END CERTIFICATE-----";
const SECRETS = [PASSWORD, TUNNEL_PASSWORD, "MB8LMFV6n8TpDjNYfaLH7B"];
const MOST_BYTES = 60_000;
const BUDGET = 45_000;

export async function handOver(lane) {
  const link = await shareFirst(lane);
  const page = await ownerSeesOpenLink(lane);
  await sendPart(lane, link);
  await ownerSeesPart(lane, page);
  const second = await shareAgain(lane.owner, page, { recipient: "Dana Weber" });
  await sendRest(lane, second);
  await ownerSeesAll(lane, page);
}

async function shareFirst(lane) {
  const { owner } = lane;
  await lookAtCatalogue(owner);
  await pick(owner, "source", "postgres");
  await checkState(owner, "configure-new");
  if (lane.js) await checkKeyboard(owner, "configure-new");
  await refuseBadShare(owner);
  await owner.fill("Name", "Shop database");
  const link = await share(owner, { recipient: "Ben Okafor", note: "Please give us a user that can only read.\nThank you!", until: "3 days" });
  await owner.says("It is shown only once", "It works once", "Ben Okafor");
  await checkState(owner, "link-created");
  await owner.unfold("Show QR code");
  owner.expect(await owner.page.$eval("svg.qr", (qr) => qr.getBoundingClientRect().width > 150), "the QR code is there");
  if (lane.js) await copyLink(owner, link);
  await owner.reload();
  await owner.says("This link was shown once");
  owner.expect(!(await owner.html()).includes(link), "the link is not shown twice");
  await checkState(owner, "link-created-reloaded");
  return link;
}

async function lookAtCatalogue(owner) {
  await owner.press("Add connection");
  await checkState(owner, "catalogue");
  await owner.fill("Find a connector", "postg");
  await owner.press("Search");
  owner.expect(await owner.has('a[href="/connections/new/source/postgres"]'), "Postgres is found by a part of its name");
  await owner.saysNot("Facebook Ads");
  await owner.open("/connections/new?find=nosuchthing");
  await owner.says("Nothing found");
  await checkState(owner, "catalogue-no-match");
}

async function refuseBadShare(owner) {
  await owner.fill("Name", "");
  await owner.choose("Until a date");
  await owner.fill("Date", "2020-01-01");
  await owner.fill("Their name", "Ben Okafor");
  owner.equal(await owner.press("Share setup link", ".share"), 422, "a date of the past");
  owner.equal(await owner.value("Their name"), "Ben Okafor", "what was typed is kept");
  await checkState(owner, "configure-new-error");
}

async function copyLink(owner, link) {
  await owner.unfold("Copy link");
  await owner.page.waitForFunction(() => document.getElementById("say").textContent === "Link copied");
  const copied = await owner.page.evaluate(() => navigator.clipboard.readText());
  owner.equal(new URL(copied).pathname, link, "what the clipboard holds");
}

async function ownerSeesOpenLink(lane) {
  const { owner } = lane;
  await owner.press("Go to the connection");
  await owner.says("Shop database", "Ben Okafor", "Open");
  const events = await owner.page.$$eval(".timeline li > span", (all) => all.map((one) => one.textContent));
  owner.equal(events.at(-1), "Ana Lima added the connection", "what happened first");
  await checkState(owner, "connection-link-open");
  return new URL(owner.page.url()).pathname;
}

async function sendPart(lane, link) {
  const ben = await newPerson(lane, "Ben", { width: 390, height: 844 });
  await firstLook(lane, ben, link);
  await chooseWays(lane, ben);
  await checkState(ben, "recipient-ways-chosen");
  await ben.fill("Host", "db.shop.example");
  await ben.fill("Database", "shop");
  await ben.press("Send what I have");
  ben.equal(ben.status, 200, "the receipt");
  ben.expect(ben.path.startsWith("/receipts/"), "the receipt has an address of its own");
  await ben.says(`Sent to ${lane.account.workspace}`, "Host", "Database", "Left empty", "Password", "The link no longer works");
  await ben.saysNot("db.shop.example", "bastion.shop.example");
  await checkState(ben, "receipt-part");
  ben.equal(await ben.open(link), 410, "a used link");
  await ben.says("already been used", "Ana Lima");
  await checkState(ben, "dead-used");
  await ben.leave();
}

async function firstLook(lane, ben, link) {
  const { bytes, wire, answers } = await weigh(ben, link);
  ben.expect(bytes < MOST_BYTES, `the first load is ${bytes} bytes`);
  const figures = `${bytes} bytes in ${answers} answers, ${wire} over the wire (aim ${BUDGET}, limit ${MOST_BYTES})`;
  lane.report.figure(`First load of the recipient's page, ${lane.name}`, figures);
  await ben.says(`${lane.account.workspace} asks for access to your`, "Ana Lima", lane.account.email, "Hello Ben Okafor", "You need no account",
    "Please give us a user that can only read", "Passwords and keys are encrypted before they are stored", "Open until");
  await checkState(ben, "recipient-fresh");
  await picture(ben, "recipient.png", 1240);
  if (!lane.js) return;
  await checkKeyboard(ben, "recipient-fresh");
  await checkOtherWaysToLook(ben, "recipient-fresh");
}

/** Takes another way in two groups, and sees that only the questions of the chosen ways show. */
async function chooseWays(lane, ben) {
  await openGroup(ben, "Encryption");
  await ben.choose("Require and check the authority");
  await openGroup(ben, "SSH tunnel");
  await ben.choose("SSH with a password");
  const panels = await ben.page.$$eval(".oneof > .panel", (all) => all.map((panel) => [panel.checkVisibility(), panel.disabled]));
  const shown = panels.filter(([visible]) => visible).length;
  ben.equal(shown, 2, "panels that show");
  const quiet = panels.every(([visible, disabled]) => disabled === (lane.js && !visible));
  ben.expect(quiet, "exactly the panels not chosen are disabled by the script, none without it");
  if (lane.js) await ben.page.waitForFunction(() => /question/.test(document.getElementById("say").textContent));
  await ben.fill("Jump server", "bastion.shop.example");
}

/** Unfolds whatever hides a group. */
async function openGroup(person, legend) {
  await person.page.$$eval("legend", (all, words) => {
    const hit = all.find((one) => one.textContent.trim().startsWith(words));
    for (let fold = hit?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }, legend);
}

async function ownerSeesPart(lane, page) {
  const { owner } = lane;
  await owner.open(page);
  await owner.says("Partly filled in", "db.shop.example", "bastion.shop.example", "Ben Okafor, through a setup link");
  await owner.says("Missing", "Password password", "User name username", "SSH password tunnel_method.tunnel_user_password");
  await checkState(owner, "connection-part");
  if (lane.js) await checkKeyboard(owner, "connection-part");
}

async function sendRest(lane, link) {
  const dana = await outsider(lane, "Dana", link);
  await dana.saysNot("db.shop.example");
  await checkState(dana, "recipient-second");
  await dana.fill("User name", "reader");
  await dana.fill("Port", "fifty");
  await dana.fill("Password", PASSWORD);
  await dana.fill("CA certificate", CERTIFICATE);
  await dana.fill("SSH user name", "tunnel");
  await dana.fill("SSH password", TUNNEL_PASSWORD);
  if (lane.js) await showAndHide(dana);
  dana.equal(await dana.press(`Send to ${lane.account.workspace}`), 422, "a port that is no number");
  await refusedButKept(lane, dana);
  await dana.fill("Port", "5433");
  await dana.press(`Send to ${lane.account.workspace}`);
  await dana.says(`Sent to ${lane.account.workspace}`, "Password (hidden)");
  await dana.holdsNone(SECRETS);
  await checkState(dana, "receipt");
  await checkPrint(dana, "receipt", 1);
  await dana.leave();
}

async function showAndHide(dana) {
  await dana.unfold("Show");
  const shown = await dana.page.$$eval("[data-secret]", (all) => all.filter((field) => field.type === "text").length);
  dana.equal(shown, 1, "secrets shown after Show");
  dana.equal(await dana.page.$eval("[data-reveal][aria-pressed=true]", (button) => button.textContent), "Show", "the pressed button keeps its name");
}

async function refusedButKept(lane, dana) {
  await dana.says("1 answer needs attention", "Nothing has been sent yet", "Received just now");
  await dana.holdsNone(SECRETS);
  dana.equal(await dana.value("User name"), "reader", "what was typed is kept");
  dana.equal(await dana.value("Port"), "fifty", "what was wrong is kept");
  await checkState(dana, "recipient-error");
  if (lane.js) await checkKeyboard(dana, "recipient-error");
  const link = await dana.page.$('.error-summary a[href^="#"]');
  await link.click();
  const focused = await dana.page.evaluate(() => document.activeElement.getAttribute("name"));
  dana.equal(focused, "/port", "where the summary’s link leads");
}

async function ownerSeesAll(lane, page) {
  const { owner } = lane;
  await owner.open(page);
  await owner.says("Filled in", "5433", "reader", "Provided, cannot be shown", "Dana Weber, through a setup link");
  await owner.saysNot("Partly filled in");
  await owner.holdsNone(SECRETS);
  await checkState(owner, "connection-filled");
  await checkPrint(owner, "connection", 3);
  await picture(owner, "connection.png", 1000);
  if (lane.js) await checkOtherWaysToLook(owner, "connection-filled");
  await owner.open(`${page}/configuration`);
  await owner.says("Already provided");
  await owner.holdsNone(SECRETS);
  await checkState(owner, "configure");
}
