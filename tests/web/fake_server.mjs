// A chat server in memory, of one simulated clock and one seed, that loses connections, restarts,
// forgets and takes its time: what the page has to cope with, and no more than chat/PROTOCOL.md
// allows.

import { fold } from '../../chat/web/page/names.js';

// mulberry32
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class SimulatedClock {
  #now = 1_700_000_000_000;
  #timers = [];
  #count = 0;

  now() {
    return this.#now;
  }
  ticks() {
    return this.#now;
  }

  setTimeout(action, milliseconds) {
    const timer = { at: this.#now + Math.max(0, milliseconds), order: ++this.#count, action };
    this.#timers.push(timer);
    return timer;
  }

  clearTimeout(timer) {
    this.#timers = this.#timers.filter((one) => one !== timer);
  }

  advance(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end);
      if (due.length === 0) {
        break;
      }
      const next = due.reduce((a, b) =>
        b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a,
      );
      this.clearTimeout(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = end;
  }
}

const kResumeWindowMs = 120_000;
const kRetryWindowMs = 120_000;

// One connection, with lines under way in both directions.
class Link {
  constructor(server, callbacks) {
    this.server = server;
    this.callbacks = callbacks;
    this.isOpen = true; // for the client
    this.isAlive = true; // for what is under way
    this.session = null;
    this.capabilities = '';
    this.lastArrival = { up: 0, down: 0 };
  }

  send(text) {
    this.#carry('up', () => this.server.take(this, text));
  }
  tell(text) {
    this.#carry('down', () => this.isOpen && this.callbacks.onMessage(text));
  }

  sayBye(reason) {
    this.tell(`BYE:${reason}`);
    this.#carry('down', () => this.isOpen && this.callbacks.onClose('closed by the server'));
    this.session = null;
  }

  close() {
    this.isOpen = false;
    this.#carry('up', () => this.server.onLinkEnd(this));
  }

  // The network does not carry anything any more; each side hears of it later or not at all.
  cut(random) {
    this.isAlive = false;
    const { clock } = this.server;
    if (random() < 0.8) {
      clock.setTimeout(() => this.isOpen && this.callbacks.onClose('cut'), random() * 3000);
    }
    clock.setTimeout(() => this.server.onLinkEnd(this), random() * 20_000);
  }

  #carry(direction, action) {
    const { clock, random } = this.server;
    const delay = random() < 0.1 ? random() * 300 : random() * 20;
    const at = Math.max(this.lastArrival[direction], clock.now() + delay);
    this.lastArrival[direction] = at;
    clock.setTimeout(() => this.isAlive && action(), at - clock.now());
  }
}

export class FakeServer {
  constructor({ clock, random, historyCountMax = 1000, storeMs = 30 }) {
    this.clock = clock;
    this.random = random;
    this.historyCountMax = historyCountMax;
    this.storeMs = storeMs; // at most so long until a message is acknowledged
    this.isUp = true;
    this.log = []; // {id, ts, room, to, sender, text, verb, clientId, session}
    this.deletedTo = 0; // messages up to this number are gone
    this.nextId = 1;
    this.links = new Set();
    this.sessions = new Map(); // token -> {token, name, link, since, rooms: Map(room -> {since, at}), acks}
  }

  // For Chat's openSocket.
  open = (callbacks) => {
    const link = new Link(this, callbacks);
    const delay = this.random() * 50;
    if (this.isUp) {
      this.links.add(link);
      this.clock.setTimeout(() => link.isAlive && link.isOpen && callbacks.onOpen(), delay);
    } else {
      link.isAlive = false;
      this.clock.setTimeout(() => link.isOpen && callbacks.onClose('refused'), delay);
    }
    return link;
  };

  onLinkEnd(link) {
    this.links.delete(link);
    if (link.session?.link === link) {
      this.#detach(link.session);
    }
    link.isAlive = false;
  }

  // kill -9: sessions and messages are kept, but stays of the last moments may not be.
  kill() {
    this.isUp = false;
    for (const link of this.links) {
      link.cut(this.random);
    }
    this.links.clear();
    for (const session of this.sessions.values()) {
      this.#detach(session);
      for (const [room, stay] of session.rooms) {
        if (stay.at > this.clock.now() - 2000 && this.random() < 0.7) {
          session.rooms.delete(room);
        }
      }
    }
  }

  #detach(session) {
    session.link = null;
    this.clock.setTimeout(
      () => session.link ?? this.sessions.delete(session.token),
      kResumeWindowMs,
    );
  }

  restart() {
    this.isUp = true;
  }

  endSession(name) {
    for (const session of this.sessions.values()) {
      if (session.name === name && session.link === null) {
        this.sessions.delete(session.token);
      }
    }
  }

  kick(name, room) {
    for (const session of this.sessions.values()) {
      if (session.name === name && session.rooms.delete(room)) {
        session.link?.tell(`STATUS:KICKED:${room}:somebody:out`);
        session.link?.tell(`PARTED:${room}`);
      }
    }
  }

  // What is older than the given number of messages is deleted.
  retain(count) {
    this.deletedTo = Math.max(this.deletedTo, this.nextId - 1 - count);
  }

  visible() {
    return this.log.filter((message) => message.id > this.deletedTo);
  }

  take(link, text) {
    let clientId = null;
    if (text.startsWith('@id=')) {
      const space = text.indexOf(' ');
      clientId = text.slice(4, space);
      text = text.slice(space + 1);
    }
    const [verb, ...fields] = text.split(':');
    const { session } = link;
    const answer = (line) => link.tell(line);
    const refuse = (code, subject) => {
      answer(`${clientId === null ? '' : `@id=${clientId} `}ERROR:${code}:${subject}:no`);
    };
    const action = {
      HELLO: () => answer('WELCOME:1:tags,ack,resume,presence:line=4096,name=32,room=64,rooms=32'),
      REGISTER: () => this.#register(link, fields[0]),
      RESUME: () => this.#resume(link, fields[0], Number(fields[1])),
      PING: () => answer(`PONG:${fields[0]}`),
      QUIT: () => this.sessions.delete(session?.token),
    }[verb];
    if (action !== undefined) {
      action();
    } else if (session === null || session.link !== link) {
      refuse(401, '');
    } else {
      this.#takeInSession(session, verb, fields, clientId, answer, refuse);
    }
  }

  #takeInSession(session, verb, fields, clientId, answer, refuse) {
    const room = fold(fields[0] ?? '');
    switch (verb) {
      case 'JOIN':
        if (!session.rooms.has(room)) {
          session.rooms.set(room, { since: this.nextId - 1, at: this.clock.now() });
          this.#presence(room, session.name);
        }
        answer(`JOINED:${room}`);
        this.#tellTopic(room, answer);
        return;
      case 'PART':
        session.rooms.delete(room);
        answer(`PARTED:${room}`);
        return;
      case 'LIST':
        answer('CLIENT_LIST:');
        answer('END:LIST');
        return;
      case 'SAY':
        this.#say(session, room, null, fields.slice(1).join(':'), clientId, refuse);
        return;
      case 'TOPIC':
        this.#setTopic(session, room, fields.slice(1).join(':'), refuse);
        return;
      case 'CHAT':
        this.#say(session, null, fields[0], fields.slice(1).join(':'), clientId, refuse);
        return;
      case 'HISTORY':
        this.#history(session, fields, answer, refuse);
        return;
      default:
        refuse(405, verb);
    }
  }

  #register(link, name) {
    const isTaken = [...this.sessions.values()].some((one) => fold(one.name) === fold(name));
    if (isTaken) {
      link.tell(`ERROR:409:${name}:taken`);
      return;
    }
    const token = `t${Math.floor(this.random() * 2 ** 48).toString(36)}`;
    const session = {
      token,
      name,
      link,
      since: this.nextId - 1,
      acks: new Map(),
      rooms: new Map([['lobby', { since: this.nextId - 1, at: 0 }]]),
    };
    this.sessions.set(token, session);
    link.session = session;
    link.tell(`REGISTERED:${name}`);
    link.tell(`SESSION:${token}`);
  }

  #resume(link, token, after) {
    const session = this.sessions.get(token);
    if (session === undefined) {
      link.tell('ERROR:404::over');
      return;
    }
    session.link?.sayBye('resumed by another connection');
    session.link = link;
    link.session = session;
    link.tell(`RESUMED:${session.name}`);
    if (after < this.deletedTo) {
      link.tell(`GAP:${after + 1}:${this.deletedTo}`);
    }
    for (const message of this.visible()) {
      if (
        message.id > after &&
        this.#concerns(session, message) &&
        (message.isTopic || message.sender !== session.name)
      ) {
        link.tell(this.#lineOf(message));
      }
    }
  }

  #concerns(session, message) {
    if (message.room === null) {
      return fold(message.to) === fold(session.name) && message.id > session.since;
    }
    const stay = session.rooms.get(message.room);
    return stay !== undefined && message.id > stay.since;
  }

  #lineOf(message) {
    const where = message.room === null ? `to=${message.to}` : `room=${message.room}`;
    const tags = `@id=${message.id};ts=${message.ts};${where} `;
    if (message.room === null) {
      return `${tags}DIRECT:${message.sender}:${message.text}`;
    }
    if (message.isTopic) {
      return `${tags}TOPIC:${message.room}:${message.sender}:${message.text}`;
    }
    return message.room === 'lobby'
      ? `${tags}MESSAGE:${message.sender}:${message.text}`
      : `${tags}ROOM_MESSAGE:${message.room}:${message.sender}:${message.text}`;
  }

  #presence(room, name) {
    for (const other of this.sessions.values()) {
      if (other.rooms.has(room)) {
        other.link?.tell(`STATUS:JOINED:${room}:${name}`);
      }
    }
  }

  #say(session, room, to, text, clientId, refuse) {
    if (room !== null && !session.rooms.has(room)) {
      refuse(403, room);
      return;
    }
    const peer =
      to === null ? null : [...this.sessions.values()].find((one) => fold(one.name) === fold(to));
    if (peer === undefined) {
      refuse(404, to);
      return;
    }
    const known = session.acks.get(clientId);
    if (known === undefined || known.at < this.clock.now() - kRetryWindowMs) {
      const message = {
        id: this.nextId,
        ts: this.clock.now(),
        room,
        to: peer?.name ?? null,
        sender: session.name,
        text,
        clientId,
      };
      this.nextId += 1 + Math.floor(this.random() * 2);
      this.log.push(message);
      session.acks.set(clientId, { id: message.id, at: this.clock.now() });
      for (const other of this.sessions.values()) {
        if (other !== session && this.#concerns(other, message)) {
          other.link?.tell(this.#lineOf(message));
        }
      }
    }
    // The store takes its time; whoever is connected then hears of it.
    const { id } = session.acks.get(clientId);
    this.clock.setTimeout(
      () => session.link?.tell(`ACK:${clientId}:${id}`),
      this.random() * this.storeMs,
    );
  }

  #setTopic(session, room, text, refuse) {
    if (room === 'lobby' || !session.rooms.has(room)) {
      refuse(403, room);
      return;
    }
    const message = {
      id: this.nextId++,
      ts: this.clock.now(),
      room,
      to: null,
      sender: session.name,
      text,
      clientId: null,
      isTopic: true,
    };
    this.log.push(message);
    for (const other of this.sessions.values()) {
      if (this.#concerns(other, message)) {
        other.link?.tell(this.#lineOf(message));
      }
    }
  }

  // Who joins is told of the last one, however old it is.
  #tellTopic(room, answer) {
    const topic = this.visible().findLast((message) => message.isTopic && message.room === room);
    if (topic !== undefined) {
      answer(this.#lineOf(topic));
    }
  }

  #history(session, fields, answer, refuse) {
    const [asked, direction, from, wanted] = fields;
    const room = asked.startsWith('@') ? null : fold(asked);
    if (room !== null && !session.rooms.has(room)) {
      refuse(403, asked);
      return;
    }
    const isInIt = (message) => {
      if (room !== null) {
        return message.room === room;
      }
      const pair = [fold(asked.slice(1)), fold(session.name)].sort().join();
      return (
        message.room === null &&
        message.id > session.since &&
        [fold(message.sender), fold(message.to)].sort().join() === pair
      );
    };
    const number = Number(from);
    const count = Math.min(Number(wanted), this.historyCountMax);
    let found = this.visible().filter(isInIt);
    if (direction === 'before') {
      found = found.filter((message) => number === 0 || message.id < number);
      const isAtStart = found.length < count;
      found = found.slice(-count);
      if (isAtStart && this.deletedTo > 0 && (number === 0 || number > 1)) {
        answer(`GAP:1:${Math.min(this.deletedTo, number === 0 ? Infinity : number - 1)}`);
      }
    } else {
      if (number < this.deletedTo) {
        answer(`GAP:${number + 1}:${this.deletedTo}`);
      }
      found = found.filter((message) => message.id > number).slice(0, count);
    }
    found.forEach((message) => answer(this.#lineOf(message)));
    answer(`END:HISTORY:${asked}`);
  }
}
