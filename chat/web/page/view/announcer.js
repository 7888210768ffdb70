// What a screen reader says by itself: new messages of the open conversation, and what is for
// oneself elsewhere. Few words at a time; a crowd becomes a number.

import { shorten, visible } from '../text.js';
import { byId, make } from './dom.js';

const kGatherMs = 400;
const kEachMax = 3;
const kTextMax = 200;
const kKeptMax = 20;

export class Announcer {
  #region = byId('announcer');
  #waiting = [];
  #timer = null;

  // where: the title of the conversation; isElsewhere: it is not the one that is open.
  message(sender, text, where, isElsewhere) {
    const what = `${sender}: ${shorten(visible(text), kTextMax)}`;
    this.#waiting.push({ where, text: isElsewhere ? `In ${where}, ${what}` : what });
    if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#flush(), kGatherMs);
    }
  }

  say(text) {
    this.#region.append(make('p', {}, text));
    while (this.#region.children.length > kKeptMax) {
      this.#region.firstChild.remove();
    }
  }

  #flush() {
    this.#timer = null;
    const waiting = this.#waiting.splice(0);
    if (waiting.length <= kEachMax) {
      waiting.forEach((one) => this.say(one.text));
      return;
    }
    const counts = new Map();
    waiting.forEach((one) => counts.set(one.where, (counts.get(one.where) ?? 0) + 1));
    counts.forEach((count, where) => this.say(`${count} new messages in ${where}`));
  }
}
