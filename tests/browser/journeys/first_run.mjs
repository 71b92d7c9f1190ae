// A fresh installation: the printed link makes the workspace and its owner, once.
import { newPerson } from "../lib/browser.mjs";
import { checkState } from "../lib/checks.mjs";

/** Leaves the owner signed in, in `lane.owner`. */
export async function firstRun(lane) {
  lane.owner = await newPerson(lane, "Ana");
  if (lane.server.firstRun && !lane.server.claimed) {
    lane.server.claimed = claim(lane);
    await lane.server.claimed;
  } else {
    // A lane that shares its server comes second: the first workspace is made in the browser.
    await lane.server.claimed;
    await lane.server.createOwner(lane.account);
    await signInAsOwner(lane);
  }
  await lane.owner.says("No connections yet", lane.account.workspace);
  await checkState(lane.owner, "connections-empty");
}

async function claim(lane) {
  const { owner, account } = lane;
  owner.equal(await owner.open("/setup"), 200, "the first-run page without its code");
  await checkState(owner, "setup");
  await owner.fill("Setup code", "WRONG-CODE-0000");
  await owner.fill("Workspace name", account.workspace);
  await owner.fill("Password", "short");
  owner.equal(await owner.press("Create workspace"), 422, "a wrong code and missing answers");
  await owner.says("Enter your email", "at least 12 characters");
  owner.equal(await owner.value("Workspace name"), account.workspace, "what was typed is kept");
  owner.equal(await owner.value("Password"), "", "a password is never sent back");
  await checkState(owner, "setup-error");

  await owner.open(lane.server.firstRun);
  owner.expect((await owner.value("Setup code")).length > 8, "the link brings the code");
  await owner.fill("Workspace name", account.workspace);
  await owner.fill("Your name", account.name);
  await owner.fill("Email", account.email);
  await owner.fill("Password", account.password);
  await owner.press("Create workspace");
  owner.equal(owner.path, "/connections", "where one arrives");
  await owner.says("Your workspace is ready");
  owner.expect((await owner.title()).startsWith("Your workspace is ready – "), "the title begins with what happened");
  owner.equal(await owner.open(lane.server.firstRun), 404, "the first-run link, afterwards");
  await owner.open("/connections");
}

async function signInAsOwner(lane) {
  const { owner, account } = lane;
  owner.equal(await owner.open("/setup"), 404, "the first-run page of an installation in use");
  await owner.open("/connections");
  owner.equal(owner.path, "/sign-in", "who is not signed in");
  await owner.fill("Email", account.email);
  await owner.fill("Password", account.password);
  await owner.press("Sign in");
  owner.equal(owner.path, "/connections", "back at the page that was wanted");
}
