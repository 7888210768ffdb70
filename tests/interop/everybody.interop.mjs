// irssi, weechat, chat-client, the page in a browser and somebody by hand, all with one server at
// its one port: what each says, all others see, in one order.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { Browsers, closeBrowser } from '../web/browser_bench.mjs';
import { eventually, Native, withServer } from './bench.mjs';
import { Certificates } from './certificates.mjs';
import { byHand, withChatClient, withIrssi, withPage, withWeechat } from './people.mjs';
import { Terminals } from './terminal.mjs';

const kTimeout = { timeout: 120_000 };
const kKinds = [byHand, withChatClient, withIrssi, withWeechat, withPage];

after(closeBrowser);

// test(people, server), people being one of each kind.
function withEverybody(test, { ca, flags } = {}) {
  return withServer(async (server, after) => {
    const terminals = new Terminals();
    after(() => terminals.end());
    await terminals.start();
    const browsers = new Browsers(server);
    after(() => browsers.end());
    const world = { port: server.port, ca, terminals, browsers };
    const people = await Promise.all(kKinds.map((kind) => kind(world, kind.name.toLowerCase())));
    after(() => people.forEach((one) => one.end()));
    await test(people, server);
    assert.deepEqual(browsers.complaints, [], 'the browser has nothing to complain about');
  }, flags);
}

function sees(one, room, text) {
  return eventually(
    `${one.name} sees "${text}" in ${room}`,
    async () => (await one.look(room)).includes(text),
    () => one.look(room),
  );
}

async function allJoin(room, people, { port }) {
  await Promise.all(people.map((one) => one.join(room)));
  const watcher = await Native.connect(port, 'watcher');
  const wanted = people.map(({ name }) => name).sort();
  await eventually(
    `all are in ${room}`,
    () => {
      watcher.say(`LIST:${room}`);
      return watcher.all.includes(`CLIENT_LIST:${wanted}`);
    },
    () => watcher.all.join('\n'),
  );
  watcher.end();
}

// Each in turn says something in the room, and all others see it.
async function talk(room, people) {
  for (const speaker of people) {
    const text = `${speaker.name} says grüße in ${room}`;
    await speaker.say(room, text);
    const others = people.filter((one) => one !== speaker);
    await Promise.all(others.map((one) => sees(one, room, text)));
  }
}

async function talkEverywhere(people, server) {
  await talk('lobby', people);
  await allJoin('dev', people, server);
  await talk('dev', people);
}

test(
  'Everybody_InTheLobbyAndInARoom_SeesWhatTheOthersSay',
  kTimeout,
  withEverybody(talkEverywhere),
);

test('Everybody_OverTls_SeesWhatTheOthersSay', kTimeout, async () => {
  const certificates = await Certificates.create();
  try {
    const flags = Certificates.flags(await certificates.issue());
    const talkSecurely = async (people, server) => {
      await talkEverywhere(people, server);
      const metrics = await (await fetch(`${server.url}metrics`)).text();
      const [, handshakes] = /^reactor_chat_tls_handshakes_total (\d+)$/m.exec(metrics);
      assert.ok(Number(handshakes) >= kKinds.length - 1, `${handshakes} came over TLS`);
    };
    await withEverybody(talkSecurely, { ca: certificates.ca, flags })();
  } finally {
    certificates.end();
  }
});

test(
  'Everybody_WhileTwoTalkAtOnce_SeesTheSameOrder',
  kTimeout,
  withEverybody(async (people, { port }) => {
    await allJoin('dev', people, { port });
    const racers = await Promise.all(['left', 'right'].map((name) => Native.connect(port, name)));
    const kEach = 15;
    for (const racer of racers) {
      racer.say('JOIN:dev');
    }
    await Promise.all(racers.map((racer) => racer.next('JOINED:dev')));
    for (let i = 0; i < kEach; ++i) {
      racers[0].say(`SAY:dev:race l${i};`);
      racers[1].say(`SAY:dev:race r${i};`);
    }
    const orders = await Promise.all(
      people.map((one) =>
        eventually(
          `${one.name} sees all of the race`,
          async () => {
            const seen = (await one.look('dev')).match(/race [lr]\d+;/g) ?? [];
            return seen.length === 2 * kEach && seen;
          },
          () => one.look('dev'),
        ),
      ),
    );
    racers.forEach((racer) => racer.end());
    people.forEach((one, i) => assert.deepEqual(orders[i], orders[0], one.name));
  }),
);
