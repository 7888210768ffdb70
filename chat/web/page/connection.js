// A session with the server over any number of connections, one at a time: opens them, registers
// or resumes, keeps them alive, tries again when one is lost, and sends what is not acknowledged
// once more under the same id. So every message is delivered once. No DOM, no globals: socket,
// clock and chance come from outside.

import { KeepAlive } from './keep_alive.js';
import { Login, mayChange } from './login.js';
import { fold, kLobby, sameName } from './names.js';
import { Outbox } from './outbox.js';
import { Pace } from './pace.js';
import { buildLine, parseLimits, parseLine, withId } from './protocol.js';
import { Questions } from './questions.js';

const kAnswerTimeoutMs = 10_000;
const kBackoffFirstMs = 250;
const kBackoffMaxMs = 15_000;
// The server knows a message that is sent again for two minutes; what is older may be there twice.
const kRetryWindowMs = 110_000;
// So often may our name be taken when we come back: the server may not know yet that our old
// connection is gone, or keep the place of a session whose token never reached us.
const kNameAttemptsMax = 32;
const kTakeoversMax = 2;
const kTooFast = '429';

// Calls of the handler: onState(); onEntered(how) with 'first', 'resumed' or 'anew'; onLine(line);
// onAcknowledged(entry, id); onRefused(entry); onUncertain(entry, how), before onEntered(how);
// onJoinRefused(room, error); onSaved() when something is to be saved at once, onProgress() when
// only time is lost if it is not.
export class Connection {
  #openSocket;
  #clock;
  #random;
  #handler;
  #socket = null;
  #login = null; // of this socket
  #state = 'idle'; // 'connecting', 'registering', 'ready', 'waiting', 'ended'
  #end = null; // {kind: 'name' | 'refused' | 'unreachable' | 'taken-over' | 'quit', code, text}
  #retryAt = null;
  #lastWords = ''; // of the server, on this connection
  #reason = ''; // why there is no session at the moment
  #name = '';
  #token = '';
  #granted = new Set();
  #limits = parseLimits('');
  #rooms = new Map(); // to be in, beside the lobby: folded -> {name, key}
  #parting = new Set(); // folded; to be left, which the server has not confirmed
  #greatestId = 0; // of anything received
  #resumeId = 0; // everything up to it has come out of here
  #hadSession = false;
  #nameAttempts = 0;
  #takeovers = 0;
  #backoffMs = kBackoffFirstMs;
  #timer = null;
  #outbox;
  #pace;
  #questions;
  #keepAlive;

  // saved: what saved() has returned in an earlier life of the page, or null.
  // openSocket(callbacks): returns {send(line), close()}, and calls {onOpen(), onMessage(line),
  // onClose(reason)} later, never at once. clock: {now(): of the day, ticks(): steady, both in ms,
  // setTimeout, clearTimeout}. unsent: what outbox() has returned, likewise.
  constructor({ openSocket, clock, random, handler, saved = null, unsent = [] }) {
    this.#openSocket = openSocket;
    this.#clock = clock;
    this.#random = random;
    this.#handler = handler;
    this.#outbox = new Outbox(unsent, random);
    this.#pace = new Pace({ clock, write: (line) => this.#socket?.send(line) });
    this.#keepAlive = new KeepAlive({
      clock,
      send: (line) => this.#socket.send(line),
      onDead: () => this.#drop('the server does not answer any more'),
    });
    this.#questions = new Questions({
      clock,
      send: (line) => this.#pace.push({ line }),
      onLive: (line) => this.#onLive(line),
      onStuck: (reason) => this.#drop(reason),
    });
    if (saved !== null) {
      this.#name = saved.name;
      this.#token = saved.token;
      this.#resumeId = saved.resumeId;
      this.#hadSession = true;
      saved.rooms.forEach((room) => this.#rooms.set(fold(room.name), room));
      this.#parting = new Set(saved.parting);
    }
  }

  get state() {
    return this.#state;
  }
  get isReady() {
    return this.#state === 'ready';
  }
  get end() {
    return this.#end;
  }
  get name() {
    return this.#name;
  }
  get limits() {
    return this.#limits;
  }
  // When the next attempt follows, while waiting for it.
  get retryAt() {
    return this.#retryAt;
  }
  get reason() {
    return this.#reason;
  }
  get outbox() {
    return this.#outbox.entries;
  }
  get rooms() {
    return [...this.#rooms.values()].map((room) => room.name);
  }
  get hasHistory() {
    return this.#granted.has('tags') && this.#granted.has('resume');
  }

  // What a later life of the page needs to go on; null without a session.
  saved() {
    return this.#token === ''
      ? null
      : {
          name: this.#name,
          token: this.#token,
          resumeId: this.#resumeId,
          rooms: [...this.#rooms.values()],
          parting: [...this.#parting],
        };
  }

  // With a name of our choice, or with the saved session.
  start(name = this.#name) {
    this.#name = name;
    this.#end = null;
    this.#nameAttempts = 0;
    this.#takeovers = 0;
    this.#attempt();
  }

  // The machine is awake, the network is back or somebody looks: now is the time to know whether
  // the connection is alive.
  wake() {
    if (this.#state === 'waiting') {
      this.#backoffMs = kBackoffFirstMs;
      this.#attempt();
    } else if (this.#state === 'ready') {
      this.#keepAlive.probe();
    }
  }

  quit() {
    const wasReady = this.isReady;
    if (wasReady) {
      this.#socket.send('QUIT');
    }
    this.#token = '';
    this.#rooms.clear();
    this.#outbox = new Outbox([], this.#random);
    this.#finish({ kind: 'quit', code: null, text: '' });
  }

  // Says something, now or as soon as that is possible. The entry that stands for it, or null if
  // too much is waiting already. REQUIRES: the line is not too long, text is one line.
  say(verb, target, text) {
    const entry = this.#outbox.add(verb, target, text, this.#clock.now());
    this.#submit(entry);
    return entry;
  }

  // What was refused or is uncertain, once more; as something new.
  sayAgain(id) {
    const entry = this.#outbox.renew(id, this.#clock.now());
    this.#submit(entry);
    return entry;
  }

  discard(id) {
    if (this.#outbox.take(id) !== null) {
      this.#handler.onSaved();
    }
  }

  join(name, key = '') {
    this.#rooms.set(fold(name), { name, key });
    this.#parting.delete(fold(name));
    if (this.isReady) {
      this.#sendJoin({ name, key }, false);
    }
  }

  part(name) {
    this.#rooms.delete(fold(name));
    this.#parting.add(fold(name));
    if (this.isReady) {
      this.#sendPart(fold(name));
    }
    this.#handler.onSaved();
  }

  // A line that is only answered if it is refused. False without a connection.
  command(line, refused) {
    if (this.isReady) {
      this.#questions.command(line, this.#outbox.nextId(), refused);
    }
    return this.isReady;
  }

  // See Questions.ask.
  ask(question) {
    if (this.isReady) {
      this.#questions.ask(question, this.#outbox.nextId());
    } else {
      question.done({ error: { code: null, text: 'not connected' } });
    }
  }

  #setState(state) {
    this.#state = state;
    this.#handler.onState();
  }

  #arm(milliseconds, action) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(action, milliseconds);
  }

  #attempt() {
    this.#forgetSocket();
    this.#retryAt = null;
    this.#lastWords = '';
    this.#arm(kAnswerTimeoutMs, () => this.#drop('the server does not answer'));
    // Whoever hears of a socket that was forgotten does nothing.
    const socket = this.#openSocket({
      onOpen: () => socket === this.#socket && this.#onOpen(),
      onMessage: (text) => socket === this.#socket && this.#onMessage(text),
      onClose: (reason) => socket === this.#socket && this.#onClosed(reason),
    });
    this.#socket = socket;
    this.#setState('connecting');
  }

  #onOpen() {
    this.#greatestId = this.#resumeId;
    this.#login = new Login({
      send: (line) => this.#socket.send(line),
      name: this.#name,
      token: this.#token,
      resumeId: this.#resumeId,
    });
    this.#login.begin();
    this.#setState('registering');
  }

  #forgetSocket() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#clock.clearTimeout(this.#timer);
    this.#keepAlive.stop();
    this.#pace.clear();
    this.#questions.failAll('the connection was lost');
  }

  #drop(reason) {
    if (this.#socket !== null) {
      this.#onClosed(reason);
    }
  }

  #onClosed(reason) {
    this.#reason = this.#lastWords === '' ? reason : this.#lastWords;
    if (!this.#hadSession) {
      this.#finish({ kind: 'unreachable', code: null, text: this.#reason });
      return;
    }
    // Set first: nobody may ask anything of a connection that is being given up.
    this.#state = 'waiting';
    this.#forgetSocket();
    const wait = 1 + this.#random() * this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, kBackoffMaxMs);
    this.#retryAt = this.#clock.now() + wait;
    this.#arm(wait, () => this.#attempt());
    this.#handler.onState();
  }

  #finish(end) {
    this.#end = end;
    this.#state = 'ended';
    this.#forgetSocket();
    this.#handler.onSaved();
    this.#handler.onState();
  }

  #onMessage(text) {
    this.#keepAlive.onHeard();
    const line = parseLine(text);
    if (line.verb === 'BYE') {
      this.#onBye(line.fields[0]);
    } else if (this.#state === 'registering') {
      this.#onLoginLine(line);
    } else if (this.#state === 'ready') {
      this.#onSessionLine(line);
    }
  }

  #onBye(reason) {
    this.#lastWords = reason;
    // Once, that may have been an attempt of our own that was late. But two pages would take the
    // session from each other for ever.
    if (/\bresumed by another\b/.test(reason) && ++this.#takeovers > kTakeoversMax) {
      this.#finish({ kind: 'taken-over', code: null, text: reason });
    }
  }

  #onLoginLine(line) {
    const outcome = this.#login.take(line);
    if (outcome?.refusal !== undefined) {
      this.#onRefused(outcome.refusal);
    } else if (outcome !== null) {
      const { isResumed, name, token, granted, limits } = outcome.session;
      this.#name = name;
      this.#token = token;
      this.#granted = granted;
      this.#limits = limits;
      this.#enter(isResumed ? 'resumed' : this.#hadSession ? 'anew' : 'first');
      if (!outcome.isTaken) {
        this.#onSessionLine(line);
      }
    }
  }

  #onRefused({ code, text }) {
    const isName = code === '409' || code === '422';
    const mayBeFree = code === '409' && ++this.#nameAttempts < kNameAttemptsMax;
    if (this.#hadSession && (mayBeFree || mayChange(code))) {
      this.#drop(text);
    } else {
      this.#finish({ kind: isName ? 'name' : 'refused', code, text });
    }
  }

  #enter(how) {
    if (how !== 'resumed') {
      this.#greatestId = 0;
      this.#resumeId = 0;
      this.#parting.clear();
    }
    this.#hadSession = true;
    this.#nameAttempts = 0;
    // A server that takes us and throws us out at once gets no quicker attempts than one that is
    // not there.
    this.#arm(kBackoffMaxMs, () => {
      this.#backoffMs = kBackoffFirstMs;
      this.#takeovers = 0;
    });
    this.#keepAlive.start();
    this.#state = 'ready';
    for (const room of this.#rooms.values()) {
      // A server that was killed may have forgotten a stay that it had confirmed just before.
      this.#sendJoin(room, how !== 'first');
    }
    this.#parting.forEach((room) => this.#sendPart(room));
    this.#sendAgain(how);
    this.#handler.onEntered(how);
    this.#handler.onSaved();
    this.#handler.onState();
  }

  // What is not acknowledged, in the order it had and before anything new. The server knows an id
  // only within its session and for a while: what may have been taken and would not be recognized
  // is left to whoever wrote it.
  #sendAgain(how) {
    for (const entry of this.#outbox.waiting()) {
      const age = entry.attemptedAt === null ? 0 : this.#clock.now() - entry.attemptedAt;
      if (entry.attemptedAt !== null && (how !== 'resumed' || age > kRetryWindowMs || age < 0)) {
        entry.state = 'uncertain';
        this.#handler.onUncertain(entry, how);
      } else {
        this.#pace.push(this.#itemOf(entry));
      }
    }
  }

  #submit(entry) {
    if (entry !== null && this.isReady) {
      this.#pace.push(this.#itemOf(entry));
    }
    this.#handler.onSaved();
  }

  #itemOf(entry) {
    const line = withId(entry.id, buildLine(entry.verb, entry.target, entry.text));
    const onWritten = () => {
      if (entry.attemptedAt === null) {
        entry.attemptedAt = this.#clock.now();
        // At once: a page that ends now must not take it for never sent.
        this.#handler.onSaved();
      }
    };
    return { key: entry.id, line, onWritten };
  }

  #sendJoin(room, wasIn) {
    const line =
      room.key === '' ? buildLine('JOIN', room.name) : buildLine('JOIN', room.name, room.key);
    this.command(line, (error) => {
      if (!wasIn || !mayChange(error.code)) {
        this.#rooms.delete(fold(room.name));
      }
      this.#handler.onJoinRefused(room.name, error);
      this.#handler.onSaved();
    });
  }

  #sendPart(room) {
    this.command(buildLine('PART', room), () => {
      this.#parting.delete(room);
      this.#handler.onSaved();
    });
  }

  #onSessionLine(line) {
    if (KeepAlive.isAnswer(line)) {
      return;
    }
    this.#greatestId = Math.max(this.#greatestId, line.id ?? 0);
    const isTooFast = line.verb === 'ERROR' && line.fields[0] === kTooFast;
    if (isTooFast) {
      this.#slowDown(line.fields[2]);
    }
    const isDealtWith = isTooFast && line.clientId === null;
    if (!isDealtWith && !this.#takeRefusal(line)) {
      this.#followRooms(line);
      this.#questions.take(line);
    }
    // What is held back has not come out yet: it has to come again if the connection is lost now.
    if (this.isReady && !this.#questions.isHolding && this.#resumeId !== this.#greatestId) {
      this.#resumeId = this.#greatestId;
      this.#handler.onProgress();
    }
  }

  // A line whose turn it is.
  #onLive(line) {
    if (line.verb !== 'ACK') {
      this.#handler.onLine(line);
      return;
    }
    const entry = this.#outbox.take(line.clientId);
    if (entry !== null) {
      this.#handler.onAcknowledged(entry, line.id);
      this.#handler.onSaved();
    }
  }

  // Whether the line is about something that was said.
  #takeRefusal(line) {
    const entry = line.verb === 'ERROR' ? this.#outbox.find(line.clientId) : null;
    if (entry !== null && line.fields[0] !== kTooFast) {
      entry.state = 'refused';
      entry.error = line.fields[2];
      this.#handler.onRefused(entry);
      this.#handler.onSaved();
    }
    return entry !== null;
  }

  // What stands behind a refused message may have been taken; under their ids all may come again.
  #slowDown(text) {
    const match = /(\d+) ?ms/.exec(text);
    this.#pace.pause(match === null ? 1000 : Math.min(Number(match[1]) + 50, 60_000));
    const attempted = this.#outbox.waiting().filter((entry) => entry.attemptedAt !== null);
    this.#pace.putInFront(attempted.map((entry) => this.#itemOf(entry)));
  }

  #followRooms(line) {
    const name = line.fields[0] ?? '';
    const room = fold(name);
    if (line.verb === 'JOINED' && room !== kLobby) {
      this.#rooms.set(room, this.#rooms.get(room) ?? { name, key: '' });
      this.#handler.onSaved();
    } else if (line.verb === 'PARTED' || line.verb === 'STATUS:KICKED') {
      this.#rooms.delete(room);
      this.#parting.delete(room);
      this.#handler.onSaved();
    } else if (line.verb === 'STATUS:RENAMED' && sameName(name, this.#name)) {
      this.#name = line.fields[1];
      this.#handler.onSaved();
    }
  }
}
