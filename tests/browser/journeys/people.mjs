// People between workspaces and forms between sessions: a corrected address and the one secret that is asked for again, two people at one
// field, a form that outlived a sign-out, an invitation to somebody known, what failed, and a member who is forgotten.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { draftWithLink, outsider } from "./sharing.mjs";

const SECRET = "a secret that is typed once";

export async function askedAgain(lane) {
  const { owner } = lane;
  const { link, page } = await draftWithLink(owner, "source", "postgres", "Asked again", { recipient: "Maria" });
  const maria = await outsider(lane, "Maria, asked twice", link);
  for (const [label, text] of [["Host", "db.example"], ["Port", "543"], ["Database", "shop"], ["User name", "reader"], ["Password", SECRET]]) {
    await maria.fill(label, text);
  }
  await maria.press("Send to", "main");
  await owner.open(`${page}/configuration`);
  await owner.fill("Port", "5433");
  owner.equal(await owner.press("Save", "[aria-labelledby=details]"), 422, "an address that a password was not given for");
  await owner.says("Save and ask Maria again");
  await checkState(owner, "ask-again-offered");
  owner.equal(await owner.press("Save and ask Maria again"), 200, "the page with the link");
  const again = new URL(await owner.value("Setup link")).pathname;
  await checkState(owner, "ask-again-link");
  await owner.press("I have copied it");
  await owner.says("Asks only for Password");
  await maria.open(again);
  await maria.says("You are asked for this only: Password", "5433", "db.example", "Set already");
  maria.equal(await maria.page.$$eval("input[name^='/']", (all) => all.length), 1, "one question");
  await checkState(maria, "recipient-asked-again");
  if (lane.js) await checkKeyboard(maria, "recipient-asked-again");
  maria.equal(await maria.press("Send to", "main"), 422, "nothing entered");
  await checkState(maria, "recipient-asked-again-error");
  await maria.fill("Password", SECRET);
  await maria.press("Send to", "main");
  await maria.says("Password (hidden)");
  await checkState(maria, "receipt-asked-again");
  await maria.leave();
}

export async function twoAtOneField(lane) {
  const { owner } = lane;
  const { link, page } = await draftWithLink(owner, "source", "postgres", "Two at once");
  const ben = await outsider(lane, "Ben, at the same field", link);
  await owner.open(`${page}/configuration`);
  await ben.fill("Database", "shop");
  await ben.press("Send what I have");
  await owner.fill("Database", "orders");
  owner.equal(await owner.press("Save", "[aria-labelledby=details]"), 422, "somebody else answered it meanwhile");
  await checkState(owner, "configure-conflict");
  await ben.leave();
}

export async function keptForm(lane) {
  const { owner, account } = lane;
  const ana = await newPerson(lane, "Ana, signed out meanwhile");
  await signIn(ana, account);
  await ana.open("/connections/new/source/postgres");
  await ana.fill("Name", "Outlived");
  await ana.fill("Host", "db.example");
  await ana.fill("Password", SECRET);
  await owner.open("/settings/account");
  await owner.press("End all other sessions");
  await ana.press("Save", "[aria-labelledby=details]");
  ana.equal(ana.path, "/sign-in", "whose session ended");
  await ana.fill("Email", account.email);
  await ana.fill("Password", account.password);
  await ana.press("Sign in", "main");
  await ana.says("Your answers are still here", "have to be entered once more: Password");
  await checkState(ana, "kept-form");
  await ana.press("Show what I entered");
  ana.equal(await ana.value("Host"), "db.example", "it is still there");
  await ana.holdsNone([SECRET]);
  await checkState(ana, "kept-form-shown");
  await ana.leave();
}

async function signIn(person, account) {
  await person.open("/sign-in");
  await person.fill("Email", account.email);
  await person.fill("Password", account.password);
  await person.press("Sign in", "main");
}

async function invite(owner, email) {
  await owner.open("/settings/members");
  await owner.fill("Email", email);
  await owner.choose("Member", "form[action$=invitations]");
  await owner.press("Send invitation");
  return new URL(await owner.value("Invitation link")).pathname;
}

/** Somebody who joins for the first time, and somebody of another workspace who only has to say yes. */
export async function forgotten(lane) {
  const { owner, server, account } = lane;
  const email = `gil-${lane.folder}@acme.example`;
  const gil = await newPerson(lane, "Gil");
  await gil.open(await invite(owner, email));
  await gil.fill("Your name", "Gil Goes");
  await gil.fill("Password", "a hat left on the hook");
  await gil.press("Join the workspace");
  await owner.open("/settings/members");
  owner.equal(await resend(owner, email), 422, "a member is not invited");
  const other = { workspace: `Other ${lane.folder}`, name: "Olga Other", email: `olga-${lane.folder}@other.example`, password: "two umbrellas and a coat" };
  await server.createOwner(other);
  const olga = await newPerson(lane, "Olga");
  await signIn(olga, other);
  const join = await invite(owner, other.email);
  await owner.open("/settings/members");
  owner.equal(await resend(owner, other.email), 422, "invited a moment ago");
  await checkState(owner, "settings-members-too-soon");
  await olga.open(join);
  await checkState(olga, "join-known");
  await olga.press("Join", "main");
  await olga.open("/workspaces");
  await olga.says(other.workspace, account.workspace);
  await checkState(olga, "workspaces");
  const row = await olga.part("main li", other.workspace);
  await olga.press("Open", row);
  await owner.open("/connections");
  const page = new URL(await owner.page.$eval("main table a[href^='/connections/']", (link) => link.href)).pathname;
  await olga.open(page);
  olga.equal(olga.path, "/workspaces", "what is in another workspace of hers");
  await olga.says(`What you opened is in ${account.workspace}`);
  await checkState(olga, "workspaces-meant");
  await olga.press(`Open ${account.workspace}`, "main");
  olga.equal(olga.path, page, "where she wanted to go");
  await olga.leave();
  await owner.open("/settings/members");
  await owner.press("Gil Goes", "main");
  await owner.press("Remove from the workspace");
  await owner.press("Remove member");
  await owner.says("Former members", "Gil Goes");
  await checkState(owner, "settings-members-left");
  await owner.press("Erase", await owner.part("main tr", "Gil Goes"));
  await owner.says("Erase Gil Goes?");
  await checkState(owner, "member-erasure");
  await owner.press("Erase name and address");
  await owner.says("Name and address are erased");
  await owner.holdsNone(["Gil Goes", email]);
  await gil.leave();
  await owner.open("/settings/failures");
  await checkState(owner, "settings-failures");
}

async function resend(owner, email) {
  await owner.fill("Email", email);
  await owner.choose("Member", "form[action$=invitations]");
  return owner.press("Send invitation");
}
