// People with programs of all kinds. Each has a name, join(room), say(room, text), which are done
// when they are typed, look(room), the text of that room that is before their eyes, and end().

import { join, say } from '../web/browser_bench.mjs';
import { Native } from './bench.mjs';

// With no more than a TCP connection.
export async function byHand({ port }, name) {
  const native = await Native.connect(port, name);
  return {
    name,
    join: (room) => native.say(`JOIN:${room}`),
    say: (room, text) => native.say(room === 'lobby' ? `BROADCAST:${text}` : `SAY:${room}:${text}`),
    look: (room) => {
      const start = room === 'lobby' ? 'MESSAGE:' : `ROOM_MESSAGE:${room}:`;
      return native.all.filter((line) => line.startsWith(start)).join('\n');
    },
    end: () => native.end(),
  };
}

// ca: the authority's certificate, for TLS.
export async function withChatClient({ port, ca, terminals }, name) {
  const secured = ca === undefined ? [] : ['--tls', '--ca', ca];
  const where = ['--server', `localhost:${port}`, '--color', 'never'];
  const terminal = await terminals.open(name, process.env.CHAT_CLIENT, [
    name,
    ...where,
    ...secured,
  ]);
  await terminal.shows(`you are ${name}`);
  return {
    name,
    join: (room) => terminal.type(`join ${room}`),
    say: (room, text) => terminal.type(room === 'lobby' ? text : `say ${room} ${text}`),
    // Its rooms share a screen, and what is typed is on it, too.
    look: async (room) =>
      (await terminal.screen())
        .split('\n')
        .filter((line) => line.startsWith(room === 'lobby' ? '[' : `[${room}] `))
        .join('\n'),
    end: () => {},
  };
}

export async function withIrssi({ port, ca, terminals }, name) {
  const terminal = await terminals.open(name, 'irssi', ['--home=%h', '--noconnect']);
  await terminal.shows('[(status)]');
  // It would wait between lines.
  await terminal.type('/set cmds_max_at_once 1000');
  const secured = ca === undefined ? '' : `-tls -tls_verify -tls_cafile ${ca} `;
  await terminal.type(`/connect ${secured}localhost ${port} - ${name}`);
  await terminal.shows(`Welcome to the reactor-chat Network, ${name}!`);
  return {
    name,
    join: (room) => terminal.type(`/join #${room}`),
    say: (room, text) => terminal.type(`/msg #${room} ${text}`),
    look: async (room) => {
      await terminal.type(`/window goto #${room}`);
      await terminal.shows(`[#${room}]`);
      return terminal.screen();
    },
    end: () => {},
  };
}

export async function withWeechat({ port, ca, terminals }, name) {
  const settings = [
    // It would ask whether lines that come fast are meant, and wait between those that it sends.
    '/set weechat.look.paste_max_lines -1',
    '/set irc.server_default.anti_flood_prio_high 0',
    '/set irc.server_default.anti_flood_prio_low 0',
    ...(ca === undefined ? [] : [`/set weechat.network.gnutls_ca_user ${ca}`]),
  ];
  const options = ['-d', '%h', ...settings.flatMap((line) => ['-r', line])];
  const terminal = await terminals.open(name, 'weechat', options);
  await terminal.shows('Option changed: irc.server_default.anti_flood_prio_low');
  const secured = ca === undefined ? '-nossl' : '-ssl';
  await terminal.type(`/server add test localhost/${port} ${secured} -nicks=${name}`);
  await terminal.type('/connect test');
  await terminal.shows('#lobby');
  return {
    name,
    join: (room) => terminal.type(`/join #${room}`),
    say: (room, text) => terminal.type(`/msg -server test #${room} ${text}`),
    look: async (room) => {
      await terminal.type(`/buffer irc.test.#${room}`);
      await terminal.shows(`:#${room}`);
      return terminal.screen();
    },
    end: () => {},
  };
}

// secured: by TLS, whoever vouches for it: a browser asks its system, which a test does not change.
export async function withPage({ port, ca, browsers }, name) {
  const options =
    ca === undefined ? {} : { url: `https://localhost:${port}/`, ignoreHTTPSErrors: true };
  const page = await browsers.person(name, options);
  const goTo = (room) => page.click(`#room-list button:has-text("${room}")`);
  return {
    name,
    join: (room) => join(page, room),
    say: async (room, text) => {
      await goTo(room);
      await say(page, text);
    },
    look: async (room) => {
      await goTo(room);
      return page.innerText('#rows');
    },
    end: () => {},
  };
}
