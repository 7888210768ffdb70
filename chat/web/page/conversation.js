// What was said in one room, or with one person: a window on the server's log without holes, with
// what is not acknowledged behind it. Pure.

import { isOfLog, isSaid } from './message.js';
import { fold } from './names.js';

const kHeldMax = 200;

export function keyOfRoom(room) {
  return fold(room);
}

export function keyOfPerson(name) {
  return `@${fold(name)}`;
}

export class Conversation {
  constructor(key, name) {
    this.key = key;
    this.name = name;
    this.isDirect = key.startsWith('@');
    this.isJoined = true; // a room that one was put out of stays on the screen
    this.topic = null; // {text, by, id}
    this.members = null; // folded -> name; null: not known
    this.isListing = false; // the members are asked for

    // Messages {key, at, kind, id, sender, text, ts, own}, kind being 'text', 'action' or 'topic';
    // gaps {key, at, kind: 'gap', first}; notes of our own {key, at, kind: 'note', text, tone, ts}
    // and {key, at, kind: 'presence', joined, left, ts}. In the order of `at`, which is a number of
    // the log; a note stands behind the message that was the last one.
    this.entries = [];
    this.pending = []; // entries of the outbox
    this.atStart = false; // nothing older is to be had
    this.atEnd = true; // nothing newer is known
    this.newestKnown = 0; // number of anything said here, also of what is not in the window
    this.generation = 0; // of the window
    this.knownBeforeLoad = 0;
    this.state = 'unloaded'; // 'loading', 'loaded'
    this.isFetching = false; // something older or newer
    this.held = []; // said while it was not loaded

    this.readId = null; // everything up to it was seen; null: there is nothing to compare with
    this.lineId = null; // the line "new" stands behind it
    this.unread = 0;
    this.mentions = 0;

    this.chat = 'none'; // a private chat: 'asked' by us, 'offered' to us, 'open'
    this.noteCount = 0;
  }

  get title() {
    return this.isDirect ? this.name : `#${this.name}`;
  }

  // The number behind which nothing is missing in the window; 0: it is empty.
  newest() {
    const last = this.entries.findLast((entry) => isOfLog(entry));
    return last === undefined ? 0 : last.at;
  }

  // The number before which the window goes on; 0: it is empty.
  oldest() {
    const first = this.entries.find((entry) => isOfLog(entry));
    return first === undefined ? 0 : (first.first ?? first.at);
  }

  // Puts a message or a gap where it belongs. False if it is there already, or outside of the
  // window: only a history that borders on it may extend it.
  insert(entry, { mayExtend = false } = {}) {
    if (!mayExtend && !this.#isInside(entry.at)) {
      return false;
    }
    let index = this.entries.length;
    while (index > 0 && this.entries[index - 1].at >= entry.at) {
      --index;
      const other = this.entries[index];
      if (other.at === entry.at && isOfLog(other)) {
        return false;
      }
    }
    this.entries.splice(index, 0, entry);
    this.newestKnown = Math.max(this.newestKnown, entry.at);
    return true;
  }

  #isInside(at) {
    const oldest = this.oldest();
    return (oldest === 0 || this.atStart || at > oldest) && (this.atEnd || at < this.newest());
  }

  // A line of our own behind what is there.
  note(kind, ts, fields) {
    const at = this.entries.at(-1)?.at ?? 0;
    const note = { key: `n${++this.noteCount}`, at, kind, ts, ...fields };
    this.entries.push(note);
    return note;
  }

  // Keeps the window small, on the side nobody looks at: what falls out is asked for again when
  // somebody scrolls there.
  trim(entriesMax, isFollowed) {
    const excess = this.entries.length - entriesMax;
    if (excess <= 0) {
      return;
    }
    if (isFollowed) {
      this.entries.splice(0, excess);
      this.atStart = false;
    } else {
      this.entries.splice(entriesMax);
      this.atEnd = false;
    }
  }

  clear() {
    ++this.generation;
    this.state = 'unloaded';
    this.entries = [];
    this.atStart = false;
    this.atEnd = true;
  }

  // The history brings it, too, unless it can't be had. clientId: of a message of our own.
  hold(entry, clientId = null) {
    this.held.push({ entry, clientId });
    const dispensable = this.held.findIndex((one) => one.clientId === null);
    if (this.held.length > kHeldMax && dispensable >= 0) {
      this.held.splice(dispensable, 1);
    }
  }

  // What was said by ourselves is kept on the server, as this message.
  confirm(clientId, message) {
    this.pending = this.pending.filter((entry) => entry.id !== clientId);
    this.newestKnown = Math.max(this.newestKnown, message.at);
    if (this.insert(message)) {
      this.#fitTime(message);
    }
  }

  // Our clock may differ from the server's.
  #fitTime(message) {
    const index = this.entries.indexOf(message);
    const before = this.entries.slice(0, index).findLast((entry) => entry.id !== undefined);
    const behind = this.entries.slice(index + 1).find((entry) => entry.id !== undefined);
    message.ts = Math.max(message.ts, before?.ts ?? 0);
    message.ts = Math.min(message.ts, behind?.ts ?? Infinity);
  }

  // A message that came just now and was not seen.
  count(isMention) {
    if (this.unread === 0) {
      this.lineId = this.readId;
    }
    ++this.unread;
    this.mentions += isMention ? 1 : 0;
  }

  markRead() {
    if (this.readId !== null || this.state === 'loaded') {
      this.readId = Math.max(this.readId ?? 0, this.newestKnown);
    }
    this.unread = 0;
    this.mentions = 0;
  }

  // Everything that came while nobody was connected. isMention(entry).
  recount(isMention) {
    if (this.readId === null) {
      this.markRead();
      return;
    }
    const fresh = this.entries.filter(
      (entry) => isSaid(entry) && !entry.own && entry.id > this.readId,
    );
    this.lineId = fresh.length > 0 ? this.readId : this.lineId;
    this.unread = fresh.length;
    this.mentions = fresh.filter(isMention).length;
  }
}
