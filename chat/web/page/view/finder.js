// One field for where to go: rooms and people by a part of their names, and a new room.

import { byName, fold, isName, kRoomLengthMax, sameName } from '../names.js';
import { avatar, byId, make } from './dom.js';

const kShownMax = 30;

export class Finder {
  #chat;
  #onGone;
  #dialog = byId('finder');
  #field = byId('finder-field');
  #list = byId('finder-list');
  #rooms = []; // {name, people}
  #items = [];
  #index = 0;

  // onGone(): somebody has chosen where to go.
  constructor(chat, onGone) {
    this.#chat = chat;
    this.#onGone = onGone;
    this.#field.addEventListener('input', () => {
      this.#index = 0;
      this.#render();
    });
    this.#field.addEventListener('keydown', (event) => this.#onKey(event));
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) {
        this.#dialog.close();
      }
    });
  }

  show() {
    if (this.#dialog.open) {
      return;
    }
    this.#field.value = '';
    this.#index = 0;
    byId('finder-note').textContent = '';
    this.#dialog.showModal();
    this.#render();
    this.#chat.listRooms(({ rooms, error }) => {
      this.#rooms = rooms ?? [];
      if (error !== undefined) {
        byId('finder-note').textContent = `The list of rooms is not to be had: ${error.text}`;
      }
      this.#render();
    });
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.#index = (this.#index + step + this.#items.length) % Math.max(1, this.#items.length);
      this.#mark();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.#items[this.#index]?.go();
    }
  }

  #found() {
    const text = this.#field.value.trim();
    const wanted = fold(text.replace(/^[#@]/, ''));
    const fits = (name) => fold(name).includes(wanted);
    const { rooms, directs } = this.#chat.ordered();
    const room = (name, people, isIn) => ({
      sign: '#',
      name,
      isIn,
      detail: people === null ? '' : `${people} ${people === 1 ? 'person' : 'people'}`,
      go: () => this.#leave(() => this.#chat.join(name)),
    });
    const peopleIn = (name) => this.#rooms.find((one) => sameName(one.name, name))?.people ?? null;
    const joined = rooms.filter((one) => one.isJoined).map((one) => one.name);
    const others = this.#rooms
      .map((one) => one.name)
      .filter((name) => !joined.some((one) => sameName(one, name)))
      .sort(byName);
    const people = new Set([
      ...directs.map((one) => one.name),
      ...[...(this.#chat.lobby?.members?.values() ?? [])].sort(byName),
    ]);
    const items = [
      ...(text.startsWith('@')
        ? []
        : joined.filter(fits).map((name) => room(name, peopleIn(name), true))),
      ...(text.startsWith('@')
        ? []
        : others.filter(fits).map((name) => room(name, peopleIn(name), false))),
      ...(text.startsWith('#')
        ? []
        : [...people]
            .filter((name) => fits(name) && name !== this.#chat.me)
            .map((name) => ({
              sign: '@',
              name,
              detail: '',
              isIn: false,
              go: () => this.#leave(() => this.#chat.openDirect(name)),
            }))),
    ];
    const shown = items.slice(0, kShownMax);
    const isNew =
      isName(wanted, kRoomLengthMax) &&
      !text.startsWith('@') &&
      ![...joined, ...others].some((name) => sameName(name, wanted));
    if (isNew) {
      const name = text.replace(/^#/, '');
      shown.push({
        sign: '+',
        name,
        detail: 'new room',
        isIn: false,
        go: () => this.#leave(() => this.#chat.join(name)),
      });
    }
    return shown;
  }

  #leave(action) {
    this.#dialog.close();
    action();
    this.#onGone();
  }

  #render() {
    this.#items = this.#found();
    this.#index = Math.min(this.#index, Math.max(0, this.#items.length - 1));
    this.#list.replaceChildren(
      ...this.#items.map((item, index) =>
        make(
          'li',
          {
            role: 'option',
            id: `finder-${index}`,
            on: { click: () => item.go() },
          },
          item.sign === '@'
            ? avatar(item.name)
            : make('span', { class: 'hash', 'aria-hidden': 'true' }, item.sign),
          make('span', { class: 'name' }, item.sign === '+' ? `Make #${item.name}` : item.name),
          make('span', { class: 'muted' }, item.detail),
          item.isIn ? make('span', { class: 'tag' }, 'joined') : null,
        ),
      ),
    );
    const isNothing = this.#items.length === 0 && this.#field.value !== '';
    if (isNothing) {
      byId('finder-note').textContent =
        'Nothing of that name. A room’s name has letters, digits, ' +
        '_ and -, and begins with a letter.';
    } else if (this.#items.length > 0) {
      byId('finder-note').textContent = '';
    }
    this.#mark();
  }

  #mark() {
    [...this.#list.children].forEach((item, index) => {
      item.setAttribute('aria-selected', String(index === this.#index));
    });
    const current = this.#list.children[this.#index];
    this.#field.setAttribute('aria-activedescendant', current?.id ?? '');
    current?.scrollIntoView({ block: 'nearest' });
  }
}
