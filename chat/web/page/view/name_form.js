// The way in: a name.

import { isName, kNameLengthMax } from '../names.js';
import { byId } from './dom.js';

const kNotAName = `Letters, digits, _ and -, beginning with a letter; at most ${kNameLengthMax}.`;

export class NameForm {
  #field = byId('name-field');
  #error = byId('name-error');
  #button = byId('name-button');

  // onName(name): to try.
  constructor(onName) {
    byId('name-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#field.value.trim();
      if (!isName(name)) {
        this.fail(name === '' ? 'You need a name.' : `That is not a name. ${kNotAName}`);
        return;
      }
      this.#setBusy(true);
      onName(name);
    });
    this.#field.addEventListener('input', () => this.#showError(''));
  }

  show(name, error = '') {
    byId('welcome').hidden = false;
    this.#setBusy(false);
    this.#field.value = name;
    this.#showError(error);
    this.#field.focus();
    this.#field.select();
  }

  hide() {
    byId('welcome').hidden = true;
  }

  fail(text) {
    this.#setBusy(false);
    this.#showError(text);
    this.#field.focus();
    this.#field.select();
  }

  #showError(text) {
    this.#error.textContent = text;
    this.#field.setAttribute('aria-invalid', String(text !== ''));
  }

  #setBusy(isBusy) {
    this.#button.disabled = isBusy;
    this.#button.textContent = isBusy ? 'Joining…' : 'Join';
  }
}
