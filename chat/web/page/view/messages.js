// The list of messages: keeps the rows of the current conversation on the screen, and what is being
// read where it is while something is put in front of it.

import { rowsOf } from '../rows.js';
import { arrange, byId } from './dom.js';
import { makeRow, updateRow } from './message_row.js';

// So near to an end, more is asked for; so near to the last one, it is being read.
const kFetchPixels = 600;
const kFollowPixels = 40;

export class MessageList {
  #chat;
  #scroller = byId('messages');
  #list = byId('rows');
  #latest = byId('latest');
  #latestText = byId('latest-text');
  #shown = null; // the conversation
  #elements = new Map(); // by key
  #isFollowing = true;
  #places = new Map(); // conversation -> {key, offset} where it was left
  #actions;

  constructor(chat) {
    this.#chat = chat;
    this.#actions = {
      sayAgain: (id) => chat.talk.sayAgain(this.#shown, id),
      discard: (id) => chat.talk.discard(this.#shown, id),
    };
    this.#scroller.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    this.#latest.addEventListener('click', () => this.jumpToLatest());
    document.addEventListener('visibilitychange', () => this.#report());
    addEventListener('focus', () => this.#report());
    addEventListener('blur', () => this.#report());
    new ResizeObserver(() => this.#isFollowing && this.#scrollToEnd()).observe(this.#scroller);
  }

  get scroller() {
    return this.#scroller;
  }

  render() {
    const conversation = this.#chat.current;
    if (conversation === null) {
      return;
    }
    const isOther = this.#shown !== conversation;
    if (isOther) {
      this.#leave();
      this.#shown = conversation;
      this.#elements.clear();
      this.#list.replaceChildren();
      this.#scroller.setAttribute('aria-label', `Messages in ${conversation.title}`);
    }
    const anchor = this.#anchorFor(conversation, isOther);
    this.#reconcile(rowsOf(conversation, this.#chat.me), conversation.title);
    if (isOther) {
      this.#enter(anchor);
    } else if (this.#isFollowing) {
      this.#scrollToEnd();
    } else {
      this.#restore(anchor);
    }
    this.#onScroll();
  }

  jumpToLatest() {
    this.#isFollowing = true;
    this.#chat.jumpToLatest();
    this.#scrollToEnd();
    this.#onScroll();
  }

  scrollByPage(direction) {
    this.#scroller.scrollBy({ top: direction * this.#scroller.clientHeight * 0.85 });
  }

  #reconcile(rows, title) {
    const before = this.#elements;
    this.#elements = new Map();
    for (const row of rows) {
      const element = before.get(row.key) ?? makeRow(row, title);
      updateRow(element, row, this.#actions);
      this.#elements.set(row.key, element);
    }
    arrange(this.#list, [...this.#elements.values()]);
  }

  #anchorFor(conversation, isOther) {
    if (isOther) {
      return this.#places.get(conversation) ?? null;
    }
    return this.#isFollowing ? null : this.#anchor();
  }

  // The first row on the screen, and where it is.
  #anchor() {
    const top = this.#scroller.getBoundingClientRect().top;
    for (const element of this.#list.children) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top && element.dataset.key !== undefined) {
        return { key: element.dataset.key, offset: box.top - top };
      }
    }
    return null;
  }

  #restore(anchor) {
    const element = anchor === null ? undefined : this.#elements.get(anchor.key);
    if (element !== undefined) {
      const top = this.#scroller.getBoundingClientRect().top;
      this.#scroller.scrollTop += element.getBoundingClientRect().top - top - anchor.offset;
    }
  }

  #leave() {
    if (this.#shown !== null) {
      this.#places.set(this.#shown, this.#isFollowing ? null : this.#anchor());
    }
    for (const conversation of this.#places.keys()) {
      if (this.#chat.conversations.get(conversation.key) !== conversation) {
        this.#places.delete(conversation);
      }
    }
  }

  // Where one was, or at the line "new", or at the end.
  #enter(anchor) {
    this.#isFollowing = anchor === null;
    this.#scrollToEnd();
    const line = this.#elements.get('new');
    if (anchor !== null) {
      this.#restore(anchor);
    } else if (line !== undefined) {
      const offset = line.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
      this.#scroller.scrollTop += Math.min(0, offset - this.#scroller.clientHeight * 0.2);
    }
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #onScroll() {
    if (this.#shown === null) {
      return;
    }
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#isFollowing = below < kFollowPixels && this.#shown.atEnd;
    if (scrollTop < kFetchPixels) {
      this.#chat.loadOlder();
    }
    if (below < kFetchPixels) {
      this.#chat.loadNewer();
    }
    this.#report();
  }

  // What is on the screen of a page that somebody looks at counts as read.
  #report() {
    const isVisible = document.visibilityState === 'visible' && document.hasFocus();
    this.#chat.setWatched(this.#isFollowing, isVisible);
    this.#latest.hidden = this.#isFollowing || this.#shown === null;
    const unread = this.#shown?.unread ?? 0;
    this.#latestText.textContent =
      unread === 0 ? 'Latest messages' : `${unread} new message${unread === 1 ? '' : 's'}`;
  }
}
