// The workspace: its name and colour, its members and what each role may see, its API keys, what the operator set.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";

export async function workspace(lane) {
  const { owner } = lane;
  await owner.open("/settings/workspace");
  await checkState(owner, "settings-workspace");
  await owner.fill("Colour", "blue");
  owner.equal(await owner.press("Save workspace"), 422, "a colour that is no colour");
  await checkState(owner, "settings-workspace-error");
  await owner.fill("Colour", "b91c1c");
  await owner.press("Show preview");
  await owner.says("Nothing is saved");
  await checkState(owner, "settings-workspace-preview");
  await owner.fill("Contact", "Questions? data@acme.example");
  await owner.press("Save workspace");
  await owner.says("Workspace saved");
  owner.expect((await owner.html()).includes("/accent/b91c1c.css"), "the new colour is used");
  await owner.fill("Colour", "0f766e");
  await owner.press("Save workspace");
  for (const name of ["mail", "data"]) {
    await owner.open(`/settings/${name}`);
    await checkState(owner, `settings-${name}`);
  }
}

export async function members(lane) {
  const { owner } = lane;
  await owner.open("/settings/members");
  await checkState(owner, "settings-members-alone");
  owner.equal(await owner.press("Send invitation"), 422, "an invitation to nobody");
  await checkState(owner, "settings-members-error");
  await owner.fill("Email", `vera-${lane.folder}@acme.example`);
  await owner.choose("Viewer", "form[action$=invitations]");
  await owner.press("Send invitation");
  await owner.says("Invitation made", "shown only once");
  const link = new URL(await owner.value("Invitation link")).pathname;
  await checkState(owner, "settings-members-invited");
  const viewer = await join(lane, link);
  await owner.open("/settings/members");
  owner.expect(!(await owner.html()).includes(link), "the link is not shown again");
  await owner.says("Vera Viewer", "Viewer");
  await checkState(owner, "settings-members");
  await seesButChangesNothing(lane, viewer);
  await changeAndRemove(lane, viewer);
}

async function join(lane, link) {
  const viewer = await newPerson(lane, "Vera");
  viewer.equal(await viewer.open(link), 200, "an invitation");
  await viewer.says("Join", lane.account.workspace, "Viewer. Looks at everything, changes nothing");
  await checkState(viewer, "join");
  await viewer.fill("Password", "short");
  viewer.equal(await viewer.press("Join the workspace"), 422, "no name and a short password");
  await checkState(viewer, "join-error");
  await viewer.fill("Your name", "Vera Viewer");
  await viewer.fill("Password", "an umbrella in the hall");
  await viewer.press("Join the workspace");
  viewer.equal(viewer.path, "/connections", "where a new member arrives");
  await viewer.says("Welcome. You are a member now.", "Viewer");
  const again = await newPerson(lane, "Too late");
  again.equal(await again.open(link), 410, "an invitation that was used");
  await checkState(again, "join-used");
  await again.leave();
  return viewer;
}

async function seesButChangesNothing(lane, viewer) {
  await viewer.open("/connections");
  await viewer.saysNot("Add connection");
  await checkState(viewer, "viewer-connections");
  await viewer.press("Shop database");
  await viewer.says("Shop database", "Provided, cannot be shown");
  await viewer.saysNot("Share another link", "Change details", "Fill in or change", "Revoke", "Save name", "Delete this connection");
  await checkState(viewer, "viewer-connection");
  const page = new URL(viewer.page.url()).pathname;
  for (const path of ["/connections/new", `${page}/configuration`, `${page}/deletion`]) viewer.equal(await viewer.open(path), 403, path);
  await viewer.says("Your role does not allow this");
  await checkState(viewer, "role-error");
  for (const name of ["workspace", "members", "api-keys"]) {
    await viewer.open(`/settings/${name}`);
    await viewer.says("Only owners and admins", lane.account.name);
    const buttons = await viewer.page.$$eval("main button:not([hidden])", (all) => all.length);
    viewer.equal(buttons, 0, "buttons that change something");
    await checkState(viewer, `viewer-settings-${name}`);
  }
}

async function changeAndRemove(lane, viewer) {
  const { owner } = lane;
  await owner.press("Vera Viewer", "main");
  await checkState(owner, "settings-member");
  await owner.choose("Member");
  await owner.press("Save role");
  await owner.says("Role changed");
  await viewer.open("/connections");
  await viewer.says("Add connection");
  await owner.open("/settings/members");
  await owner.press("Vera Viewer", "main");
  await owner.press("Remove from the workspace");
  await owner.says("Remove Vera Viewer?");
  await checkState(owner, "settings-member-removal");
  await owner.press("Remove member");
  await owner.says("Member removed");
  await viewer.open("/connections");
  viewer.equal(viewer.path, "/sign-in", "who was removed");
  await viewer.leave();
}

export async function apiKeys(lane) {
  const { owner } = lane;
  await owner.open("/settings/api-keys");
  await owner.says("No API keys yet");
  await checkState(owner, "settings-api-keys-empty");
  owner.equal(await owner.press("Create key"), 422, "a key without a name that may do nothing");
  await checkState(owner, "settings-api-keys-error");
  await owner.fill("Name", "Reporting job");
  await owner.page.$eval("input[name=scope]", (box) => box.closest("label").click());
  await owner.press("Create key");
  await owner.says("Copy your new API key now");
  const key = await owner.value("Key “Reporting job”");
  owner.expect(key.length >= 40, "the key is long");
  await checkState(owner, "settings-api-keys-made");
  if (lane.js) await checkKeyboard(owner, "settings-api-keys-made");
  await owner.reload();
  await owner.holdsNone([key]);
  await owner.says("was made before");
  await owner.open("/settings/api-keys");
  await owner.holdsNone([key]);
  await checkState(owner, "settings-api-keys");
  await owner.unfold("Revoke");
  await owner.press("Revoke key");
  await owner.says("API key revoked", "Revoked");
  await checkState(owner, "settings-api-keys-revoked");
}
