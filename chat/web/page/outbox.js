// What was written and is not acknowledged: kept in the order written, over lost connections and
// reloads, until the server has taken it under the id it was given here. Pure.

export const kOutboxMax = 100;

export class Outbox {
  #entries;
  #prefix;
  #count = 0;

  // random: of ids that no other run of the page in the same session has given.
  constructor(saved, random) {
    this.#entries = saved.slice(0, kOutboxMax).map((entry) => ({ ...entry }));
    this.#prefix = Math.floor(random() * 36 ** 8).toString(36);
  }

  get entries() {
    return this.#entries;
  }

  nextId() {
    return `${this.#prefix}-${++this.#count}`;
  }

  // The new entry, or null if there is no place for it.
  add(verb, target, text, now) {
    if (this.#entries.length >= kOutboxMax) {
      return null;
    }
    const entry = {
      id: this.nextId(),
      verb,
      target,
      text,
      ts: now,
      // When it was first given to a connection: from then on nobody knows whether it has arrived.
      attemptedAt: null,
      // 'waiting' for its ACK; 'refused' by the server; 'uncertain': it may have arrived, and would
      // be there twice if it were sent again.
      state: 'waiting',
      error: '',
    };
    this.#entries.push(entry);
    return entry;
  }

  find(id) {
    return this.#entries.find((entry) => entry.id === id) ?? null;
  }

  // The entry, which is no longer in here; null if it never was.
  take(id) {
    const index = this.#entries.findIndex((entry) => entry.id === id);
    return index < 0 ? null : this.#entries.splice(index, 1)[0];
  }

  // To be sent as soon as that is possible, in this order.
  waiting() {
    return this.#entries.filter((entry) => entry.state === 'waiting');
  }

  // As something new: under a new id, behind everything else.
  renew(id, now) {
    const entry = this.take(id);
    return entry === null ? null : this.add(entry.verb, entry.target, entry.text, now);
  }
}
