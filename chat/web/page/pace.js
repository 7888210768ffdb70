// Sends lines in their order and no faster than a server lets anybody: what it refuses as too fast
// would have to be sent again, behind what it has taken meanwhile. Pure, with an injected clock.

// Below the server's own 20 a second and 60 at once.
const kLinesPerSecond = 15;
const kBurst = 40;

export class Pace {
  #write;
  #clock;
  #lines = [];
  #timer = null;
  #fullAt = 0; // when all of the burst may be used again
  #pausedUntil = 0;

  constructor({ write, clock }) {
    this.#write = write;
    this.#clock = clock;
  }

  // item: {line, key, onWritten}; the last two are optional: what it is called here, and what is
  // called when it is handed on.
  push(item) {
    this.#lines.push(item);
    this.#go();
  }

  // In front of all that waits, in this order and once each. REQUIRES: all of them have keys.
  putInFront(items) {
    const keys = new Set(items.map((item) => item.key));
    this.#lines = [...items, ...this.#lines.filter((item) => !keys.has(item.key))];
    this.#go();
  }

  // The server was asked for too much.
  pause(milliseconds) {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.ticks() + milliseconds);
  }

  clear() {
    this.#lines = [];
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #waitMs() {
    const now = this.#clock.ticks();
    const bucket = this.#fullAt - now - (kBurst - 1) * (1000 / kLinesPerSecond);
    return Math.max(bucket, this.#pausedUntil - now);
  }

  #go() {
    while (this.#lines.length > 0 && this.#timer === null) {
      const wait = this.#waitMs();
      if (wait >= 1) {
        this.#timer = this.#clock.setTimeout(() => {
          this.#timer = null;
          this.#go();
        }, wait);
        return;
      }
      this.#fullAt = Math.max(this.#fullAt, this.#clock.ticks()) + 1000 / kLinesPerSecond;
      const item = this.#lines.shift();
      item.onWritten?.();
      this.#write(item.line);
    }
  }
}
