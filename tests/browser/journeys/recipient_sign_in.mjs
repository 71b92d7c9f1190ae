// Somebody signs in with a provider instead of typing keys: yes, no and then yes, and a link that is revoked meanwhile.
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { ACCOUNTS, APP } from "../lib/facebook.mjs";
import { outsider, pick, share, shareAgain } from "./sharing.mjs";

export async function recipientSignIn(lane) {
  const { owner } = lane;
  await owner.open("/settings/oauth-apps");
  await owner.says("Facebook", "Set");
  await checkState(owner, "settings-oauth-apps");
  await owner.open("/settings/oauth-apps/facebook");
  await owner.says("Redirect URI");
  await checkState(owner, "settings-oauth-app");
  await pick(owner, "source", "facebook-ads");
  await owner.fill("Name", "Client advertising");
  const link = await share(owner, { recipient: "Maria" });
  await owner.open("/connections");
  await owner.press("Client advertising");
  const page = new URL(owner.page.url()).pathname;
  await denyThenSucceed(lane, link);
  await owner.open(page);
  await owner.says("Signed in as", "Maria da Silva", ACCOUNTS[1], ACCOUNTS[3], "Filled in");
  await owner.saysNot(ACCOUNTS[2]);
  await checkState(owner, "connection-signed-in");
  await revokedMeanwhile(lane, page);
}

async function denyThenSucceed(lane, link) {
  const maria = await outsider(lane, "Maria", link);
  await maria.says("Continue with Facebook", "See your ad accounts");
  await checkState(maria, "sign-in-offered");
  if (lane.js) await checkKeyboard(maria, "sign-in-offered");
  await maria.press("Continue with Facebook");
  await maria.reaches(lane.facebook.origin);
  await maria.press("Not now");
  await maria.says("You did not give permission at Facebook");
  await checkState(maria, "sign-in-declined");
  await maria.press("Continue with Facebook");
  await maria.reaches(lane.facebook.origin);
  await maria.press("Allow");
  await maria.says("Signed in at Facebook as Maria da Silva", ...ACCOUNTS);
  await checkState(maria, "accounts");
  if (lane.js) await checkKeyboard(maria, "accounts");
  maria.equal(await maria.press(`Send to ${lane.account.workspace}`), 422, "without an account");
  await maria.says("Choose at least one ad account");
  await checkState(maria, "accounts-none");
  await maria.choose(ACCOUNTS[1]);
  await maria.choose(ACCOUNTS[3]);
  await maria.press(`Send to ${lane.account.workspace}`);
  await maria.says("Facebook sign-in", "2 ad accounts");
  await maria.holdsNone([APP.client_secret]);
  await maria.leave();
}

async function revokedMeanwhile(lane, page) {
  const link = await shareAgain(lane.owner, page, { recipient: "Maria" });
  const maria = await outsider(lane, "Maria", link);
  await maria.press("Continue with Facebook");
  await maria.reaches(lane.facebook.origin);
  await lane.owner.open(page);
  await lane.owner.unfold("Revoke");
  await lane.owner.press("Revoke link");
  const state = new URL(maria.page.url()).searchParams.get("state");
  await maria.press("Allow");
  await maria.says("withdrew this link");
  maria.expect(state && !lane.facebook.facebook.exchanged.has(state), "nobody asks for tokens that nobody may keep");
  await maria.leave();
}
