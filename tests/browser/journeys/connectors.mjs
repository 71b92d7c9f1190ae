// A connector's page: what can be done with it here; one that is not in the catalogue yet is made readable, looked at, and removed.
import { checkState } from "../lib/checks.mjs";
import { comesToSay } from "./extraction.mjs";

/** What a package tool may take on a machine that has much else to do. */
const INSTALLING = 120_000;

export async function connectors(lane) {
  const { owner } = lane;
  await owner.open("/connectors/source/facebook-ads");
  await owner.says("What can be done with it here", "By members here, and by people outside");
  await checkState(owner, "connector");

  await owner.open("/connections/new?find=Sample+Data");
  await owner.says("Can be installed");
  await checkState(owner, "catalogue-installable");
  await owner.press("Sample Data");
  const page = owner.path;
  await owner.says("It is not in the catalogue until it is installed");
  if (lane.oneServer) {
    // Two workspaces on one server: whose is the first one may install, the other is a guest. Nobody does, because both look at once.
    const isGuest = (await owner.text()).includes("an owner of this installation can do it in the browser");
    if (isGuest) await owner.says("vestibule connectors install source-faker");
    else await owner.control("Make it readable");
    await checkState(owner, isGuest ? "connector-of-a-guest" : "connector-known");
    return;
  }
  await checkState(owner, "connector-known");
  await owner.press("Make it readable");
  await owner.says("airbyte-source-faker", "In the data folder of this server alone", "None uses it yet");
  await checkState(owner, "connector-install");
  if (await owner.page.$(".badge[data-tone=bad]")) {
    process.stdout.write("  connectors: no Python from 3.10 to 3.12 is here, so nothing is installed\n");
    return;
  }
  owner.equal(await owner.press("Install it"), 422, "the licence was not agreed to");
  await owner.says("Say that you agree to the licence");
  await checkState(owner, "connector-install-error");
  await owner.choose("I agree to the licence");
  await owner.press("Install it");
  owner.equal(owner.path, page, "back on the connector's page");
  await checkState(owner, "connector-installing");
  await comesToSay(owner, "7.2.5 is installed.", INSTALLING);
  await owner.reload();
  await owner.says("Installed on this server", "Its streams are found and its records are extracted here");
  await checkState(owner, "connector-installed");
  await owner.press("Remove");
  await owner.says("The connector leaves the catalogue");
  await checkState(owner, "connector-removal");
  await owner.press("Remove it");
  await comesToSay(owner, "7.2.5 is removed.");
  await owner.reload();
  await owner.says("It is not in the catalogue until it is installed");
}
