// Finds out whether a connection is still one: a browser does not say so when the machine has slept
// or the network is another one.

import { buildLine } from './protocol.js';

const kIntervalMs = 30_000;
const kPatienceMs = 10_000;
const kProbePatienceMs = 5_000;
const kKeepAlive = 'keep-alive';

export class KeepAlive {
  #send;
  #onDead;
  #clock;
  #timer = null;
  #heard = false;

  // send(line): at once. onDead(): nothing at all was heard for too long.
  constructor({ send, onDead, clock }) {
    this.#send = send;
    this.#onDead = onDead;
    this.#clock = clock;
  }

  static isAnswer(line) {
    return line.verb === 'PONG' && line.fields[0] === kKeepAlive;
  }

  start() {
    this.#arm(kIntervalMs, () => this.#ask(kPatienceMs));
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
  }

  // Somebody wants to know it now.
  probe() {
    this.#ask(kProbePatienceMs);
  }

  onHeard() {
    this.#heard = true;
  }

  #arm(milliseconds, action) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(action, milliseconds);
  }

  #ask(patienceMs) {
    this.#heard = false;
    this.#send(buildLine('PING', kKeepAlive));
    this.#arm(patienceMs, () => (this.#heard ? this.start() : this.#onDead()));
  }
}
