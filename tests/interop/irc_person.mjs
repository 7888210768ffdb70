// Somebody with the npm package irc-framework.

import { fromModules, inTime } from './bench.mjs';

const IRC = fromModules('irc-framework');

export const kWanted = [
  'account-tag',
  'away-notify',
  'batch',
  'cap-notify',
  'echo-message',
  'extended-join',
  'invite-notify',
  'labeled-response',
  'message-tags',
  'multi-prefix',
  'server-time',
  'setname',
  'standard-replies',
  'userhost-in-names',
];

// Keeps what the package tells until it is asked for.
export class Person {
  #events = [];
  #wake = () => {};

  static async connect(port, nick, options = {}) {
    const one = new Person();
    one.client = new IRC.Client();
    one.client.requestCap(kWanted);
    const emit = one.client.emit.bind(one.client);
    one.client.emit = (name, ...rest) => {
      one.#events.push([name, ...rest]);
      one.#wake();
      return emit(name, ...rest);
    };
    one.client.connect({
      host: 'localhost',
      port,
      nick,
      username: nick,
      gecos: `${nick} of the tests`,
      auto_reconnect: false,
      enable_echomessage: true,
      enable_setname: true,
      ...options,
    });
    await one.next('registered');
    return one;
  }

  // The first event of that name that fits and was not yet given out.
  next(name, fits = () => true) {
    const search = async () => {
      for (;;) {
        const at = this.#events.findIndex(([its, event]) => its === name && fits(event));
        if (at >= 0) {
          return this.#events.splice(at, 1)[0][1];
        }
        await new Promise((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    return inTime(search(), () => `${name} among ${JSON.stringify(this.#told(), null, 1)}`);
  }

  // Every line, to and fro.
  #told() {
    return this.#events.filter(([name]) => name === 'raw').map(([, { line }]) => line.trimEnd());
  }

  async join(room) {
    this.client.join(room);
    await this.next('userlist', (event) => event.channel === room);
  }

  end() {
    this.client.connection.end();
  }
}
