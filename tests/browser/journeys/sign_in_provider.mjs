// Members sign in with their workspace's own identity provider; passwords are switched off and on again.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { CLIENT, providerFolder, startProvider } from "../lib/provider.mjs";

/** On PostgreSQL two workspaces share the sign-in page, each with a provider of its own: their names differ. */
const providerName = ({ account }) => `${account.workspace} Login`;
const button = (lane) => `Sign in with ${providerName(lane)}`;

export async function signInProvider(lane) {
  if (!providerFolder()) {
    process.stdout.write("  SKIPPED: a real authorization server is missing; tests/run provides it (TEST_OAUTH_SERVER)\n");
    return;
  }
  const { owner, account } = lane;
  await owner.open("/settings/sign-in");
  await checkState(owner, "settings-sign-in-empty");
  const people = [
    { id: "ana", email: account.email, email_verified: true, name: account.name },
    { id: "zoe", email: "zoe@elsewhere.example", email_verified: true, name: "Zoe" },
  ];
  const provider = await startProvider(lane.authority, await owner.value("Redirect URI"), people);
  lane.provider = provider;
  try {
    await setUp(lane);
    await comeIn(lane);
    await withoutPasswords(lane);
  } finally {
    provider.stop();
    delete lane.provider;
  }
}

/** Details with a slip, then the right ones, and the owner's own test. */
async function setUp(lane) {
  const { owner, provider } = lane;
  await owner.fill("Name on the button", providerName(lane));
  await owner.fill("Issuer", `${provider.issuer}/wrong`);
  await owner.fill("Client id", CLIENT.client_id);
  await owner.fill("Client secret", CLIENT.client_secret);
  owner.equal(await owner.press("Save details"), 422, "an issuer that is none");
  await owner.says("no OpenID Connect provider answers there");
  await owner.holdsNone([CLIENT.client_secret]);
  await checkState(owner, "settings-sign-in-error");
  await owner.fill("Issuer", provider.issuer);
  await owner.fill("Client secret", CLIENT.client_secret);
  await owner.press("Save details");
  await owner.says("Test the sign-in now", "Not tested");
  await checkState(owner, "settings-sign-in-untested");
  await owner.press("Test sign-in");
  await owner.reaches(provider.issuer);
  await owner.press("ana");
  await owner.press("Allow");
  await owner.says("It works.", "Offered");
  await checkState(owner, "settings-sign-in");
  if (lane.js) await checkKeyboard(owner, "settings-sign-in");
}

/** No, then somebody unknown, then the right person. */
async function comeIn(lane) {
  const { provider, account } = lane;
  const visitor = await newPerson(lane, "Ana through the provider");
  await visitor.open("/settings/account");
  await checkState(visitor, "sign-in-with-provider");
  await visitor.press(button(lane));
  await visitor.reaches(provider.issuer);
  visitor.equal(await visitor.press("Cancel"), 403, "who says no");
  await visitor.says("You did not sign in");
  await checkState(visitor, "sign-in-denied");
  await visitor.press("Sign in again");
  await checkState(visitor, "sign-in-address");
  await visitor.press(button(lane));
  await visitor.reaches(provider.issuer);
  await visitor.press("zoe");
  visitor.equal(await visitor.press("Allow"), 403, "whom the workspace does not know");
  await visitor.says("You have no account in this workspace");
  await checkState(visitor, "sign-in-unknown");
  await visitor.leave();
  const ana = await newPerson(lane, "Ana through the provider");
  await ana.open("/settings/account");
  await ana.press(button(lane));
  await ana.reaches(provider.issuer);
  await ana.press("ana");
  await ana.press("Allow");
  ana.equal(ana.path, "/settings/account", "back at the page that was wanted");
  await ana.says(account.email);
  lane.through = ana;
}

/** The provider as the only way in, and back. */
async function withoutPasswords(lane) {
  const { owner, through } = lane;
  await owner.open("/settings/sign-in");
  await owner.unfold("Switch password sign-in off");
  await owner.press("Switch off");
  await owner.says("Password sign-in is off", "The only way in");
  await checkState(owner, "settings-sign-in-only");
  await through.open("/settings/account");
  through.equal(through.path, "/sign-in", "everybody else has to sign in again");
  // On PostgreSQL another workspace shares the page, and takes passwords.
  if (lane.server.isSqlite) {
    await through.saysNot("I cannot sign in");
    await checkState(through, "sign-in-only-provider");
  }
  await owner.open("/settings/account");
  await owner.says("Your workspace takes no passwords");
  await owner.open("/settings/sign-in");
  await owner.press("Switch password sign-in on");
  await owner.says("Password sign-in is on");
  await owner.unfold("Remove the sign-in provider");
  await owner.press("Remove it");
  await owner.says("Sign-in provider removed");
  await through.leave();
}
