// The pages of the authorization server: who are you, and do you agree. Plain forms, no scripts.
const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><link rel="icon" href="data:,"></head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;

/** Asks for one of the people of this server. */
export const signIn = (uid, people) =>
  page(
    "Who are you?",
    `<form method="post" action="/interaction/${uid}/sign-in"><p>
${people.map(({ id }) => `<button name="person" value="${escaped(id)}">${escaped(id)}</button>`).join("\n")}
</p></form><form method="post" action="/interaction/${uid}/cancel"><button>Cancel</button></form>`,
  );

/** Asks for a person's consent to each of the things a client wants. */
export const consent = (uid, client, scopes) =>
  page(
    `${client} asks for access`,
    `<form method="post" action="/interaction/${uid}/consent"><p>
${scopes.map((scope) => `<label><input type="checkbox" name="scope" value="${escaped(scope)}" checked>${escaped(scope)}</label>`).join("\n")}
</p><button>Allow</button></form><form method="post" action="/interaction/${uid}/cancel"><button>Deny</button></form>`,
  );

export const failed = (name, what) => page("This cannot be done", `<p>${escaped(name)}: ${escaped(what ?? "")}</p>`);
