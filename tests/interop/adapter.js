// Where the provider keeps what it issued. It outlives a rotation of the keys.

const tables = new Map();

function table(model) {
  if (!tables.has(model)) tables.set(model, new Map());
  return tables.get(model);
}

// How many of a model are still usable.
export function usable(model) {
  return [...table(model).values()].filter((payload) => !payload.consumed).length;
}

export class Adapter {
  constructor(model) {
    this.rows = table(model);
  }

  async upsert(id, payload) {
    this.rows.set(id, payload);
  }

  async find(id) {
    return this.rows.get(id);
  }

  async findByUid(uid) {
    return [...this.rows.values()].find((payload) => payload.uid === uid);
  }

  async consume(id) {
    this.rows.get(id).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.rows.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, payload] of this.rows) {
      if (payload.grantId === grantId) this.rows.delete(id);
    }
  }
}
