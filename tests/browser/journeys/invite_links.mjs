// Invite links: one is made and handed out, people outside add connections with it, its details are changed, and it is deleted.
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { ACCOUNTS } from "../lib/facebook.mjs";
import { outsider } from "./sharing.mjs";

/** Makes a link through the form; gives the path of its page and the one that people outside open. */
export async function create(owner, name, connector, more = async () => {}) {
  await owner.open("/invite-links/new");
  await (await owner.field("Connects")).select(connector);
  await owner.fill("Name", name);
  await more();
  await owner.press("Generate link");
  await owner.says("Invite link created", name, "Active");
  return { page: owner.path, link: await handedOut(owner) };
}

async function handedOut(owner) {
  const link = await owner.value("Link", "#panel");
  owner.expect(link.startsWith(`${owner.lane.server.origin}/invite/`), "the link is an address of this server");
  return new URL(link).pathname;
}

/** What somebody outside sends. */
async function send(person, company, host) {
  await person.fill("Your name or company", company);
  await person.fill("Host", host);
  await person.press("Send what I have");
  await person.says("Sent to", company, "VB-");
}

export async function inviteLinks(lane) {
  const { owner } = lane;
  await owner.open("/connections");
  await owner.press("Invite links", "header");
  await owner.says("No invite links yet");
  await checkState(owner, "invite-links-empty");
  await owner.press("Create link");
  owner.equal(await owner.press("Generate link"), 422, "a link without a name");
  await owner.says("Enter a name", "Choose what the link connects");
  await checkState(owner, "invite-link-new-error");
  const { page, link } = await create(owner, "Spring clients", "source/postgres", async () => {
    await owner.fill("Expires on", "2031-03-14T18:00");
    await (await owner.field("Time zone")).select("America/Sao_Paulo");
    await owner.fill("Greeting", "Hello Loja Sul team,");
    await owner.fill("Note", "A user that can only read, please.");
  });
  await checkState(owner, "invite-link");
  await checkKeyboard(owner, "invite-link");
  const sul = await outsider(lane, "Loja Sul", link);
  await sul.says("Hello Loja Sul team,", "A user that can only read", "You can use this link again");
  await checkState(sul, "invite-form");
  sul.equal(await sul.press("Send to"), 422, "a form with gaps");
  await checkState(sul, "invite-form-error");
  await send(sul, "Loja Sul", "db.sul.example");
  await checkState(sul, "invite-receipt");
  await sul.press("Connect another account");
  await send(sul, "Loja Norte", "db.norte.example");
  await owner.open("/connections");
  await owner.says("Loja Sul – Postgres", "Loja Norte – Postgres", "through Spring clients");
  await changed(lane, page, link, sul);
  await sul.leave();
}

/** Renamed, copied again, ended while a form is open, opened again, deleted. */
async function changed(lane, page, link, person) {
  const { owner } = lane;
  await owner.open(page);
  await owner.says("Loja Sul – Postgres", "2, from 2 submissions");
  await owner.fill("Name", "Autumn clients");
  await owner.press("Save changes");
  await owner.says("Invite link saved", "Autumn clients");
  owner.equal(await handedOut(owner), link, "the address stays the same");
  await person.open(link);
  await person.fill("Host", "db.late.example");
  await owner.fill("Expires on", "2020-01-01T00:00");
  await owner.press("Save changes");
  await owner.says("Expired", "Choose a later expire date");
  await checkState(owner, "invite-link-expired");
  person.equal(await person.press("Send what I have"), 410, "a form sent after its link ended");
  await person.says("This link has expired", "Ana Lima");
  await checkState(person, "invite-dead");
  await owner.fill("Expires on", "");
  await owner.press("Save changes");
  await owner.says("This link stays open until you delete it");
  person.equal(await person.open(link), 200, "a link that was opened again");
  await owner.press("Close");
  owner.equal(owner.path, "/invite-links", "where Close leads");
  await owner.says("Autumn clients", "No end");
  await checkState(owner, "invite-links");
  await owner.press("Autumn clients", "main");
  await owner.unfold("Delete", "#panel");
  await checkState(owner, "invite-link-delete-asked");
  await owner.press("Delete link");
  await owner.says("Invite link deleted");
  person.equal(await person.open(link), 410, "a deleted link");
  await person.says("This link was withdrawn");
}

/** What waits for approval is accepted and rejected. */
export async function approvals(lane) {
  const { owner } = lane;
  const { link } = await create(owner, "Partners", "destination/postgres", () => owner.choose("New connections wait for approval"));
  const person = await outsider(lane, "Partner", link);
  await send(person, "Good partner", "db.good.example");
  await person.says("looks at it first");
  await person.open(link);
  await send(person, "Odd partner", "db.odd.example");
  await owner.open("/invite-links");
  await owner.says("2 connections wait for approval");
  await owner.press("Accept or reject");
  await owner.says("Good partner", "Odd partner");
  await checkState(owner, "invite-inbox");
  await owner.press("Accept", await owner.part("main section", "Good partner"));
  await owner.says("Connection accepted");
  await owner.unfold("Reject", await owner.part("main section", "Odd partner"));
  await owner.press("Reject and erase");
  await owner.says("Connection rejected", "Nothing waits");
  await checkState(owner, "invite-inbox-empty");
  await owner.open("/connections");
  await owner.says("Good partner");
  await owner.saysNot("Odd partner");
  await person.leave();
}

/** Somebody signs in at a provider and shares three accounts: three connections, and the link works on. */
export async function invitedSignIn(lane) {
  const { owner } = lane;
  const { link } = await create(owner, "Advertisers", "source/facebook-ads");
  const agency = await outsider(lane, "Agency client", link);
  await agency.says("Continue with Facebook");
  await checkState(agency, "invite-sign-in-offered");
  await agency.press("Continue with Facebook");
  await agency.reaches(lane.facebook.origin);
  await agency.press("Allow");
  await agency.says("Signed in at Facebook as Maria da Silva", ...ACCOUNTS);
  const chosen = [ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[4]];
  for (const account of chosen) await agency.choose(account);
  await checkState(agency, "invite-accounts");
  await agency.press(`Send to ${lane.account.workspace}`);
  await agency.says(`Sent to ${lane.account.workspace}`, "Connect another account");
  await checkState(agency, "invite-sign-in-receipt");
  await agency.leave();
  await owner.open("/connections");
  await owner.says(...chosen, "through Advertisers");
  const rows = await owner.page.$$eval("main tbody tr", (all) => all.filter((row) => row.innerText.includes("Advertisers")).length);
  owner.equal(rows, 3, "a connection for each account");
}
