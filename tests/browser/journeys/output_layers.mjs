// Where records go: a PostgreSQL schema is added, tried, corrected and deleted.
import { checkState } from "../lib/checks.mjs";

export async function outputLayers(lane) {
  const { owner } = lane;
  await owner.open("/settings/output-layers");
  await owner.says("Compressed files", "One file for each table");
  await owner.press("Add output layer", "main");
  await checkState(owner, "output-layer-new");
  await owner.fill("Name", "Warehouse");
  await owner.fill("Host", "postgres://db.example.com");
  owner.equal(await owner.press("Save output layer"), 422, "a URL is no host, and the rest is missing");
  owner.equal(await owner.value("Name"), "Warehouse", "what was typed is still there");
  await checkState(owner, "output-layer-error");
  // Nobody listens there, and no packet leaves the machine.
  await owner.fill("Host", "127.0.0.1");
  await owner.fill("Port", "1");
  await owner.fill("Database", "warehouse");
  await owner.fill("Schema", "raw");
  await owner.fill("User", "loader");
  await owner.fill("Password", "quiet-as-a-mouse");
  await owner.press("Save output layer");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await owner.press("Test connection");
  await owner.says("The connection does not work", "refused the connection");
  await owner.holdsNone(["quiet-as-a-mouse"]);
  await checkState(owner, "output-layer-refused");
  await owner.open("/settings/output-layers");
  await owner.says("postgres://127.0.0.1:1/warehouse/raw");
  await checkState(owner, "output-layers");
  await owner.press("Warehouse", "main");
  await owner.unfold("Delete");
  await owner.press("Delete output layer");
  await owner.says("Compressed files");
  await owner.saysNot("postgres://127.0.0.1");
}
