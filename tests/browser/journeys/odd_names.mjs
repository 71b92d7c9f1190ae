// Names as long and as odd as they may be: nothing overflows, nothing is cut, nothing becomes markup.
import { checkState } from "../lib/checks.mjs";
import { pick, outsider, share } from "./sharing.mjs";

const fit = (text) => [...text].slice(0, 80).join("");
const LONG = fit(`Donaudampfschifffahrtsgesellschaft${"w".repeat(80)}`);
const MARKUP = fit("<b>Ünïcødé & Söhne</b> 🚀🧾 \"quoted\" 'names' — and a tail that goes on and on and on");
const RTL = fit("شركة البيانات الكبرى 🚀 للتحليلات والتقارير");

export async function oddNames(lane) {
  const { owner } = lane;
  await rename(lane, MARKUP, LONG);
  await pick(owner, "source", "postgres");
  await owner.fill("Name", LONG);
  await owner.fill("Host", `${"very-long-host-name-".repeat(9)}.example`);
  const link = await share(owner, { recipient: RTL, note: `${MARKUP} https://example.com/${"x".repeat(120)}` });
  await checkState(owner, "odd-link-created");
  await owner.press("I have copied it");
  await checkState(owner, "odd-connection");
  await owner.open("/connections");
  await checkState(owner, "odd-connections");
  await owner.open("/settings/members");
  await checkState(owner, "odd-members");
  await asRecipient(lane, link);
  await rename(lane, RTL, RTL);
  await owner.open("/connections");
  await checkState(owner, "odd-connections-rtl");
  await rename(lane, lane.account.workspace, "Ana Lima");
}

async function rename(lane, workspace, person) {
  const { owner } = lane;
  await owner.open("/settings/workspace");
  await owner.fill("Workspace name", workspace);
  await owner.press("Save workspace");
  await owner.open("/settings/account");
  await owner.fill("Your name", person);
  await owner.press("Save name");
  await owner.says(workspace, person);
  owner.expect(!(await owner.has("main b, header b")), "a name became markup");
}

async function asRecipient(lane, link) {
  const joe = await outsider(lane, "Odd", link);
  await joe.says(MARKUP, LONG, RTL);
  joe.expect(!(await joe.has("main b, blockquote a")), "a name or note became markup");
  await checkState(joe, "odd-recipient");
  await joe.fill("Database", LONG);
  await joe.press("Send what I have");
  await checkState(joe, "odd-receipt");
  await joe.open(link);
  await checkState(joe, "odd-dead");
  await joe.leave();
}
