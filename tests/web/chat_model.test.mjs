// The chat behind the page against a server that loses connections, restarts and forgets: whatever
// happens, each message is shown once, in the order of the server, and nothing is missing that is
// not said to be missing. CHAT_WEB_SEEDS=n runs n seeds, CHAT_WEB_SEED=n only this one.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Chat } from '../../chat/web/page/chat.js';
import { kSizes } from '../../chat/web/page/loader.js';
import { isOfLog } from '../../chat/web/page/message.js';
import { FakeServer, randomOf, SimulatedClock } from './fake_server.mjs';

const kNames = ['alice', 'bob', 'carol'];
const kRooms = ['lobby', 'dev', 'ops'];

// One person with a browser: the page can be closed and opened again.
class Person {
  constructor(name, server, sizes) {
    this.name = name;
    this.server = server;
    this.sizes = sizes;
    this.saved = null;
    this.said = 0;
    this.openPage();
    this.chat.enter(name);
  }

  openPage() {
    const { clock, random } = this.server;
    const page = { isThere: true };
    this.page = page;
    this.chat = new Chat({
      random,
      sizes: this.sizes,
      clock: {
        now: () => clock.now(),
        ticks: () => clock.ticks(),
        setTimeout: (action, ms) => clock.setTimeout(() => page.isThere && action(), ms),
        clearTimeout: (timer) => clock.clearTimeout(timer),
      },
      openSocket: (callbacks) => {
        this.link = this.server.open(callbacks);
        return this.link;
      },
      storage: {
        load: () => this.saved,
        save: (state) => {
          this.saved = JSON.parse(JSON.stringify(state));
        },
      },
      view: { changed() {}, news() {}, offer() {}, invitation() {}, alert() {}, joinRefused() {} },
    });
  }

  // What happens when a page goes away: its socket ends, and nothing is called any more.
  reload() {
    if (!this.chat.canResume) {
      return;
    }
    this.chat.save();
    this.page.isThere = false;
    this.link.close();
    this.openPage();
    this.chat.connection.start();
  }

  say(random) {
    const all = [...this.chat.conversations.values()].filter((one) => one.isJoined);
    const target =
      random() < 0.25
        ? this.chat.addDirect(kNames[Math.floor(random() * kNames.length)])
        : all[Math.floor(random() * all.length)];
    if (target !== undefined && target.name !== this.name) {
      this.chat.talk.say(target, `${this.name} says ${++this.said}`);
    }
  }
}

// What is wrong with a window, or ''. Nothing may be missing between its ends but what we have said
// ourselves and still show as not acknowledged.
function faultOf(person, conversation, log) {
  const { chat } = person;
  const entries = conversation.entries.filter(isOfLog);
  const ids = entries.map((entry) => entry.at);
  if (ids.some((id, index) => index > 0 && ids[index - 1] >= id)) {
    return `not in order, or twice: ${ids}`;
  }
  if (conversation.state !== 'loaded' || entries.length === 0) {
    return '';
  }
  const pending = new Set(chat.connection.outbox.map((entry) => entry.id));
  const shown = new Map(entries.filter((entry) => entry.id).map((entry) => [entry.id, entry]));
  const gaps = entries.filter((entry) => entry.kind === 'gap');
  const isGone = (id) => gaps.some((gap) => gap.first <= id && id <= gap.at);
  const missing = log.filter(
    (message) =>
      message.room === conversation.key &&
      message.id >= conversation.oldest() &&
      message.id <= conversation.newest() &&
      !shown.has(message.id) &&
      !isGone(message.id) &&
      !pending.has(message.clientId),
  );
  if (missing.length > 0) {
    return `missing ${missing.map((message) => message.id)} of ${ids}`;
  }
  const strange = [...shown.values()].find(
    (entry) =>
      !log.some(
        (message) =>
          message.id === entry.id && message.text === entry.text && message.sender === entry.sender,
      ),
  );
  return strange === undefined ? '' : `never said: ${JSON.stringify(strange)}`;
}

function checkAll(people, server) {
  for (const person of people) {
    for (const conversation of person.chat.conversations.values()) {
      const fault = faultOf(person, conversation, server.log);
      assert.equal(fault, '', `${person.name}, ${conversation.title}`);
    }
  }
}

function disturb(person, server, random) {
  const dice = random();
  if (dice < 0.5) {
    person.link.cut(random);
  } else if (dice < 0.7) {
    person.reload();
  } else if (dice < 0.8) {
    server.kill();
    // Mostly at once; sometimes when sessions, or what is known of messages, are nearly forgotten.
    const outage = random() < 0.8 ? random() * 5000 : 90_000 + random() * 40_000;
    server.clock.setTimeout(() => server.restart(), outage);
  } else if (dice < 0.87) {
    server.endSession(person.name);
  } else if (dice < 0.9) {
    server.kick(person.name, kRooms[1 + Math.floor(random() * 2)]);
  } else if (dice < 0.94) {
    server.retain(Math.floor(random() * 40));
  } else {
    person.chat.connection.wake();
  }
}

function act(person, random) {
  const { chat } = person;
  if (!chat.connection.isReady && random() < 0.5) {
    return;
  }
  const dice = random();
  if (dice < 0.7) {
    person.say(random);
  } else if (dice < 0.73 && chat.current !== null) {
    chat.command(chat.current, `TOPIC:${chat.current.name}:${person.name} sets ${++person.said}`);
  } else if (dice < 0.8) {
    chat.join(kRooms[Math.floor(random() * kRooms.length)]);
  } else if (dice < 0.83 && chat.current !== null) {
    chat.close(chat.current);
  } else if (dice < 0.9 && chat.current !== null) {
    chat.setWatched(random() < 0.5, random() < 0.5);
    (random() < 0.7 ? () => chat.loadOlder() : () => chat.loadNewer())();
  } else if (dice < 0.91 && chat.current !== null) {
    chat.jumpToLatest();
  } else if (chat.current !== null) {
    const all = [...chat.conversations.values()];
    chat.open(all[Math.floor(random() * all.length)]);
  }
}

// Everybody scrolls to the beginning and reads everything from there.
function readAll(person, server) {
  const { chat } = person;
  for (const conversation of chat.conversations.values()) {
    if (!conversation.isJoined || conversation.isDirect) {
      continue;
    }
    chat.setWatched(false, true);
    chat.open(conversation);
    const scroll = (isThere, go) => {
      const seen = new Map();
      for (let i = 0; i < 300 && !isThere(); ++i) {
        go();
        server.clock.advance(500);
        conversation.entries.forEach((entry) => seen.set(entry.id, entry.text));
      }
      assert.ok(isThere(), `${person.name}, ${conversation.title}: scrolling comes to its end`);
      return seen;
    };
    scroll(
      () => conversation.atStart && conversation.state === 'loaded',
      () => chat.loadOlder(),
    );
    const seen = new Map(conversation.entries.map((entry) => [entry.id, entry.text]));
    scroll(
      () => conversation.atEnd,
      () => chat.loadNewer(),
    ).forEach((text, id) => seen.set(id, text));
    const expected = server.visible().filter((message) => message.room === conversation.key);
    assert.deepEqual(
      expected.filter((message) => !seen.has(message.id)),
      [],
      `${person.name}, ${conversation.title}: what can't be found`,
    );
  }
}

function run(seed) {
  const random = randomOf(seed);
  const clock = new SimulatedClock();
  const server = new FakeServer({
    clock,
    random,
    historyCountMax: random() < 0.3 ? 7 : 1000,
    storeMs: random() < 0.5 ? 30 : 3000,
  });
  const sizes = random() < 0.5 ? kSizes : { window: 12, page: 4, catchUpPage: 5 };
  const people = kNames.map((name) => new Person(name, server, sizes));
  clock.advance(500);
  const trouble = random() * 0.2;
  for (let step = 0; step < 300; ++step) {
    const person = people[Math.floor(random() * people.length)];
    if (random() < trouble) {
      disturb(person, server, random);
    } else {
      act(person, random);
    }
    clock.advance(random() < 0.05 ? random() * 60_000 : random() * 200);
    checkAll(people, server);
  }
  server.restart();
  clock.advance(300_000);
  for (const person of people) {
    const { connection } = person.chat;
    assert.equal(connection.state, 'ready', `${person.name} is back: ${connection.reason}`);
    const waiting = connection.outbox.filter((entry) => entry.state === 'waiting');
    assert.deepEqual(waiting, [], `${person.name} has nothing left to be sent`);
    readAll(person, server);
    const session = [...server.sessions.values()].find((one) => one.name === person.name);
    const joined = [...person.chat.conversations.values()]
      .filter((one) => !one.isDirect && one.isJoined)
      .map((one) => one.key);
    assert.deepEqual(
      joined.sort(),
      [...session.rooms.keys()].sort(),
      `${person.name} is where they think`,
    );
  }
  checkAll(people, server);
  const texts = server.log.map((message) => message.text);
  assert.equal(new Set(texts).size, texts.length, 'nothing was taken twice');
  checkSaid(people, server);
}

// All that somebody has said was taken, or is there to be seen as not sent.
function checkSaid(people, server) {
  for (const person of people) {
    const left = new Map(person.chat.connection.outbox.map((entry) => [entry.text, entry.state]));
    for (const [text, state] of left) {
      assert.ok(state === 'uncertain' || state === 'refused', `${text}: ${state}`);
    }
    // Who was not there is told to whom has gone meanwhile, and may be there when it is sent again:
    // private messages can overtake each other.
    const inOrder = server.log
      .filter((message) => message.sender === person.name && message.room !== null)
      .map((message) => Number(message.text.split(' ').at(-1)));
    const sorted = [...inOrder].sort((a, b) => a - b);
    assert.deepEqual(inOrder, sorted, `${person.name}, in their order`);
  }
}

const kOnly = process.env.CHAT_WEB_SEED;
const kSeeds = kOnly === undefined ? Number(process.env.CHAT_WEB_SEEDS ?? 150) : 1;

test('Chat_WhateverHappens_EverythingIsShownOnceAndInOrder', () => {
  for (let i = 0; i < kSeeds; ++i) {
    const seed = kOnly === undefined ? i + 1 : Number(kOnly);
    try {
      run(seed);
    } catch (error) {
      error.message = `CHAT_WEB_SEED=${seed}: ${error.message}`;
      throw error;
    }
  }
});
