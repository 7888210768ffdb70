// What is said: how it comes into the windows of conversations and is counted, and how our own gets
// out and is known to have arrived.

import { isMention, isSaid, ownMessage } from './message.js';
import { buildLine } from './protocol.js';
import { utf8Length } from './text.js';

export class Talk {
  #chat;
  #view;
  #connection;
  #windowMax;

  constructor({ chat, view, connection, windowMax }) {
    this.#chat = chat;
    this.#view = view;
    this.#connection = connection;
    this.#windowMax = windowMax;
  }

  // Something that was said now, or is told again after a break.
  take(conversation, message) {
    if (conversation.state !== 'loaded') {
      conversation.hold(message);
      return;
    }
    const isBehindWindow = !conversation.atEnd && message.at > conversation.newestKnown;
    conversation.newestKnown = Math.max(conversation.newestKnown, message.at);
    if (!conversation.insert(message) && !isBehindWindow) {
      return;
    }
    this.trim(conversation);
    if (isSaid(message) && !message.own) {
      this.#tell(conversation, message);
    }
    this.#view.changed('messages', conversation);
  }

  // The window is up to date: what came meanwhile follows.
  release(conversation) {
    const newest = conversation.newest();
    if (conversation.atEnd) {
      conversation.recount((entry) => isMention(conversation, entry, this.#chat.me));
    }
    if (this.#chat.isWatching(conversation)) {
      conversation.markRead();
    }
    for (const { entry, clientId } of conversation.held.splice(0)) {
      if (clientId !== null) {
        conversation.confirm(clientId, entry);
      } else if (entry.at > newest) {
        this.take(conversation, entry);
      } else {
        conversation.insert(entry);
      }
    }
    this.#tellMissed(conversation);
    this.trim(conversation);
    this.#view.changed('messages', conversation);
    this.#view.changed('conversations', null);
  }

  // On the side nobody looks at.
  trim(conversation) {
    conversation.trim(
      this.#windowMax,
      this.#chat.current !== conversation || this.#chat.isFollowed,
    );
  }

  // Bytes that a message here may have.
  spaceIn(conversation) {
    return (
      this.#connection.limits.line -
      utf8Length(buildLine(verbFor(conversation), conversation.name, ''))
    );
  }

  // False if there is no place for it. REQUIRES: it is one line, and not too long.
  say(conversation, text) {
    const entry = this.#connection.say(verbFor(conversation), conversation.name, text);
    if (entry === null) {
      return false;
    }
    conversation.pending.push(entry);
    conversation.lineId = null;
    this.#chat.jumpToLatest(conversation);
    this.#view.changed('messages', conversation);
    return true;
  }

  sayAgain(conversation, id) {
    conversation.pending = conversation.pending.filter((entry) => entry.id !== id);
    const entry = this.#connection.sayAgain(id);
    if (entry !== null) {
      conversation.pending.push(entry);
    }
    this.#view.changed('messages', conversation);
  }

  discard(conversation, id) {
    conversation.pending = conversation.pending.filter((entry) => entry.id !== id);
    this.#connection.discard(id);
    this.#view.changed('messages', conversation);
  }

  onAcknowledged(conversation, entry, id) {
    const message = ownMessage(entry, id, this.#chat.me);
    if (conversation.state === 'loaded') {
      conversation.confirm(entry.id, message);
    } else {
      conversation.hold(message, entry.id);
    }
    this.#view.changed('messages', conversation);
  }

  // If it has arrived it is missing in the window, whose other messages went on without it. What
  // was said in private in an earlier session can't be asked for again.
  onUncertain(conversation, how) {
    if (!conversation.isDirect || how === 'resumed') {
      conversation.clear();
    }
    this.#view.changed('messages', conversation);
  }

  #tell(conversation, message) {
    const concernsUs = isMention(conversation, message, this.#chat.me);
    if (this.#chat.isWatching(conversation)) {
      conversation.markRead();
    } else {
      conversation.count(concernsUs);
      this.#view.changed('conversations', null);
    }
    this.#view.news(conversation, message, concernsUs);
  }

  // Of what came while nobody was connected, the last one stands for all.
  #tellMissed(conversation) {
    const last = conversation.entries.findLast((entry) => isSaid(entry) && !entry.own);
    const known = conversation.knownBeforeLoad;
    if (known > 0 && last !== undefined && last.id > known) {
      this.#view.news(conversation, last, isMention(conversation, last, this.#chat.me));
    }
  }
}

function verbFor(conversation) {
  return conversation.isDirect ? 'CHAT' : 'SAY';
}
