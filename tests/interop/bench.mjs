// What the tests with other people's clients share: waiting, and people who speak the native
// protocol. CHAT_WEB_MODULES is where the modules are.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import readline from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { Server } from '../web/server.mjs';

export const fromModules = createRequire(`${process.env.CHAT_WEB_MODULES}/`);

export const kTimeout = { timeout: 60_000 };
const kPatienceMs = 15_000;
const kLookAgainMs = 20;

// The value of the promise, unless it takes too long.
export async function inTime(promise, what) {
  const timer = new AbortController();
  const late = delay(kPatienceMs, null, { signal: timer.signal }).then(
    () =>
      Promise.reject(
        new Error(`this did not happen: ${typeof what === 'function' ? what() : what}`),
      ),
    () => {},
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

// What look() gives as soon as it is true; otherwise what there is instead is in the error.
export async function eventually(what, look, instead = () => '') {
  const end = Date.now() + kPatienceMs;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      assert.fail(`this did not happen: ${what}\n${await instead()}`);
    }
    await delay(kLookAgainMs);
  }
}

// Lines as they come in, to be waited for in their order.
export class Lines {
  #lines = [];
  #taken = 0;
  #wake = () => {};

  add(line) {
    this.#lines.push(line);
    this.#wake();
  }

  // The next line that fits, a text or an expression; those before it are passed over.
  async next(wanted) {
    const fits = (line) => (wanted instanceof RegExp ? wanted.test(line) : line === wanted);
    const search = async () => {
      for (;;) {
        for (; this.#taken < this.#lines.length; ++this.#taken) {
          if (fits(this.#lines[this.#taken])) {
            return this.#lines[this.#taken++];
          }
        }
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    return inTime(search(), () => `${wanted} in\n${this.#lines.join('\n')}`);
  }

  // All of them so far.
  get all() {
    return [...this.#lines];
  }
}

// Somebody with no more than a TCP connection.
export class Native extends Lines {
  #socket;

  static async connect(port, name) {
    const one = new Native(port);
    one.say(`REGISTER:${name}`);
    await one.next(`REGISTERED:${name}`);
    return one;
  }

  constructor(port) {
    super();
    this.#socket = net.connect(port, '127.0.0.1');
    this.#socket.on('error', (error) => this.add(`socket: ${error.message}`));
    readline.createInterface({ input: this.#socket }).on('line', (line) => this.add(line));
  }

  say(line) {
    this.#socket.write(`${line}\n`);
  }

  end() {
    this.#socket.destroy();
  }
}

// One test with a server of its own; test(server, after), after(f): f() at the end, the last first.
export function withServer(test, options = []) {
  return async () => {
    const server = new Server(options);
    const endings = [];
    try {
      await server.start();
      await test(server, (end) => endings.push(end));
    } finally {
      try {
        for (const end of endings.reverse()) {
          await end();
        }
      } finally {
        await server.end();
      }
    }
  };
}

export function ended(emitter, event) {
  return inTime(once(emitter, event), event);
}
