// Private chats by request: who was asked, who has asked, who has agreed. The server knows best;
// this is what it has told.

import { buildLine } from './protocol.js';

// The server takes an unanswered request back without a word to whoever was asked.
const kOfferMs = 60_000;

export class PrivateChats {
  #chat;
  #clock;
  #view;
  #timers = new Map(); // conversation -> of an offer

  constructor({ chat, clock, view }) {
    this.#chat = chat;
    this.#clock = clock;
    this.#view = view;
  }

  request(conversation) {
    this.#set(conversation, 'asked');
    this.#chat.command(conversation, buildLine('REQUEST', conversation.name), () =>
      this.#set(conversation, 'none'),
    );
  }

  answer(conversation, isAccepted) {
    this.#set(conversation, 'none');
    this.#chat.command(
      conversation,
      buildLine(isAccepted ? 'ACCEPT' : 'DECLINE', conversation.name),
    );
  }

  leave(conversation) {
    this.#chat.command(conversation, 'LEAVE');
  }

  onRequest(name) {
    const conversation = this.#chat.addDirect(name);
    this.#set(conversation, 'offered');
    this.#timers.set(
      conversation,
      this.#clock.setTimeout(() => {
        this.#set(conversation, 'none');
        this.#chat.note(conversation, `${name} is not waiting for your answer any more.`);
      }, kOfferMs),
    );
    this.#view.offer(conversation);
  }

  onStatus(name, state, text) {
    const conversation = this.#chat.addDirect(name);
    this.#set(conversation, state);
    this.#chat.note(conversation, text);
  }

  // They don't outlive a connection.
  onLost(conversation) {
    if (conversation.chat === 'open') {
      this.#chat.note(conversation, 'The private chat has ended with the connection.');
    }
    if (conversation.chat !== 'none') {
      this.#set(conversation, 'none');
    }
  }

  #set(conversation, state) {
    conversation.chat = state;
    this.#clock.clearTimeout(this.#timers.get(conversation));
    this.#timers.delete(conversation);
    this.#view.changed('conversations', null);
  }
}
