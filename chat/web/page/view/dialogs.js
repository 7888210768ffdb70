// A question with one field, and the page of help.

import { kCommands } from '../commands.js';
import { byId, make } from './dom.js';

// The buttons that close a dialog, and a click beside it.
export function wireDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog || event.target.closest('[data-close]') !== null) {
        dialog.close();
      }
    });
  }
}

// done(text) unless it is cancelled.
export function ask({ title, text, label, value = '', type = 'text', action, done }) {
  const dialog = byId('prompt');
  const form = byId('prompt-form');
  const field = byId('prompt-field');
  byId('prompt-title').textContent = title;
  byId('prompt-text').textContent = text;
  byId('prompt-label').textContent = label;
  byId('prompt-ok').textContent = action;
  field.type = type;
  field.value = value;
  form.onsubmit = (event) => {
    event.preventDefault();
    dialog.close();
    done(field.value);
  };
  byId('prompt-cancel').onclick = () => dialog.close();
  dialog.showModal();
  field.select();
}

const kKeys = [
  ['Enter', 'send'],
  ['Shift Enter', 'another line, which is another message'],
  ['Tab', 'complete a name, a room or a command'],
  ['↑ in an empty field', 'what was sent before'],
  ['Page up, page down', 'scroll, without leaving the field'],
  ['Ctrl K', 'find or join a room, find a person'],
  ['Alt ↑, Alt ↓', 'the conversation above or below'],
  ['Alt Shift ↓', 'the next one with something unread'],
  ['Alt P', 'the pulse of the server'],
  ['Alt U', 'people'],
  ['Escape', 'to the latest message, to the field'],
];

function table(caption, rows) {
  return make(
    'table',
    {},
    make('caption', {}, caption),
    make(
      'tbody',
      {},
      ...rows.map(([left, right]) =>
        make('tr', {}, make('th', { scope: 'row' }, left), make('td', {}, right)),
      ),
    ),
  );
}

export function showHelp() {
  byId('help-body').replaceChildren(
    table(
      'Commands',
      kCommands.map((command) => [command.usage, command.help]),
    ),
    table('Keys', kKeys),
  );
  byId('help').showModal();
}
