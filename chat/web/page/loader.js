// Keeps the windows of conversations filled from the server's history: to begin with, after a
// break, and where somebody scrolls to.

import { historyLine } from './questions.js';

// In messages. Whoever has missed more than two pages of catching up begins at the end again, and
// finds the rest by scrolling.
export const kSizes = { window: 400, page: 60, catchUpPage: 200 };
const kCatchUpPagesMax = 2;

export class Loader {
  #sizes;
  #connection;
  #merge;
  #onLoaded;
  #onFetched;

  // merge(conversation, lines, {older}): puts an answer into the window.
  // onLoaded(conversation, error): the window is up to date, or never will be; error: null or
  // {code, text}. onFetched(conversation): a page that was scrolled to is there, or is not to be had.
  constructor({ sizes, connection, merge, onLoaded, onFetched }) {
    this.#sizes = sizes;
    this.#connection = connection;
    this.#merge = merge;
    this.#onLoaded = onLoaded;
    this.#onFetched = onFetched;
  }

  // Brings the window up to date. What is said meanwhile is to be held back until onLoaded.
  load(conversation) {
    if (conversation.state === 'loading' || !this.#connection.isReady) {
      return;
    }
    conversation.knownBeforeLoad = conversation.newestKnown;
    if (!this.#connection.hasHistory) {
      conversation.atStart = true;
      this.#finish(conversation, null);
      return;
    }
    conversation.state = 'loading';
    if (conversation.newest() === 0) {
      this.#begin(conversation);
    } else if (!conversation.atEnd) {
      // Somebody reads what is older; the rest is fetched when it is scrolled to.
      this.#finish(conversation, null);
    } else {
      this.#catchUp(conversation, kCatchUpPagesMax);
    }
  }

  loadOlder(conversation) {
    const from = conversation.oldest();
    if (from === 1 && !conversation.atStart) {
      conversation.atStart = true; // there is no number before it
      this.#onFetched(conversation);
    }
    if (from <= 1) {
      return;
    }
    this.#fetch(conversation, !conversation.atStart, true, from, (lines) => {
      conversation.atStart = lines.length === 0;
      this.#merge(conversation, lines, { older: true });
      conversation.trim(this.#sizes.window, false);
    });
  }

  loadNewer(conversation) {
    const from = conversation.newest();
    this.#fetch(conversation, !conversation.atEnd, false, from, (lines) => {
      // A page that is not full proves nothing: the server may have a lower limit than ours.
      conversation.atEnd = lines.length === 0;
      this.#merge(conversation, lines, { older: false });
      conversation.trim(this.#sizes.window, true);
    });
  }

  #ask(conversation, before, from, count, done) {
    const room = conversation.isDirect ? `@${conversation.name}` : conversation.name;
    const line = historyLine(room, before, from, count);
    this.#connection.ask({ kind: 'history', line, room, before, from, count, done });
  }

  // done is not called if the window was begun anew meanwhile.
  #askForLoad(conversation, before, from, count, done) {
    const { generation } = conversation;
    this.#ask(conversation, before, from, count, (answer) => {
      if (conversation.generation === generation) {
        done(answer);
      }
    });
  }

  #begin(conversation) {
    this.#askForLoad(conversation, true, 0, this.#sizes.page, (answer) => {
      if (answer.error === undefined) {
        conversation.atStart = answer.entries.length === 0;
        this.#merge(conversation, answer.entries, { older: true });
      }
      this.#finish(conversation, answer.error ?? null);
    });
  }

  #catchUp(conversation, pagesLeft) {
    this.#askForLoad(
      conversation,
      false,
      conversation.newest(),
      this.#sizes.catchUpPage,
      (answer) => {
        if (answer.error !== undefined || answer.entries.length === 0) {
          this.#finish(conversation, answer.error ?? null);
          return;
        }
        this.#merge(conversation, answer.entries, { older: false });
        if (pagesLeft > 1) {
          this.#catchUp(conversation, pagesLeft - 1);
        } else {
          conversation.clear();
          conversation.state = 'loading';
          this.#begin(conversation);
        }
      },
    );
  }

  #finish(conversation, error) {
    const isLost = error !== null && error.code === null;
    conversation.state = isLost ? 'unloaded' : 'loaded';
    if (!isLost) {
      this.#onLoaded(conversation, error);
    }
  }

  #fetch(conversation, isWanted, before, from, take) {
    const isPossible =
      conversation.state === 'loaded' && this.#connection.isReady && this.#connection.hasHistory;
    if (!isWanted || !isPossible || conversation.isFetching) {
      return;
    }
    conversation.isFetching = true;
    this.#ask(conversation, before, from, this.#sizes.page, (answer) => {
      conversation.isFetching = false;
      // Meanwhile the window may have become another one.
      const end = before ? conversation.oldest() : conversation.newest();
      if (answer.error === undefined && end === from) {
        take(answer.entries);
      }
      this.#onFetched(conversation);
    });
  }
}
