// A member's own account: sign in and out, password, sessions, appearance; and the way back in.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";

const NEW_PASSWORD = "three lamps on the stairs";

export async function signingIn(lane) {
  const ana = await newPerson(lane, "Ana elsewhere");
  await ana.open("/settings/account");
  ana.equal(ana.path, "/sign-in", "who is not signed in");
  await checkState(ana, "sign-in");
  if (lane.js) await checkKeyboard(ana, "sign-in");
  await ana.fill("Email", lane.account.email);
  await ana.fill("Password", "a wrong password");
  ana.equal(await ana.press("Sign in", "main"), 422, "a wrong password");
  await ana.says("Email or password is not right");
  ana.equal(await ana.value("Email"), lane.account.email, "the email is kept");
  ana.equal(await ana.value("Password"), "", "the password is not");
  await checkState(ana, "sign-in-error");
  await ana.fill("Password", lane.account.password);
  await ana.press("Sign in", "main");
  ana.equal(ana.path, "/settings/account", "back at the page that was wanted");
  lane.elsewhere = ana;
}

export async function ownAccount(lane) {
  const { owner, account, elsewhere } = lane;
  await owner.open("/settings/account");
  await owner.says("This one", "End all other sessions");
  await checkState(owner, "settings-account");
  await owner.press("End", ".table");
  await owner.says("Session ended");
  await elsewhere.open("/connections");
  elsewhere.equal(elsewhere.path, "/sign-in", "whose session was ended");
  await changePassword(owner, account);
  await owner.fill("Your name", "");
  owner.equal(await owner.press("Save name"), 422, "no name");
  await owner.fill("Your name", account.name);
  await owner.press("Save name");
  await owner.says("Profile saved");
}

async function changePassword(owner, account) {
  await owner.open("/settings/account");
  await owner.fill("Current password", "not this one");
  await owner.fill("New password", "short");
  owner.equal(await owner.press("Change password"), 422, "a wrong and a short password");
  await owner.says("at least 12 characters");
  await checkState(owner, "settings-account-error");
  await owner.fill("Current password", account.password);
  await owner.fill("New password", NEW_PASSWORD);
  await owner.press("Change password");
  await owner.says("Password changed");
  account.password = NEW_PASSWORD;
}

export async function appearance(lane) {
  const { owner } = lane;
  await owner.open("/settings/appearance");
  await checkState(owner, "settings-appearance");
  await owner.choose("Dark");
  await owner.press("Save appearance");
  await owner.says("Appearance saved");
  const colour = () => owner.page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  owner.equal(await colour(), "dark", "the scheme of who chose the dark one");
  await owner.choose("As my device is set");
  await owner.press("Save appearance");
  owner.equal(await colour(), "light dark", "the scheme of who follows the device");
}

/** A forgotten password: the mail's link chooses a new one, once. */
export async function forgotten(lane) {
  const { elsewhere, account, server } = lane;
  await elsewhere.open("/sign-in");
  await elsewhere.press("I cannot sign in");
  await checkState(elsewhere, "forgot");
  elsewhere.equal(await elsewhere.press("Make the link"), 422, "no email");
  await checkState(elsewhere, "forgot-error");
  await elsewhere.fill("Email", account.email);
  await elsewhere.press("Make the link");
  await elsewhere.says("Ask the operator for the link");
  await checkState(elsewhere, "forgot-sent");
  const link = await linkFromMail(server, account.email);
  await elsewhere.open(link);
  await checkState(elsewhere, "reset");
  elsewhere.equal(await elsewhere.press("Set new password"), 422, "no password");
  await checkState(elsewhere, "reset-error");
  account.password = "a third way into the house";
  await elsewhere.fill("Password", account.password);
  await elsewhere.press("Set new password");
  await elsewhere.says("Your new password is set");
  await checkState(elsewhere, "sign-in-after-reset");
  elsewhere.equal(await elsewhere.open(link), 410, "a link that was used");
  await checkState(elsewhere, "reset-used");
  await signInAgain(lane);
}

/** The mail with a link to choose a new password, once the worker has written it. */
async function linkFromMail(server, email) {
  for (let tries = 0; tries < 100; tries += 1) {
    const mails = await server.mails();
    const mail = mails.reverse().find((text) => text.includes(email) && /\/join\/[\w-]+/.test(text) && text.includes("password"));
    if (mail) return /\/join\/[\w-]+/.exec(mail)[0];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("no mail with a link to choose a new password");
}

/** Choosing a new password ended every session: in again, and out, and in. */
async function signInAgain({ owner, account }) {
  await owner.open("/connections");
  owner.equal(owner.path, "/sign-in", "whose password was chosen anew");
  for (const round of ["first", "second"]) {
    await owner.fill("Email", account.email);
    await owner.fill("Password", account.password);
    await owner.press("Sign in", "main");
    owner.equal(owner.path, "/connections", `after signing in for the ${round} time`);
    if (round === "first") await signOut(owner);
  }
}

async function signOut(owner) {
  await owner.press("Sign out");
  await owner.says("You are signed out");
  await checkState(owner, "signed-out");
  await owner.open("/connections");
  owner.equal(owner.path, "/sign-in", "who signed out");
}
