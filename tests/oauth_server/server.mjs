// A real authorization server on loopback, for tests: the certified oidc-provider, with people, consent and knobs.
//
//   node server.mjs CONFIG.json
//
// CONFIG: { cert, key: paths of PEM files; clients: [{ client_id, client_secret, redirect_uris, … }]; people: [{ id, email, email_verified,
// name, accounts: [{ id, name }] }]; scopes: more than OpenID Connect's; and knobs: pkce (required), rotate (refresh tokens),
// access_token_seconds, claims_in_id_token }. It prints "ready ISSUER" and runs until its standard input ends.
// GET /control counts requests by path. POST /control changes knobs; { "redirect_uris": […] } changes where every client may be sent back
// to, { "person": { id, … } } changes a person, { "forget": PERSON } ends all they have allowed, { "expire": MODEL } makes every token of a
// kind invalid.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { exportJWK, generateKeyPair } from "jose";
import Provider, { errors } from "oidc-provider";
import { consent, failed, signIn } from "./pages.mjs";
import { Store, forget } from "./store.mjs";

const LARGEST = 64 * 1024;
const PAGE = 2;
const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const knobs = { pkce: true, rotate: true, access_token_seconds: 3600, claims_in_id_token: true };
Object.keys(knobs).forEach((name) => (knobs[name] = config[name] ?? knobs[name]));
const people = new Map(config.people.map((person) => [person.id, person]));
const scopes = config.scopes ?? [];
const counts = {};

/** Clients are kept like all the rest, so that they can change. */
const register = (client) =>
  new Store("Client").upsert(client.client_id, { grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], ...client });

const claimsOf = ({ id, email, email_verified, name }) => ({ sub: id, email, email_verified, name });

async function settings() {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    adapter: Store,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "first", use: "sig", alg: "RS256" }] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    scopes: ["openid", "offline_access", "email", "profile", ...scopes],
    conformIdTokenClaims: !knobs.claims_in_id_token,
    features: { devInteractions: { enabled: false }, revocation: { enabled: true }, userinfo: { enabled: true } },
    pkce: { required: () => knobs.pkce },
    rotateRefreshToken: () => knobs.rotate,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    ttl: {
      AccessToken: () => knobs.access_token_seconds,
      AuthorizationCode: 60, Grant: 86_400, IdToken: 3600, Interaction: 600, RefreshToken: 86_400, Session: 86_400,
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: async (_ctx, id) => (people.has(id) ? { accountId: id, claims: async () => claimsOf(people.get(id)) } : undefined),
    renderError: async (ctx, { error, error_description }) => {
      ctx.type = "html";
      ctx.body = failed(error, error_description);
    },
  };
}

const send = (response, status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
const html = (response, body) => send(response, 200, "text/html; charset=utf-8", body);
const json = (response, body, status = 200) => send(response, status, "application/json", JSON.stringify(body));

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What somebody answers on the pages. */
async function interact(provider, request, response, [, uid, deed]) {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  const asked = params.scope ? params.scope.split(" ") : [];
  if (!deed) return html(response, prompt.name === "login" ? signIn(uid, [...people.values()]) : consent(uid, params.client_id, asked));
  const form = new URLSearchParams(await bodyOf(request));
  const finish = (result) => provider.interactionFinished(request, response, result, { mergeWithLastSubmission: deed !== "cancel" });
  if (deed === "cancel") return finish({ error: "access_denied", error_description: "The person said no" });
  if (deed === "sign-in") return finish({ login: { accountId: form.get("person") } });
  const grant = details.grantId ? await provider.Grant.find(details.grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const allowed = asked.filter((scope) => form.getAll("scope").includes(scope));
  grant.addOIDCScope(allowed.join(" "));
  grant.rejectOIDCScope(asked.filter((scope) => !allowed.includes(scope)).join(" "));
  return finish({ consent: { grantId: await grant.save() } });
}

/** The accounts of whoever the token belongs to, two at a time. */
async function accounts(provider, request, response, url) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const found = token && (await provider.AccessToken.find(token));
  if (!found?.isValid) return json(response, { error: "invalid_token" }, 401);
  const all = people.get(found.accountId)?.accounts ?? [];
  const from = Number(url.searchParams.get("after") ?? 0);
  const next = from + PAGE < all.length ? String(from + PAGE) : null;
  return json(response, { data: all.slice(from, from + PAGE), next });
}

async function control(request, response) {
  if (request.method === "GET") return json(response, counts);
  const wish = JSON.parse(await bodyOf(request));
  Object.keys(knobs).forEach((name) => (knobs[name] = wish[name] ?? knobs[name]));
  if (wish.redirect_uris) for (const client of config.clients) await register({ ...client, redirect_uris: wish.redirect_uris });
  if (wish.person) people.set(wish.person.id, { ...people.get(wish.person.id), ...wish.person });
  const forgotten = wish.forget ? forget((payload) => payload.accountId === wish.forget) : 0;
  const expired = wish.expire ? forget(() => true, wish.expire) : 0;
  return json(response, { forgotten, expired });
}

async function answer(provider, request, response) {
  const url = new URL(request.url, provider.issuer);
  const interaction = /^\/interaction\/([\w-]+)(?:\/(sign-in|consent|cancel))?$/.exec(url.pathname);
  if (url.pathname === "/control") return control(request, response);
  counts[url.pathname] = (counts[url.pathname] ?? 0) + 1;
  if (interaction) return interact(provider, request, response, interaction);
  if (url.pathname === "/api/accounts") return accounts(provider, request, response, url);
  return provider.callback()(request, response);
}

const server = createServer({ cert: readFileSync(config.cert), key: readFileSync(config.key) });
server.listen(0, "127.0.0.1", async () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  for (const client of config.clients) await register(client);
  const provider = new Provider(issuer, await settings());
  provider.on("server_error", (_ctx, error) => process.stderr.write(`${error.stack}\n`));
  server.on("request", (request, response) => {
    answer(provider, request, response).catch((error) => {
      const known = error instanceof errors.OIDCProviderError;
      if (!known) process.stderr.write(`${error.stack}\n`);
      send(response, known ? 400 : 500, "text/html; charset=utf-8", failed(error.name, error.message));
    });
  });
  process.stdout.write(`ready ${issuer}\n`);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
