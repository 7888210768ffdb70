// Puts the page together: the chat, its views, and what happens between them.

import { Chat } from './chat.js';
import { isName, kRoomLengthMax } from './names.js';
import { answerOtherTabs, isHeldElsewhere, preferences, tabSession } from './preferences.js';
import { buildLine } from './protocol.js';
import { browserClock, openSocket } from './socket.js';
import { Announcer } from './view/announcer.js';
import { Banner } from './view/banner.js';
import { Composer } from './view/composer.js';
import { ask, showHelp, wireDialogs } from './view/dialogs.js';
import { byId } from './view/dom.js';
import { Finder } from './view/finder.js';
import { Header } from './view/header.js';
import { Layout } from './view/layout.js';
import { MessageList } from './view/messages.js';
import { NameForm } from './view/name_form.js';
import { Notifier } from './view/notifier.js';
import { People } from './view/people.js';
import { PulseView } from './view/pulse_view.js';
import { Sidebar } from './view/sidebar.js';

class Page {
  #dirty = new Set();
  #isScheduled = false;
  #isLeaving = false;

  constructor() {
    this.announcer = new Announcer();
    this.notifier = new Notifier((text) => this.announcer.say(text));
    this.chat = new Chat({
      openSocket,
      clock: browserClock,
      random: Math.random,
      storage: {
        load: () => tabSession.load(),
        save: (state) => (this.#isLeaving ? undefined : tabSession.save(state)),
      },
      view: this,
    });
    this.layout = new Layout();
    this.messages = new MessageList(this.chat);
    this.header = new Header(this.chat, { editTopic: (room) => this.#editTopic(room) });
    this.banner = new Banner(this.chat.connection, (text) => this.announcer.say(text));
    this.finder = new Finder(this.chat, () => this.#settle());
    this.pulse = new PulseView();
    this.sidebar = new Sidebar(this.chat, (conversation) => this.#open(conversation));
    this.people = new People(this.chat, (name) => this.#openPerson(name));
    this.composer = new Composer(this.chat, {
      showHelp,
      showRooms: () => this.finder.show(),
      quit: () => this.#quit(),
      announce: (text) => this.announcer.say(text),
      scrollByPage: (direction) => this.messages.scrollByPage(direction),
      jumpToLatest: () => this.messages.jumpToLatest(),
    });
    this.nameForm = new NameForm((name) => this.chat.enter(name, roomInAddress()));
    this.#wire();
  }

  async start() {
    const saved = this.chat.connection.saved();
    if (saved !== null && (await isHeldElsewhere(saved.token))) {
      this.#isLeaving = true;
      tabSession.forget();
      location.reload();
      return;
    }
    answerOtherTabs(
      (token) =>
        token === this.chat.connection.saved()?.token && this.chat.connection.state !== 'ended',
    );
    if (saved === null) {
      this.nameForm.show(preferences.name);
    } else {
      this.#showApp();
      this.chat.enter(saved.name, roomInAddress());
    }
  }

  // --- What the chat tells its view

  changed(part) {
    if (part === 'current') {
      this.composer.follow();
    }
    this.#dirty.add(part);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      // Nothing is painted in a hidden page, but its title can be seen.
      if (document.visibilityState === 'hidden') {
        setTimeout(() => this.#render(), 200);
      } else {
        requestAnimationFrame(() => this.#render());
      }
    }
  }

  news(conversation, entry, isMention) {
    const isCurrent = conversation === this.chat.current;
    if (isCurrent || isMention) {
      this.announcer.message(entry.sender, entry.text, conversation.title, !isCurrent);
    }
    if (isMention) {
      const where = conversation.isDirect
        ? entry.sender
        : `${entry.sender} in ${conversation.title}`;
      this.notifier.tell(where, entry.text, conversation.key, () => this.#open(conversation));
    }
  }

  offer(conversation) {
    const text = `${conversation.name} asks for a private chat.`;
    this.announcer.say(text);
    this.notifier.tell(text, 'Open the page to answer.', conversation.key, () =>
      this.#open(conversation),
    );
  }

  invitation(room, by) {
    const text = `${by} asks you into #${room}.`;
    this.announcer.say(text);
    this.notifier.tell(text, 'Open the page to answer.', `invited-${room}`, () => {});
  }

  alert(text) {
    this.announcer.say(text);
  }

  joinRefused(room, error) {
    ask({
      title: `#${room} did not let you in`,
      text: `${error.text}. If the room has a key, try again with it.`,
      label: 'Key',
      type: 'password',
      action: 'Join',
      done: (key) => this.chat.join(room, key),
    });
  }

  // --- What follows from it

  #render() {
    this.#isScheduled = false;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    if (dirty.has('connection')) {
      this.#followConnection();
    }
    if (byId('app').hidden || this.chat.current === null) {
      return;
    }
    const isOther = dirty.has('current');
    const has = (...parts) => isOther || parts.some((part) => dirty.has(part));
    if (has('conversations', 'people')) {
      this.sidebar.render();
      this.header.render();
      this.notifier.showTitle(this.chat.current, [...this.chat.conversations.values()]);
    }
    if (has('people')) {
      this.people.render();
    }
    if (has('conversations', 'connection')) {
      this.composer.render();
    }
    if (has('messages')) {
      this.messages.render();
    }
    if (isOther) {
      this.#showAddress();
    }
  }

  #followConnection() {
    const { connection } = this.chat;
    const { end } = connection;
    if (connection.isReady) {
      preferences.name = connection.name;
      this.#showApp();
    } else if (connection.state === 'ended' && end.kind === 'quit') {
      location.reload();
    } else if (connection.state === 'ended' && end.kind !== 'taken-over') {
      this.#showNameForm(end);
    }
    this.banner.render();
    this.sidebar.renderMe();
  }

  #showNameForm({ kind, code, text }) {
    const reason =
      { unreachable: `The server can’t be reached: ${text}.` }[kind] ??
      (code === '409' ? 'Somebody has this name already. Choose another one.' : text);
    byId('app').hidden = true;
    this.nameForm.show(this.chat.connection.name, reason);
  }

  #showApp() {
    if (byId('app').hidden) {
      this.nameForm.hide();
      byId('app').hidden = false;
      this.changed('current');
      this.composer.focus();
    }
  }

  #open(conversation) {
    this.chat.open(conversation);
    this.#settle();
  }

  #openPerson(name) {
    this.chat.openDirect(name);
    this.#settle();
  }

  // Somebody has gone somewhere, and wants to read and write there. Where there is no keyboard the
  // field would bring one up.
  #settle() {
    this.layout.closeDrawer();
    if (matchMedia('(pointer: fine)').matches) {
      this.composer.focus();
    }
  }

  #editTopic(room) {
    ask({
      title: `Topic of ${room.title}`,
      text: 'What this room is about. Empty: nothing.',
      label: 'Topic',
      value: room.topic?.text ?? '',
      action: 'Set',
      done: (text) => this.chat.command(room, buildLine('TOPIC', room.name, text)),
    });
  }

  #quit() {
    this.#isLeaving = true;
    tabSession.forget();
    this.chat.quit();
  }

  #showAddress() {
    const { current } = this.chat;
    const hash = current.isDirect || current === this.chat.lobby ? '' : `#${current.name}`;
    history.replaceState(null, '', hash === '' ? location.pathname + location.search : hash);
  }

  // --- What people do anywhere on the page

  #wire() {
    wireDialogs();
    if (/Mac|iPhone|iPad/.test(navigator.platform)) {
      byId('find').querySelector('kbd').textContent = '⌘ K';
    }
    byId('find').addEventListener('click', () => this.finder.show());
    byId('add-room').addEventListener('click', () => this.finder.show());
    byId('pulse-button').addEventListener('click', () => this.pulse.toggle());
    byId('help-button').addEventListener('click', () => showHelp());
    byId('quit').addEventListener('click', () => this.#quit());
    document.addEventListener('keydown', (event) => this.#onKey(event));
    addEventListener('online', () => this.chat.connection.wake());
    document.addEventListener('visibilitychange', () => this.#onVisibility());
    addEventListener('pageshow', (event) => event.persisted && this.chat.connection.wake());
    addEventListener('pagehide', () => this.#onHide());
    addEventListener('hashchange', () => {
      const room = roomInAddress();
      if (room !== null && this.chat.connection.isReady) {
        this.chat.join(room);
      }
    });
  }

  #onVisibility() {
    if (document.visibilityState === 'visible') {
      this.chat.connection.wake();
      this.changed('messages');
    }
  }

  #onHide() {
    if (!this.#isLeaving) {
      this.chat.save();
      tabSession.leave(this.chat.state());
    }
  }

  #onKey(event) {
    if (byId('app').hidden) {
      return;
    }
    const isControl = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (isControl && !event.altKey && key === 'k') {
      event.preventDefault();
      this.finder.show();
    } else if (event.altKey && !isControl && event.code === 'KeyP') {
      event.preventDefault();
      this.pulse.toggle();
    } else if (event.altKey && !isControl && event.code === 'KeyU') {
      event.preventDefault();
      this.layout.togglePeople();
    } else if (event.altKey && !isControl && (key === 'arrowup' || key === 'arrowdown')) {
      event.preventDefault();
      this.#step(key === 'arrowup' ? -1 : 1, event.shiftKey);
    } else if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) {
      this.#escape();
    }
  }

  #step(direction, isUnreadOnly) {
    const { rooms, directs } = this.chat.ordered();
    const all = [...rooms, ...directs];
    const from = all.indexOf(this.chat.current);
    for (let i = 1; i <= all.length; ++i) {
      const next = all[(from + direction * i + all.length * i) % all.length];
      if (!isUnreadOnly || next.unread > 0) {
        this.#open(next);
        return;
      }
    }
  }

  #escape() {
    if (this.layout.hasDrawer) {
      this.layout.closeDrawer();
    } else {
      this.messages.jumpToLatest();
      this.composer.focus();
    }
  }
}

// A link to the page can name a room: https://chat.example/#dev
function roomInAddress() {
  const name = location.hash.slice(1);
  return isName(name, kRoomLengthMax) ? name : null;
}

new Page().start();
