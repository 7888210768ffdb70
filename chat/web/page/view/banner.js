// Says that there is no connection, why, and when the next attempt follows. A blink is not worth a
// word, and a screen reader hears of an outage once.

import { byId, make, setText } from './dom.js';

const kBlinkMs = 600;
const kSecondMs = 1000;

export class Banner {
  #connection;
  #announce;
  #element = byId('banner');
  #words = make('span', { 'aria-hidden': 'true' });
  #timer = null; // of an outage

  // announce(text): said at once.
  constructor(connection, announce) {
    this.#connection = connection;
    this.#announce = announce;
  }

  render() {
    const { state, end } = this.#connection;
    const isLost = ['connecting', 'registering', 'waiting'].includes(state);
    if (isLost && this.#timer === null) {
      this.#timer = setTimeout(() => this.#show(), kBlinkMs);
    } else if (isLost) {
      this.#tell();
    } else {
      this.#hide();
    }
    if (state === 'ended' && end.kind === 'taken-over') {
      this.#showTakenOver();
    }
  }

  #show() {
    this.#tell();
    this.#element.replaceChildren(
      this.#words,
      make('span', { class: 'hidden' }, 'No connection. Trying again. What you write is kept.'),
      make(
        'button',
        { type: 'button', class: 'small', on: { click: () => this.#connection.wake() } },
        'Try now',
      ),
    );
    this.#element.hidden = false;
    this.#timer = setInterval(() => this.#tell(), kSecondMs);
  }

  #tell() {
    const { state, retryAt, reason } = this.#connection;
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    const when = state === 'waiting' && seconds > 1 ? ` in ${seconds} s` : '';
    const why = reason === '' ? '' : ` (${reason})`;
    setText(this.#words, `No connection${why}. Trying again${when}…`);
  }

  #hide() {
    clearTimeout(this.#timer); // an interval as well
    this.#timer = null;
    if (!this.#element.hidden) {
      this.#element.hidden = true;
      this.#announce('Connected again.');
    }
  }

  #showTakenOver() {
    this.#element.replaceChildren(
      make('span', {}, 'This chat goes on in another tab.'),
      make(
        'button',
        { type: 'button', class: 'small', on: { click: () => this.#connection.start() } },
        'Go on here',
      ),
    );
    this.#element.hidden = false;
  }
}
