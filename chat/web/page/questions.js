// What was asked and is not answered. Answers come in the order of the questions.
//
// The answer to a HISTORY looks like live messages until its end is there, and live ones may stand
// in front of it. So all that has a number is held back from the question to its end, which tells which are
// which. Nothing is lost with a connection that ends in between: what was held comes again.

import { sameName } from './names.js';
import { deliveryOf, isDelivery, parseRooms, splitList, withId } from './protocol.js';

const kTimeoutMs = 20_000;
// At a time: more would only stand in the way of what people say.
const kOpenMax = 2;
const kHeldMax = 20_000;
// Commands are answered by silence when they worked, so only so many are remembered.
const kCommandsMax = 64;
// Whoever sends waits as long as the server wants, and then the same is asked again.
const kTooFast = '429';

export class Questions {
  #send;
  #onLive;
  #onStuck;
  #clock;
  #timer = null;
  #waiting = [];
  #open = [];
  #commands = new Map();
  #held = [];

  // send(line): to the server. onLive(line): a line whose turn it is. onStuck(): the connection is
  // of no use any more, because an answer does not come.
  constructor({ send, onLive, onStuck, clock }) {
    this.#send = send;
    this.#onLive = onLive;
    this.#onStuck = onStuck;
    this.#clock = clock;
  }

  // question: {kind, line, done}. kind is 'history' (with room, before, from, count), 'list' or
  // 'rooms'; done is called once with {entries}, {names} or {rooms}, or with {error: {code, text}},
  // code being null when the connection was lost.
  ask(question, clientId) {
    this.#waiting.push({ ...question, clientId, items: [] });
    this.#go();
  }

  // Something that is only answered if it is refused: refused({code, subject, text}).
  command(line, clientId, refused) {
    if (this.#commands.size >= kCommandsMax) {
      this.#commands.delete(this.#commands.keys().next().value);
    }
    this.#commands.set(clientId, { line, refused });
    this.#send(withId(clientId, line));
  }

  get isHolding() {
    return this.#open.some((question) => question.kind === 'history');
  }

  // Every line that is no answer to something else comes by here.
  take(line) {
    if (line.verb === 'ERROR' && line.clientId !== null && this.#takeError(line)) {
      return;
    }
    const ended = line.verb === 'END' ? this.#endedBy(line.fields[0]) : null;
    if (ended !== null) {
      this.#finish(ended);
    } else if (line.verb === 'CLIENT_LIST' && this.#isOpen('list')) {
      this.#open.find((one) => one.kind === 'list').items.push(...splitList(line.fields[0]));
    } else if (line.verb === 'ROOM_LIST' && this.#isOpen('rooms')) {
      this.#open.find((one) => one.kind === 'rooms').items.push(...parseRooms(line.fields[0]));
    } else if (this.isHolding && isOfLog(line)) {
      this.#hold(line);
    } else {
      this.#onLive(line);
    }
  }

  // The connection is lost.
  failAll(text) {
    this.#clock.clearTimeout(this.#timer);
    const questions = [...this.#open, ...this.#waiting];
    this.#open = [];
    this.#waiting = [];
    this.#held = [];
    this.#commands.clear();
    for (const question of questions) {
      question.done({ error: { code: null, text } });
    }
  }

  #isOpen(kind) {
    return this.#open.some((question) => question.kind === kind);
  }

  #go() {
    while (this.#waiting.length > 0 && this.#open.length < kOpenMax) {
      const question = this.#waiting.shift();
      this.#open.push(question);
      this.#send(withId(question.clientId, question.line));
      this.#arm();
    }
  }

  #arm() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer =
      this.#open.length === 0
        ? null
        : this.#clock.setTimeout(() => this.#onStuck('the server does not answer'), kTimeoutMs);
  }

  #hold(line) {
    if (this.#held.length >= kHeldMax) {
      this.#onStuck('a history does not come to its end');
      return;
    }
    this.#held.push(line);
  }

  #endedBy(what) {
    const isIt = (question) =>
      question.kind === 'history'
        ? what.startsWith('HISTORY:') && sameName(what.slice('HISTORY:'.length), question.room)
        : what === { list: 'LIST', rooms: 'ROOMS' }[question.kind];
    return this.#open.find(isIt) ?? null;
  }

  #close(question) {
    this.#open.splice(this.#open.indexOf(question), 1);
    this.#arm();
    this.#go();
  }

  #finish(question) {
    if (question.kind !== 'history') {
      this.#close(question);
      question.done(
        question.kind === 'list' ? { names: question.items } : { rooms: question.items },
      );
      return;
    }
    const held = this.#held;
    this.#held = [];
    const begin = beginOfAnswer(held, question);
    this.#close(question);
    held.slice(0, begin).forEach((line) => this.#onLive(line));
    question.done({ entries: held.slice(begin) });
  }

  #takeError(line) {
    const [code, subject, text] = line.fields;
    const question = this.#open.find((one) => one.clientId === line.clientId);
    if (question !== undefined) {
      const held = question.kind === 'history' ? this.#held.splice(0) : [];
      if (code === kTooFast) {
        this.#waiting.unshift({ ...question, items: [] });
      }
      this.#close(question);
      held.forEach((one) => this.#onLive(one));
      if (code !== kTooFast) {
        question.done({ error: { code, subject, text } });
      }
      return true;
    }
    const command = this.#commands.get(line.clientId);
    if (command !== undefined && code === kTooFast) {
      this.#send(withId(line.clientId, command.line));
    } else if (command !== undefined) {
      this.#commands.delete(line.clientId);
      command.refused({ code, subject, text });
    }
    return command !== undefined;
  }
}

// An acknowledged message of our own has its place among those of others.
function isOfLog(line) {
  return isDelivery(line) || line.verb === 'GAP' || line.verb === 'ACK';
}

function isAbout(line, room) {
  if (!isDelivery(line)) {
    return false;
  }
  const delivery = deliveryOf(line);
  if (room.startsWith('@')) {
    const peer = room.slice(1);
    return (
      delivery.room === null &&
      (sameName(delivery.sender, peer) || sameName(delivery.to ?? '', peer))
    );
  }
  return delivery.room !== null && sameName(delivery.room, room);
}

// Of the lines since the question was asked, where its answer begins; it goes on to the end. The
// lines of an answer are one behind the other and of the room that was asked for, their numbers
// grow, and a live one in front of them is newer than the oldest of them or would be among them.
export function beginOfAnswer(lines, question) {
  let begin = lines.length;
  let next = Infinity;
  let messages = 0;
  while (begin > 0) {
    const line = lines[begin - 1];
    const isGap = line.verb === 'GAP';
    if (line.id === null || line.id >= next || !(isGap || isAbout(line, question.room))) {
      break;
    }
    messages += isGap ? 0 : 1;
    const isOutside = question.before
      ? question.from > 0 && (line.first ?? line.id) >= question.from
      : line.id <= question.from;
    if (messages > question.count || isOutside) {
      break;
    }
    next = line.id;
    --begin;
  }
  return begin;
}

export function historyLine(room, before, from, count) {
  return `HISTORY:${room}:${before ? 'before' : 'after'}:${from}:${count}`;
}
