// What programs need: webhooks with their endpoints, secret and deliveries, and the documentation.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";

// Nobody listens there, and no packet leaves the machine.
const RECEIVER = "https://127.0.0.1:1999/hooks";

export async function endpoints(lane) {
  const { owner } = lane;
  await owner.open("/settings/webhooks");
  await owner.says("No endpoints yet", "Nobody has a copy of it yet");
  await checkState(owner, "settings-webhooks-empty");
  await owner.press("Create secret");
  await owner.says("Copy your new signing secret now");
  const secret = await owner.value("Signing secret");
  owner.expect(secret.startsWith("whsec_"), "the secret has its prefix");
  await checkState(owner, "settings-webhooks-secret");
  await owner.open("/settings/webhooks");
  await owner.holdsNone([secret]);
  await owner.press("Add endpoint", "main");
  await owner.fill("URL", "http://10.0.0.1/hooks");
  owner.equal(await owner.press("Save endpoint"), 422, "an address without https, and no event");
  owner.equal(await owner.value("URL"), "http://10.0.0.1/hooks", "what was typed is still there");
  await checkState(owner, "webhook-endpoint-error");
  await owner.fill("URL", RECEIVER);
  await owner.fill("Name", "Night shift");
  await owner.page.$eval("input[value='setup_link.created']", (box) => box.closest("label").click());
  await owner.press("Save endpoint");
  await owner.says("Night shift", "setup_link.created");
  await owner.press("Night shift", "main");
  await checkState(owner, "webhook-endpoint");
  await owner.press("Send test event");
  await owner.says("webhook.test");
  await checkState(owner, "webhook-delivery-waiting");
  await owner.open("/settings/webhooks");
  await checkState(owner, "settings-webhooks");
  await owner.press("Night shift", "main");
  await owner.unfold("Delete");
  await owner.press("Delete endpoint");
  await owner.says("No endpoints yet");
}

export async function callback(lane) {
  const { owner } = lane;
  await owner.open("/connections");
  await owner.press("Shop database");
  const connection = owner.path;
  await owner.open(`${connection}/webhook`);
  await checkState(owner, "connection-webhook-empty");
  await owner.fill("URL", "https://169.254.169.254/latest");
  await owner.fill("Header name", "Host");
  owner.equal(await owner.press("Save webhook"), 422, "an address within the network");
  await checkState(owner, "connection-webhook-error");
  await owner.fill("URL", RECEIVER);
  await owner.fill("Header name", "X-Webhook-Secret");
  await owner.fill("Header value", "quiet-as-a-mouse");
  await owner.press("Save webhook");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await checkState(owner, "connection-with-webhook");
  await owner.open(`${connection}/webhook`);
  await owner.says("Already provided");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await checkState(owner, "connection-webhook");
  await owner.press("Send test event");
  await owner.says("X-Webhook-Secret: ••••••");
  await checkState(owner, "webhook-delivery");
  if (lane.js) await checkKeyboard(owner, "webhook-delivery");
  await owner.open(`${connection}/webhook`);
  await owner.unfold("Remove");
  await owner.press("Remove webhook");
  await owner.says("Webhook removed");
}

export async function docs(lane) {
  const reader = await newPerson(lane, "Reader");
  await reader.open("/docs");
  await checkState(reader, "docs");
  const pages = await reader.page.$$eval("main nav a", (links) => links.map((link) => link.getAttribute("href")));
  reader.expect(pages.length >= 5, `the index names its pages: ${pages}`);
  for (const path of pages) {
    reader.equal(await reader.open(path), 200, path);
    await checkState(reader, `docs-${path.split("/").pop()}`);
  }
  await reader.leave();
}
