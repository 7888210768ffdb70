// Where messages are written: grows with them, completes names and commands, and tells before there
// is no room left.

import { perform, problemOf } from '../actions.js';
import { complete } from '../commands.js';
import { byName } from '../names.js';
import { linesOf, utf8Length } from '../text.js';
import { byId, make } from './dom.js';

const kWarnBytes = 200;
const kSuggestionsMax = 50;
const kRecalledMax = 50;

export class Composer {
  #chat;
  #ui;
  #field = byId('text');
  #suggestions = byId('suggestions');
  #space = byId('space');
  #drafts = new Map(); // conversation -> text
  #shown = null;
  #completion = null; // {start, behind, candidates, index}: being gone through with Tab
  #sent = []; // to be recalled
  #recalled = -1;

  // ui: see perform(); announce(text), scrollByPage(direction), jumpToLatest().
  constructor(chat, ui) {
    this.#chat = chat;
    this.#ui = ui;
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener('input', () => this.#onInput());
    this.#field.addEventListener('keydown', (event) => this.#onKey(event));
    this.#field.addEventListener('blur', () => this.#endCompletion());
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  // At once, not with the next frame: whoever goes on typing meanwhile means the new conversation.
  follow() {
    const conversation = this.#chat.current;
    if (conversation !== null && conversation !== this.#shown) {
      this.#drafts.set(this.#shown, this.#field.value);
      this.#shown = conversation;
      this.#field.value = this.#drafts.get(conversation) ?? '';
      this.#recalled = -1;
      this.#endCompletion();
    }
  }

  render() {
    const conversation = this.#chat.current;
    if (conversation === null) {
      return;
    }
    this.follow();
    byId('text-label').textContent = `Message to ${conversation.title}`;
    this.#field.placeholder = `Message ${conversation.title}`;
    this.#field.disabled = !conversation.isJoined;
    this.#fit();
    this.#showSpace();
  }

  // Something typed elsewhere was meant for here.
  insert(text) {
    this.#field.setRangeText(text, this.#field.selectionStart, this.#field.selectionEnd, 'end');
    this.focus();
    this.#onInput();
  }

  #submit() {
    const text = this.#field.value;
    const writtenIn = this.#shown;
    if (perform(this.#chat, this.#ui, text)) {
      this.#sent = [...this.#sent.slice(-kRecalledMax), text];
      this.#drafts.delete(writtenIn);
      // A command may have opened another conversation, with a draft of its own.
      if (this.#shown === writtenIn) {
        this.#set('');
      }
      this.#ui.jumpToLatest();
    }
  }

  #set(text) {
    this.#field.value = text;
    this.#recalled = -1;
    this.#endCompletion();
    this.#fit();
    this.#showSpace();
  }

  #onInput() {
    this.#recalled = -1;
    this.#completion = null;
    this.#fit();
    this.#showSpace();
    this.#suggestCommands();
  }

  // As high as what is written, up to what the style sheet allows.
  #fit() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }

  #showSpace() {
    const text = this.#field.value;
    const isMessage = !text.startsWith('/') || text.startsWith('//');
    const space = this.#chat.talk.spaceIn(this.#shown);
    const lines = linesOf(text);
    const left = space - Math.max(0, ...lines.map(utf8Length));
    const problem = isMessage && lines.length > 0 ? problemOf(this.#chat, this.#shown, text) : null;
    const hints = [];
    if (isMessage && left < kWarnBytes) {
      hints.push(left < 0 ? `${-left} bytes too long` : `${left} bytes left`);
    } else if (problem !== null) {
      hints.push(problem);
    }
    if (isMessage && lines.length > 1) {
      hints.push(`${lines.length} messages`);
    }
    if (lines.length > 0 && !this.#chat.connection.isReady) {
      hints.push('will be sent when the connection is back');
    }
    this.#space.textContent = hints.join(' · ');
    this.#space.classList.toggle('error', problem !== null);
    this.#field.setAttribute('aria-invalid', String(problem !== null));
    byId('send').disabled = problem !== null || !this.#shown.isJoined;
  }

  #onKey(event) {
    if (event.isComposing) {
      return; // Enter chooses a character of an input method
    }
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.key === 'Enter' && !event.shiftKey && isPlain) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Tab' && isPlain) {
      if (this.#complete(event.shiftKey ? -1 : 1)) {
        event.preventDefault();
      }
    } else if (event.key === 'Escape' && !this.#suggestions.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.#endCompletion();
    } else if (isPlain && (event.key === 'PageUp' || event.key === 'PageDown')) {
      event.preventDefault();
      this.#ui.scrollByPage(event.key === 'PageUp' ? -1 : 1);
    } else if (isPlain && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      this.#recall(event);
    }
  }

  // Up in an empty field brings back what was sent.
  #recall(event) {
    const isRecalling = this.#recalled >= 0;
    if (!isRecalling && (event.key === 'ArrowDown' || this.#field.value !== '')) {
      return;
    }
    const index =
      (isRecalling ? this.#recalled : this.#sent.length) + (event.key === 'ArrowUp' ? -1 : 1);
    if (index < 0 || index > this.#sent.length) {
      return;
    }
    event.preventDefault();
    this.#set(this.#sent[index] ?? '');
    this.#recalled = index < this.#sent.length ? index : -1;
  }

  #words() {
    const conversation = this.#shown;
    const members = conversation.members ?? this.#chat.lobby?.members ?? new Map();
    const people = conversation.isDirect
      ? [conversation.name, ...members.values()]
      : [...members.values()];
    const names = [...new Set(people)].filter((name) => name !== this.#chat.me).sort(byName);
    return { names, rooms: this.#chat.ordered().rooms.map((room) => room.name) };
  }

  // Whether there was something to complete.
  #complete(step) {
    if (this.#completion === null) {
      const cursor = this.#field.selectionStart;
      const before = this.#field.value.slice(0, cursor);
      const { start, candidates } = complete(before, this.#words());
      if (candidates.length === 0) {
        return false;
      }
      this.#completion = {
        start,
        behind: this.#field.value.slice(cursor),
        candidates,
        index: step > 0 ? -1 : 0,
      };
    }
    const { candidates, index } = this.#completion;
    this.#choose((index + step + candidates.length) % candidates.length);
    return true;
  }

  #choose(index) {
    const { start, behind, candidates } = this.#completion;
    this.#completion.index = index;
    const text = this.#field.value.slice(0, start) + candidates[index].insert;
    this.#field.value = text + behind;
    this.#field.setSelectionRange(text.length, text.length);
    this.#showSpace();
    this.#showSuggestions(candidates, index);
    if (candidates.length > 1) {
      this.#ui.announce(`${candidates[index].label}, ${index + 1} of ${candidates.length}`);
    }
    if (candidates.length === 1) {
      this.#endCompletion();
    }
  }

  // Commands are shown as they are typed; nobody knows them by heart.
  #suggestCommands() {
    const text = this.#field.value;
    const { candidates } = /^\/[a-z]*$/i.test(text)
      ? complete(text, this.#words())
      : { candidates: [] };
    this.#showSuggestions(candidates, -1);
  }

  #showSuggestions(candidates, index) {
    const shown = candidates.slice(0, kSuggestionsMax);
    this.#suggestions.hidden = shown.length === 0;
    this.#suggestions.replaceChildren(
      ...shown.map((candidate, i) =>
        make(
          'li',
          {
            role: 'option',
            'aria-selected': String(i === index),
            on: {
              // Before the field loses the focus.
              mousedown: (event) => {
                event.preventDefault();
                this.#completion ??= { start: 0, behind: '', candidates, index: -1 };
                this.#choose(i);
                this.#endCompletion();
              },
            },
          },
          make('span', { class: 'option' }, candidate.label),
          make('span', { class: 'muted' }, candidate.help),
        ),
      ),
    );
    this.#suggestions.children[index]?.scrollIntoView({ block: 'nearest' });
  }

  #endCompletion() {
    this.#completion = null;
    this.#suggestions.hidden = true;
  }
}
