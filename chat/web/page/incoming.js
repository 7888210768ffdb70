// What the server says, line by line, put where it belongs.

import { gapOf, messageOf } from './message.js';
import { fold, sameName } from './names.js';
import { deliveryOf, isDelivery, splitList } from './protocol.js';

// Who comes and goes is told where that is not all there is to see.
const kPresencePeopleMax = 40;

export class Incoming {
  #chat;
  #view;

  constructor(chat, view) {
    this.#chat = chat;
    this.#view = view;
  }

  take(line) {
    if (isDelivery(line)) {
      this.#takeDelivery(line);
      return;
    }
    const action = this.#actions[line.verb];
    if (action !== undefined) {
      action(...line.fields, line);
    }
  }

  // lines: the answer to a HISTORY. A GAP or a TOPIC in front of older ones may be one that was
  // told for itself, which does not border on them. If it does, the page before has it at its end.
  mergeHistory(conversation, lines, { older }) {
    const isSaidLine = (line) => line.verb !== 'GAP' && line.verb !== 'TOPIC';
    const begin = older ? Math.max(0, lines.findIndex(isSaidLine)) : 0;
    lines.forEach((line, index) => {
      const isGap = line.verb === 'GAP';
      const delivery = isGap ? null : deliveryOf(line);
      if (!isGap) {
        this.#followTopic(conversation, line, delivery);
      }
      if (index >= begin) {
        conversation.insert(isGap ? gapOf(line) : this.#messageOf(line, delivery), {
          mayExtend: true,
        });
      }
    });
    this.#view.changed('messages', conversation);
  }

  #actions = {
    JOINED: (room) => this.#chat.onJoined(room),
    PARTED: (room) => this.#onParted(room),
    GAP: (first, last, line) => this.#onGap(line),
    REQUEST: (name) => this.#chat.privateChats.onRequest(name),
    ERROR: (code, subject, text) => this.#chat.note(this.#chat.current, text, 'error'),
    MODES: (room, modes) => this.#onModes(room, modes),
    'STATUS:JOINED': (room, names) => this.#onPresence(room, splitList(names), []),
    'STATUS:LEFT': (room, names) => this.#onPresence(room, [], splitList(names)),
    'STATUS:CHAT_STARTED': (name) => {
      this.#chat.privateChats.onStatus(name, 'open', `You and ${name} are in a private chat.`);
    },
    'STATUS:CHAT_ENDED': (name) => {
      this.#chat.privateChats.onStatus(name, 'none', 'The private chat has ended.');
    },
    'STATUS:CHAT_DECLINED': (name) => {
      this.#chat.privateChats.onStatus(name, 'none', 'There will be no private chat: declined.');
    },
    'STATUS:CHAT_EXPIRED': (name) => {
      this.#chat.privateChats.onStatus(name, 'none', `${name} has not answered.`);
    },
    'STATUS:KICKED': (room, by, reason) => this.#onKicked(room, by, reason),
    'STATUS:INVITED': (room, by) => this.#onInvited(room, by),
    'STATUS:RENAMED': (before, after) => this.#onRenamed(before, after),
    'STATUS:MODE': (room, by, changes) => {
      this.#chat.note(this.#chat.room(room), `${by} has changed this room: ${changes}`);
    },
  };

  #messageOf(line, delivery) {
    return messageOf(line, delivery, this.#chat.me, this.#chat.now());
  }

  #takeDelivery(line) {
    const delivery = deliveryOf(line);
    const conversation = this.#conversationOf(line, delivery);
    if (conversation === undefined) {
      return; // of a room that was left meanwhile
    }
    this.#followTopic(conversation, line, delivery);
    this.#chat.talk.take(conversation, this.#messageOf(line, delivery));
  }

  #conversationOf(line, { room, sender, to }) {
    if (room !== null) {
      return this.#chat.room(room);
    }
    const peer = sameName(sender, this.#chat.me) ? (to ?? sender) : sender;
    return this.#chat.addDirect(peer, line.id - 1);
  }

  // The newest one counts: a topic is told again to whoever joins.
  #followTopic(conversation, line, { kind, sender, text }) {
    if (kind === 'topic' && line.id >= (conversation.topic?.id ?? 0)) {
      conversation.topic = { text, by: sender, id: line.id };
      this.#view.changed('conversations', null);
    }
  }

  // It follows a kick, too: that room stays on the screen, with the reason.
  #onParted(room) {
    const conversation = this.#chat.room(room);
    if (conversation?.isJoined) {
      this.#chat.forget(conversation);
    }
  }

  // Some of these numbers may have been messages for us, anywhere.
  #onGap(line) {
    for (const conversation of this.#chat.conversations.values()) {
      this.#chat.talk.take(conversation, gapOf(line));
    }
  }

  #onModes(room, modes) {
    const conversation = this.#chat.room(room) ?? this.#chat.current;
    this.#chat.note(conversation, `Modes of #${room}: ${modes === '' ? 'none' : modes}`);
  }

  #onPresence(room, joined, left) {
    const conversation = this.#chat.room(room);
    if (conversation === undefined) {
      return;
    }
    const others = (names) => names.filter((name) => !sameName(name, this.#chat.me));
    const members = conversation.members;
    if (members === null) {
      return;
    }
    joined.forEach((name) => members.set(fold(name), name));
    left.forEach((name) => members.delete(fold(name)));
    if (members.size <= kPresencePeopleMax) {
      this.#notePresence(conversation, others(joined), others(left));
    }
    this.#view.changed('people', conversation);
  }

  // One note for all who come and go between two messages.
  #notePresence(conversation, joined, left) {
    if (
      joined.length + left.length === 0 ||
      conversation.state !== 'loaded' ||
      !conversation.atEnd
    ) {
      return;
    }
    const last = conversation.entries.at(-1);
    const note =
      last?.kind === 'presence'
        ? last
        : conversation.note('presence', this.#chat.now(), { joined: [], left: [] });
    const without = (names, gone) => names.filter((name) => !gone.includes(name));
    note.joined = [...without(note.joined, [...joined, ...left]), ...joined];
    note.left = [...without(note.left, [...joined, ...left]), ...left];
    this.#chat.talk.trim(conversation);
    this.#view.changed('messages', conversation);
  }

  #onKicked(room, by, reason) {
    const conversation = this.#chat.room(room);
    if (conversation !== undefined) {
      this.#chat.setNotJoined(conversation);
      this.#chat.note(
        conversation,
        reason === ''
          ? `${by} has put you out of this room.`
          : `${by} has put you out of this room: ${reason}`,
        'error',
      );
    }
  }

  #onInvited(room, by) {
    if (this.#chat.room(room)?.isJoined) {
      return;
    }
    this.#chat.invitations.set(fold(room), { room, by });
    this.#view.invitation(room, by);
    this.#view.changed('conversations', null);
  }

  #onRenamed(before, after) {
    const chat = this.#chat;
    for (const conversation of chat.conversations.values()) {
      if (conversation.members?.delete(fold(before))) {
        conversation.members.set(fold(after), after);
        chat.note(conversation, `${before} is now called ${after}.`);
        this.#view.changed('people', conversation);
      }
    }
    chat.rename(before, after);
  }
}
