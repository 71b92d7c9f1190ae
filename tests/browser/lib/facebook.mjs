// A provider on loopback that plays Facebook: a consent page to press on, tokens, permissions and accounts, in its JSON shapes.
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CONNECTOR = new URL("../../../src/connectors/catalogue/sources/facebook-ads.json", import.meta.url);
export const APP = { client_id: "app-4711", client_secret: "secret-of-the-app-9d1c" };
export const ACCOUNTS = ["Corner Shop", "Corner Shop Online", "Loja Sudeste", "Loja Nordeste", "Zweite Filiale"];

const consentPage = (query) => `<!doctype html><html lang="en"><title>Facebook</title><h1>Corner Shop app asks</h1>
<p><a href="/allow?${query}">Allow</a></p><p><a href="/deny?${query}">Not now</a></p>`;

/** Where the browser goes from the consent page. */
function back(query, pairs) {
  const target = new URL(query.get("redirect_uri"));
  for (const [name, value] of [...pairs, ["state", query.get("state")]]) target.searchParams.set(name, value);
  return target.href;
}

class Facebook {
  constructor() {
    this.codes = new Map();
    this.tokens = new Set();
    /** The sign-ins, by their state, for which tokens were asked. */
    this.exchanged = new Set();
  }

  token(prefix) {
    const token = `${prefix}-${randomBytes(12).toString("hex")}`;
    this.tokens.add(token);
    return token;
  }

  /** Status, JSON or page, and where to go instead. */
  answer(url, body, bearer) {
    const { pathname: path, searchParams: query } = url;
    if (path === "/favicon.ico") return { status: 204, page: "" };
    if (path.endsWith("/dialog/oauth")) return { page: consentPage(query) };
    if (path === "/deny") return { to: back(query, [["error", "access_denied"], ["error_reason", "user_denied"]]) };
    if (path === "/allow") {
      const code = this.token("code");
      this.codes.set(code, query.get("state"));
      return { to: back(query, [["code", code]]) };
    }
    if (path.endsWith("/oauth/access_token")) return this.exchange(new URLSearchParams(body || url.search));
    if (!this.tokens.has(bearer)) return { status: 401, json: { error: { message: "no token", code: 190 } } };
    return { json: this.read(path) };
  }

  exchange(fields) {
    const lasting = fields.get("fb_exchange_token");
    const state = this.codes.get(fields.get("code"));
    const known = lasting ? this.tokens.has(lasting) : this.codes.delete(fields.get("code"));
    if (!known || fields.get("client_secret") !== APP.client_secret) return { status: 400, json: { error: { code: 190 } } };
    if (!lasting) this.exchanged.add(state);
    return { json: { access_token: this.token("access"), token_type: "bearer", expires_in: lasting ? 5_183_944 : 5_400 } };
  }

  read(path) {
    if (path.endsWith("/me/permissions")) {
      return { data: ["ads_read", "business_management"].map((permission) => ({ permission, status: "granted" })) };
    }
    if (path.endsWith("/me/adaccounts")) {
      return { data: ACCOUNTS.map((name, index) => ({ id: `act_10000${index + 1}`, account_id: `10000${index + 1}`, name, currency: "EUR" })) };
    }
    return { id: "fb-maria", name: "Maria da Silva" };
  }
}

/** Starts it, and writes what the program needs to use it: a connector file, the app, the settings. */
export async function startFacebook(authority) {
  const facebook = new Facebook();
  const server = createServer({ cert: await readFile(authority.cert), key: await readFile(authority.key) }, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const bearer = (request.headers.authorization ?? "").replace("Bearer ", "");
    const { status = 200, json, page, to } = facebook.answer(new URL(request.url, "https://127.0.0.1"), body, bearer);
    if (to) response.writeHead(302, { location: to }).end();
    else response.writeHead(status, { "content-type": json ? "application/json" : "text/html" }).end(page ?? JSON.stringify(json));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `https://127.0.0.1:${server.address().port}`;
  const dir = await mkdtemp(join(tmpdir(), "vestibule-facebook-"));
  const file = JSON.parse(await readFile(CONNECTOR, "utf8"));
  const oauth = JSON.parse(JSON.stringify(file.oauth).replace(/https:\/\/[^/"]+/g, origin));
  await writeFile(join(dir, "facebook-ads.json"), JSON.stringify({ ...file, oauth }));
  const apps = join(authority.dir, "apps.json");
  await writeFile(apps, JSON.stringify({ facebook: APP }));
  const settings = { VESTIBULE_CONNECTORS_DIR: dir, VESTIBULE_CONNECTOR_ALLOW_CIDRS: "127.0.0.0/8", VESTIBULE_OAUTH_APPS_FILE: apps };
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { origin, settings, facebook, stop };
}
