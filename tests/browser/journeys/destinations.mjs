// Somebody outside hands their database over with an invite link; it is checked, finalised, chosen as the output of a source, filled, and
// cannot be deleted while a source goes there.
import { checkState } from "../lib/checks.mjs";
import { openWarehouse } from "../lib/warehouse.mjs";
import { addShop, comesToSay } from "./extraction.mjs";
import { create } from "./invite_links.mjs";
import { outsider } from "./sharing.mjs";

const TOKEN = "right-token-of-the-barge";

export async function destinations(lane) {
  const warehouse = await openWarehouse();
  if (!warehouse) {
    process.stdout.write("  destinations: TEST_POSTGRES is not set, so nobody hands a database over\n");
    return;
  }
  try {
    const page = await handOver(lane, warehouse);
    const source = await choose(lane, page);
    await fill(lane, warehouse, { page, source });
    await stays(lane, { page, source });
  } finally {
    await warehouse.remove();
  }
}

async function handOver(lane, warehouse) {
  const { owner } = lane;
  const { link } = await create(owner, "Barges", "destination/postgres");
  const ben = await outsider(lane, "Ben", link);
  await ben.says("write data to it", "Schema");
  await ben.saysNot("Schema for raw records", "Extra connection parameters");
  await checkState(ben, "destination-invited");
  await ben.page.$$eval("details", (all) => all.forEach((fold) => (fold.open = true)));
  await ben.fill("Your name or company", "Barge & Sons");
  await ben.fill("Host", warehouse.host);
  await ben.fill("Port", warehouse.port);
  await ben.fill("Database", warehouse.name);
  await ben.fill("Schema", "raw_data");
  await ben.fill("User name", warehouse.name);
  await ben.fill("Password", warehouse.password);
  await ben.choose("Prefer");
  await ben.press(`Send to ${lane.account.workspace}`);
  await ben.says(`Sent to ${lane.account.workspace}`);
  await ben.leave();

  await owner.open("/connections");
  await owner.press("Barge & Sons");
  const page = owner.path;
  await owner.says("Receiving", "Validated");
  await checkState(owner, "destination-arrived");
  await owner.press("Validate", "main");
  await comesToSay(owner, "The details work.");
  await owner.says("make tables in the schema raw_data", "Making a table, which is taken back");
  await owner.holdsNone([warehouse.password]);
  await owner.reload();
  await checkState(owner, "destination-validated");
  await owner.open(page);
  await owner.press("Finish");
  await owner.saysNot("Where the records go");
  await owner.press("Finalise connection");
  await owner.says("Connection finalised", "Records can go to it", "Receiving");
  await checkState(owner, "destination-finalised");
  return page;
}

async function choose(lane, page) {
  const { owner } = lane;
  await owner.open("/settings/output-layers");
  await owner.says("Barge & Sons", "Postgres");
  await checkState(owner, "outputs-with-destination");
  const source = await addShop(owner, "Barge shop", TOKEN, "");
  await owner.press("Validate", "main");
  await comesToSay(owner, "The details work");
  await owner.open(source);
  await owner.press("Choose streams");
  await owner.press("Save streams");
  const value = `destination:${page.split("/").pop()}`;
  await owner.page.select("#layer", value);
  owner.equal(await owner.page.$eval("#layer option:checked", (option) => option.parentElement.label), "Destinations", "its group");
  await checkState(owner, "finish-to-destination");
  await owner.press("Finalise connection");
  await owner.says("Records go to", "Barge & Sons");
  return source;
}

async function fill(lane, warehouse, { page, source }) {
  const { owner } = lane;
  await owner.press("Extract now");
  await comesToSay(owner, "The records are in tables of");
  await owner.says("raw_data");
  owner.equal(await warehouse.sql("SELECT count(*) > 0 FROM raw_data._vestibule_tables"), "t", "tables that were filled");
  await owner.open(page);
  await owner.says("The records of 1 source go to it", "Barge shop", "streams", "chose it as the place for the records of Barge shop");
  await owner.holdsNone([warehouse.password]);
  await checkState(owner, "destination-receiving");
  await owner.press("Change details");
  await owner.says("The records of these sources go there: Barge shop");
  await checkState(owner, "destination-change");
  await warehouse.sql("DROP SCHEMA raw_data CASCADE");
  await owner.open(source);
  await owner.press("Extract now");
  await comesToSay(owner, "The extraction failed");
  await owner.says("into the destination Barge & Sons", "validated on its own page");
  await checkState(owner, "run-destination-failed");
  await owner.open(page);
  await owner.says("Records could not be written. Barge shop");
}

async function stays(lane, { page, source }) {
  const { owner } = lane;
  await owner.open(`${page}/deletion`);
  await owner.says("is in use", "Barge shop");
  await owner.saysNot("This cannot be undone");
  await checkState(owner, "destination-in-use");
  await owner.press("Barge shop", "main");
  await owner.page.select("#layer", "files");
  await owner.press("Save");
  await owner.open(`${page}/deletion`);
  await owner.press("Delete connection");
  await owner.says("Connection deleted");
  await owner.open(source);
  await owner.says("Records go to", "Compressed files");
}
