// What the authorization server keeps, in memory: the interface that oidc-provider asks of an adapter.
const tables = new Map();

const table = (model) => {
  if (!tables.has(model)) tables.set(model, new Map());
  return tables.get(model);
};

export class Store {
  constructor(model) {
    this.rows = table(model);
  }

  async upsert(id, payload, expiresIn) {
    const dies = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    this.rows.set(id, { payload, dies });
  }

  async find(id) {
    const row = this.rows.get(id);
    return row && row.dies > Date.now() ? row.payload : undefined;
  }

  async findByUid(uid) {
    return this.first((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.first((payload) => payload.userCode === userCode);
  }

  first(fits) {
    return [...this.rows.values()].find(({ payload, dies }) => dies > Date.now() && fits(payload))?.payload;
  }

  async consume(id) {
    const row = this.rows.get(id);
    if (row) row.payload = { ...row.payload, consumed: Math.floor(Date.now() / 1000) };
  }

  async destroy(id) {
    this.rows.delete(id);
  }

  async revokeByGrantId(grantId) {
    forget((payload) => payload.grantId === grantId);
  }
}

/** Forgets everything that fits, of one model or of all; says how much that was. */
export function forget(fits, model) {
  let gone = 0;
  for (const [name, rows] of tables) {
    if (model && name !== model) continue;
    for (const [id, { payload }] of rows) {
      if (fits(payload) && rows.delete(id)) gone += 1;
    }
  }
  return gone;
}
