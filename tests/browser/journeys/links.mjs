// How links end: revoked, expired, their draft finished or deleted. And how a draft ends.
import { newPerson } from "../lib/browser.mjs";
import { checkState } from "../lib/checks.mjs";
import { draftWithLink, outsider, shareAgain } from "./sharing.mjs";

export async function endings(lane) {
  const { owner } = lane;
  const { link, page } = await draftWithLink(owner, "destination", "snowflake", "Warehouse", { recipient: "Dana Weber" });
  const dana = await outsider(lane, "Dana", link);
  await checkState(dana, "recipient-destination");
  const second = await shareAgain(owner, page);
  await owner.unfold("Revoke", await owner.part("tr", "Dana Weber"));
  await checkState(owner, "connection-revoke-asked");
  await owner.press("Revoke link");
  await owner.says("Setup link revoked. Nobody can open it any more.", "Revoked");
  owner.expect((await owner.title()).startsWith("Setup link revoked – "), "the title begins with what happened");
  await checkState(owner, "connection-revoked");
  await sendTooLate(dana);
  await deleteDraft(lane, page);
  const late = await newPerson(lane, "Late", { width: 390, height: 844 });
  late.equal(await late.open(link), 410, "a revoked link of a deleted draft");
  await late.says("This link was withdrawn");
  late.equal(await late.open(second), 410, "an open link of a deleted draft");
  await late.says("This request was deleted", "Ana Lima");
  await checkState(late, "dead-deleted");
  if (lane.server.isSqlite) await endedByTime(lane, late);
  await late.leave();
  await dana.leave();
}

/** The form was open while its link was revoked: what was typed is not taken, and the page says why. */
async function sendTooLate(dana) {
  await dana.fill("Host", "too-late.example");
  dana.equal(await dana.press("Send what I have"), 410, "a form sent after its link was revoked");
  await dana.says("This link was withdrawn", "Nothing was sent with it", "Ana Lima");
  await checkState(dana, "dead-revoked");
}

async function deleteDraft(lane, page) {
  const { owner } = lane;
  await owner.open(page);
  await owner.press("Delete this connection");
  await owner.says("Delete Warehouse?", "This cannot be undone");
  await checkState(owner, "delete-asked");
  await owner.press("Keep it");
  await owner.press("Delete this connection");
  await owner.press("Delete connection");
  await owner.says("Connection deleted");
  owner.equal(owner.path, "/connections", "where one is after deleting");
  owner.equal(await owner.open(page), 404, "the page of a deleted connection");
}

/** Days pass by changing the rows. */
async function endedByTime(lane, late) {
  const { owner, server } = lane;
  const { link, page } = await draftWithLink(owner, "source", "stripe", "Payments");
  const slug = page.split("/").pop();
  const itsId = `(SELECT id FROM connections WHERE slug = '${slug}')`;
  await server.sql(`UPDATE setup_links SET expires_at = '2026-01-02 03:04:05.000000' WHERE connection_id = ${itsId}`);
  late.equal(await late.open(link), 410, "an expired link");
  await late.says("This link has expired", "Ana Lima");
  late.equal(await late.page.$eval("main time", (time) => time.dateTime), "2026-01-02T03:04:05Z", "the time it expired");
  await checkState(late, "dead-expired");
  const finished = await draftWithLink(owner, "source", "stripe", "Payments of last year");
  const other = finished.page.split("/").pop();
  const ofOther = `(SELECT id FROM connections WHERE slug = '${other}')`;
  const end = "closed_at = '2026-01-02 03:04:05.000000', closed_reason = 'finished'";
  await server.sql(`UPDATE setup_links SET ${end} WHERE connection_id = ${ofOther}`);
  await server.sql(`UPDATE connections SET finalised_at = '2026-01-02 03:04:05.000000' WHERE slug = '${other}'`);
  late.equal(await late.open(finished.link), 410, "the link of a finished connection");
  await late.says("This connection is finished", lane.account.workspace);
  await checkState(late, "dead-finished");
  await owner.open(finished.page);
  await owner.saysNot("Share another link", "Fill in or change");
  await checkState(owner, "connection-finalised");
}

/** The list: filled, filtered, nothing found. */
export async function list(lane) {
  const { owner } = lane;
  await owner.open("/connections");
  await owner.says("Shop database", "Summer campaign", "Filled in");
  await checkState(owner, "connections");
  await owner.fill("Find", "shop");
  await owner.press("Search");
  await owner.says("Shop database");
  await owner.saysNot("Summer campaign");
  await owner.open("/connections?state=missing");
  await owner.saysNot("Shop database");
  await owner.open("/connections?find=nosuchthing");
  await owner.says("Nothing matches");
  await checkState(owner, "connections-no-match");
  await owner.press("Clear the search");
  await owner.says("Shop database");
}

/** The name of a connection: refused empty, then changed. */
export async function rename(lane) {
  const { owner } = lane;
  const { page } = await draftWithLink(owner, "source", "notion", "Wiki");
  await owner.open(page);
  await owner.fill("Name of this connection", "");
  owner.equal(await owner.press("Save name"), 422, "a connection without a name");
  await checkState(owner, "connection-name-error");
  await owner.fill("Name of this connection", "Company wiki");
  await owner.press("Save name");
  await owner.says("Name saved", "Company wiki");
}
