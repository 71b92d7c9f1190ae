// Where extractions run: an Airbyte is entered, corrected, tried where nobody answers, and removed.
import { checkState } from "../lib/checks.mjs";

export async function extractionEngine(lane) {
  const { owner } = lane;
  await owner.open("/settings/extraction-engine");
  await owner.says("The workers of this installation extract every source");
  await checkState(owner, "extraction-engine");
  await owner.choose("On your Airbyte");
  await owner.fill("URL of the API", "http://airbyte.example.com");
  await owner.fill("Client secret or token", "quiet-as-a-mouse");
  owner.equal(await owner.press("Save"), 422, "no https, and no workspace");
  owner.equal(await owner.value("URL of the API"), "http://airbyte.example.com", "what was typed is still there");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await checkState(owner, "extraction-engine-error");
  // Nobody listens there, and no packet leaves the machine.
  await owner.fill("URL of the API", "https://127.0.0.1:65535/api/public/v1");
  await owner.fill("Workspace id", "9924bcd0-99be-453d-ba47-c2c9766f7da5");
  await owner.fill("Client secret or token", "quiet-as-a-mouse");
  await owner.press("Save");
  await owner.says("On your Airbyte", "Not tested");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await owner.press("Test the connection");
  await owner.says("The connection does not work", "nothing answers at its address");
  await checkState(owner, "extraction-engine-refused");
  await owner.unfold("Remove the Airbyte");
  await owner.press("Remove it");
  await owner.says("The workers of this installation extract every source");
}
