// The top of the current conversation: what it is about and what can be done with it, and below it
// what it asks for: an answer to an offer, or to be joined again.

import { byId, icon, make } from './dom.js';
import { textNodes } from './message_row.js';

function button(name, text, action, properties = {}) {
  return make(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': text,
      title: text,
      on: { click: action },
      ...properties,
    },
    icon(name),
  );
}

export class Header {
  #chat;
  #ui;
  #shown = '';

  // ui: {editTopic(room)}.
  constructor(chat, ui) {
    this.#chat = chat;
    this.#ui = ui;
  }

  render() {
    const conversation = this.#chat.current;
    if (conversation === null) {
      return;
    }
    const { title, topic, chat, isJoined, isDirect } = conversation;
    const isOnline = isDirect ? this.#chat.isOnline(conversation.name) : null;
    const shown = JSON.stringify([conversation.key, title, topic, chat, isJoined, isOnline]);
    if (shown === this.#shown) {
      return;
    }
    this.#shown = shown;
    byId('title').textContent = title;
    this.#renderSubtitle(conversation);
    byId('top-actions').replaceChildren(
      ...(conversation.isDirect
        ? this.#directActions(conversation)
        : this.#roomActions(conversation)),
    );
    this.#renderOffer(conversation);
  }

  #renderSubtitle(conversation) {
    const subtitle = byId('subtitle');
    if (conversation.isDirect) {
      const isOnline = this.#chat.isOnline(conversation.name);
      const presence = { true: 'here', false: 'not here at the moment', null: '' }[isOnline];
      subtitle.textContent = conversation.chat === 'open' ? 'In a private chat with you' : presence;
      return;
    }
    const topic = conversation.topic?.text ?? '';
    subtitle.replaceChildren(...(topic === '' ? [] : textNodes(topic)));
    if (topic === '' && conversation === this.#chat.lobby) {
      subtitle.textContent = 'Everybody is here';
    }
  }

  #roomActions(room) {
    if (room === this.#chat.lobby) {
      return [];
    }
    return [
      button('edit', 'Set the topic', () => this.#ui.editTopic(room)),
      button('leave', `Leave ${room.title}`, () => this.#chat.close(room)),
    ];
  }

  #directActions(direct) {
    const { privateChats } = this.#chat;
    const actions = {
      none: () =>
        make(
          'button',
          {
            type: 'button',
            class: 'small',
            title: 'Ask for a private chat',
            on: { click: () => privateChats.request(direct) },
          },
          icon('lock'),
          make('span', { class: 'spare' }, 'Ask for a private chat'),
        ),
      asked: () =>
        make(
          'span',
          { class: 'muted' },
          'Asked',
          make('span', { class: 'spare' }, '; waiting for an answer'),
        ),
      offered: () => '',
      open: () =>
        make(
          'button',
          { type: 'button', class: 'small', on: { click: () => privateChats.leave(direct) } },
          'End private chat',
        ),
    };
    return [
      actions[direct.chat](),
      button('close', 'Put this conversation away', () => this.#chat.close(direct)),
    ];
  }

  #renderOffer(conversation) {
    const offer = byId('offer');
    offer.hidden = conversation.chat !== 'offered' && conversation.isJoined;
    if (conversation.chat === 'offered') {
      const { privateChats } = this.#chat;
      offer.replaceChildren(
        make('span', {}, `${conversation.name} asks for a private chat.`),
        make(
          'button',
          {
            type: 'button',
            class: 'primary small',
            on: { click: () => privateChats.answer(conversation, true) },
          },
          'Accept',
        ),
        make(
          'button',
          {
            type: 'button',
            class: 'small',
            on: { click: () => privateChats.answer(conversation, false) },
          },
          'Decline',
        ),
      );
    } else if (!conversation.isJoined) {
      offer.replaceChildren(
        make('span', {}, `You are not in ${conversation.title} any more.`),
        make(
          'button',
          {
            type: 'button',
            class: 'primary small',
            on: { click: () => this.#chat.join(conversation.name) },
          },
          'Join again',
        ),
        make(
          'button',
          { type: 'button', class: 'small', on: { click: () => this.#chat.close(conversation) } },
          'Remove',
        ),
      );
    }
  }
}
