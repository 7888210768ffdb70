// The list of conversations, what waits for an answer, and oneself.

import { arrange, avatar, byId, fillAvatar, make, moveByArrows, setText, unseen } from './dom.js';

const kCountMax = 99;
const kChatTags = { none: '', open: 'private chat', asked: 'asked', offered: 'asks you' };

export class Sidebar {
  #chat;
  #onOpen;
  #items = new Map(); // conversation -> element
  #requestsShown = '';

  // onOpen(conversation): somebody has chosen it.
  constructor(chat, onOpen) {
    this.#chat = chat;
    this.#onOpen = onOpen;
    moveByArrows(byId('lists'));
  }

  render() {
    const { rooms, directs } = this.#chat.ordered();
    const before = this.#items;
    this.#items = new Map();
    for (const conversation of [...rooms, ...directs]) {
      const item = before.get(conversation) ?? this.#makeItem(conversation);
      this.#update(item, conversation);
      this.#items.set(conversation, item);
    }
    const itemsOf = (conversations) => conversations.map((one) => this.#items.get(one));
    arrange(byId('room-list'), itemsOf(rooms));
    arrange(byId('direct-list'), itemsOf(directs));
    byId('directs').hidden = directs.length === 0;
    this.#renderRequests(directs.filter((one) => one.chat === 'offered'));
    byId('sidebar-badge').hidden = ![...rooms, ...directs].some(
      (one) => one.unread > 0 && one !== this.#chat.current,
    );
  }

  renderMe() {
    const { connection } = this.#chat;
    fillAvatar(byId('me-avatar'), connection.name);
    byId('me-name').textContent = connection.name;
    byId('me-state').textContent = connection.isReady ? 'Connected' : 'Not connected';
    byId('me-state').dataset.state = connection.isReady ? 'on' : 'off';
  }

  #makeItem(conversation) {
    const sign = conversation.isDirect
      ? avatar(conversation.name)
      : make('span', { class: 'hash', 'aria-hidden': 'true' }, '#');
    return make(
      'li',
      {},
      make(
        'button',
        { type: 'button', on: { click: () => this.#onOpen(conversation) } },
        sign,
        make('span', { class: 'name' }),
        make('span', { class: 'hidden away' }),
        make('span', { class: 'tag' }),
        make('span', { class: 'badge' }, make('span', {}), make('span', { class: 'hidden' })),
      ),
    );
  }

  #update(item, conversation) {
    const { unread, mentions, isDirect, isJoined, name } = conversation;
    const isUrgent = mentions > 0 || (isDirect && unread > 0);
    const isOnline = isDirect ? this.#chat.isOnline(name) : null;
    const part = (selector) => item.querySelector(selector);
    const button = part('button');
    button.className = `conversation${unread > 0 ? ' unread' : ''}${isJoined ? '' : ' gone'}`;
    if (conversation === this.#chat.current) {
      button.setAttribute('aria-current', 'page');
    } else {
      button.removeAttribute('aria-current');
    }
    if (isDirect) {
      fillAvatar(part('.avatar'), name);
      part('.avatar').classList.toggle('online', isOnline === true);
    }
    setText(part('.name'), name);
    setText(part('.away'), isOnline === false ? ' (not here)' : '');
    setText(part('.tag'), kChatTags[conversation.chat]);
    part('.tag').hidden = conversation.chat === 'none';
    const badge = part('.badge');
    badge.hidden = unread === 0;
    badge.classList.toggle('urgent', isUrgent);
    setText(badge.firstChild, unread > kCountMax ? `${kCountMax}+` : String(unread));
    setText(badge.lastChild, isUrgent ? ' unread, for you' : ' unread');
  }

  // Somebody asks for a private chat, or into a room.
  #renderRequests(offered) {
    const invitations = [...this.#chat.invitations.values()];
    const shown = JSON.stringify([offered.map((one) => one.name), invitations]);
    if (shown === this.#requestsShown) {
      return;
    }
    this.#requestsShown = shown;
    const { privateChats } = this.#chat;
    const chats = offered.map((one) =>
      request(`${one.name} asks for a private chat`, {
        Accept: () => {
          privateChats.answer(one, true);
          this.#onOpen(one);
        },
        Decline: () => privateChats.answer(one, false),
      }),
    );
    const rooms = invitations.map(({ room, by }) =>
      request(`${by} asks you into #${room}`, {
        Join: () => this.#chat.join(room),
        No: () => this.#chat.dismissInvitation(room),
      }),
    );
    byId('request-list').replaceChildren(...chats, ...rooms);
    byId('requests').hidden = chats.length + rooms.length === 0;
  }
}

// answers: {what a button says: what it does}, the first one being the one that is hoped for.
function request(text, answers) {
  const buttons = Object.entries(answers).map(([title, action], index) =>
    make(
      'button',
      { type: 'button', class: index === 0 ? 'primary small' : 'small', on: { click: action } },
      title,
      unseen(`: ${text}`),
    ),
  );
  return make(
    'li',
    { class: 'request' },
    make('span', {}, text),
    make('span', { class: 'request-buttons' }, ...buttons),
  );
}
