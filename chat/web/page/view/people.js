// Who is in the room that is open, or in the lobby when that is a conversation with one person.

import { byName, fold, sameName } from '../names.js';
import { arrange, avatar, byId, make, moveByArrows, unseen } from './dom.js';

// More are not put on the screen: the filter finds the others.
const kShownMax = 200;

export class People {
  #chat;
  #onOpen;
  #list = byId('people-list');
  #filter = byId('people-filter');
  #items = new Map(); // name -> element

  // onOpen(name): somebody has chosen a person.
  constructor(chat, onOpen) {
    this.#chat = chat;
    this.#onOpen = onOpen;
    this.#filter.addEventListener('input', () => this.render());
    moveByArrows(this.#list);
  }

  // Whose people these are.
  #room() {
    const { current } = this.#chat;
    return current === null || current.isDirect ? this.#chat.lobby : current;
  }

  render() {
    const room = this.#room();
    const members = [...(room?.members?.values() ?? [])].sort(byName);
    const wanted = fold(this.#filter.value.trim());
    const found = members.filter((name) => fold(name).includes(wanted));
    byId('people-title').textContent = room === undefined ? 'People' : `In ${room.title}`;
    byId('people-count').textContent = room?.members ? String(members.length) : '';
    byId('people-button').setAttribute(
      'aria-label',
      `People in ${room?.title ?? 'the room'}: ${members.length}`,
    );
    const before = this.#items;
    this.#items = new Map(
      found.slice(0, kShownMax).map((name) => [name, before.get(name) ?? this.#makeItem(name)]),
    );
    arrange(this.#list, [...this.#items.values()]);
    this.#filter.hidden = members.length < 12 && wanted === '';
    byId('people-more').textContent =
      found.length > kShownMax ? `and ${found.length - kShownMax} more` : '';
  }

  #makeItem(name) {
    const isMe = sameName(name, this.#chat.me);
    return make(
      'li',
      {},
      make(
        'button',
        {
          type: 'button',
          class: 'person',
          title: isMe ? 'You' : `Write to ${name}`,
          on: { click: () => this.#onOpen(name) },
        },
        avatar(name),
        make('span', { class: 'name' }, name),
        isMe ? make('span', { class: 'tag' }, 'you') : unseen(', write to'),
      ),
    );
  }
}
