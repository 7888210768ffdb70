// The chat without its looks: what is known of conversations, people and requests, and what can be
// done. Views read it and are told which part has changed. No DOM.

import { Connection } from './connection.js';
import { Conversation, keyOfPerson, keyOfRoom } from './conversation.js';
import { Incoming } from './incoming.js';
import { kSizes, Loader } from './loader.js';
import { byName, fold, kLobby, sameName } from './names.js';
import { PrivateChats } from './private_chats.js';
import { buildLine } from './protocol.js';
import { Talk } from './talk.js';

const kSaveDelayMs = 500;
const kDirectsMax = 100;

// Calls of the view: changed(part, conversation) with 'connection', 'conversations', 'messages',
// 'people' or 'current'; news(conversation, entry, isMention); offer(name), invitation(room, by);
// alert(text): something to be told at once.
export class Chat {
  #clock;
  #storage;
  #view;
  #loader;
  #incoming;
  #saveTimer = null;
  #wantedRoom = null; // to be joined as soon as that is possible
  #wantedToSee = null; // folded: a room that is shown when it is joined

  // storage: {load(): what save() was given, or null; save(state)}.
  constructor({ openSocket, clock, random, storage, view, sizes = kSizes }) {
    this.#clock = clock;
    this.#storage = storage;
    this.#view = view;
    const state = storage.load();
    this.conversations = new Map(); // by key
    this.current = null;
    this.invitations = new Map(); // folded room -> {room, by}
    this.isFollowed = true; // the end of the current conversation is on the screen
    this.isWatched = false; // and somebody looks at it
    this.connection = new Connection({
      openSocket,
      clock,
      random,
      saved: state?.session ?? null,
      unsent: state?.unsent ?? [],
      handler: this.#handler(),
    });
    this.talk = new Talk({
      chat: this,
      view,
      connection: this.connection,
      windowMax: sizes.window,
    });
    this.#loader = new Loader({
      sizes,
      connection: this.connection,
      merge: (...answer) => this.#incoming.mergeHistory(...answer),
      onLoaded: (conversation, error) => this.#onLoaded(conversation, error),
      onFetched: (conversation) => view.changed('messages', conversation),
    });
    this.#incoming = new Incoming(this, view);
    this.privateChats = new PrivateChats({ chat: this, clock, view });
    this.#restore(state);
  }

  get me() {
    return this.connection.name;
  }
  get canResume() {
    return this.connection.saved() !== null;
  }
  get lobby() {
    return this.conversations.get(kLobby);
  }
  now() {
    return this.#clock.now();
  }

  // The lobby, rooms by name, people by how recently something was said.
  ordered() {
    const all = [...this.conversations.values()];
    const rooms = all.filter((one) => !one.isDirect && one !== this.lobby);
    const directs = all.filter((one) => one.isDirect);
    rooms.sort((a, b) => byName(a.name, b.name));
    directs.sort((a, b) => b.newestKnown - a.newestKnown || byName(a.name, b.name));
    return { rooms: this.lobby ? [this.lobby, ...rooms] : rooms, directs };
  }

  room(name) {
    return this.conversations.get(keyOfRoom(name));
  }
  person(name) {
    return this.conversations.get(keyOfPerson(name));
  }
  // null: not known.
  isOnline(name) {
    return this.lobby?.members?.has(fold(name)) ?? null;
  }

  // --- Coming and going

  // room: to be in and to look at, or null.
  enter(name, room = null) {
    this.#wantedRoom = room;
    this.connection.start(name);
  }

  quit() {
    this.connection.quit();
  }

  // What a later life of the page needs to go on.
  state() {
    const all = [...this.conversations.values()];
    return {
      session: this.connection.saved(),
      unsent: this.connection.outbox,
      current: this.current?.key ?? null,
      conversations: all.map((one) => ({
        key: one.key,
        name: one.name,
        isJoined: one.isJoined,
        readId: one.readId,
      })),
    };
  }

  // At once: the page may go away.
  save() {
    this.#clock.clearTimeout(this.#saveTimer);
    this.#saveTimer = null;
    this.#storage.save(this.state());
  }

  #saveSoon() {
    this.#saveTimer ??= this.#clock.setTimeout(() => this.save(), kSaveDelayMs);
  }

  #restore(state) {
    if (state === null || state.session === null) {
      return;
    }
    for (const saved of state.conversations) {
      const conversation = this.#add(saved.key, saved.name);
      conversation.isJoined = saved.isJoined;
      conversation.readId = saved.readId;
      conversation.newestKnown = saved.readId ?? 0;
    }
    this.current = this.conversations.get(state.current) ?? null;
    for (const entry of this.connection.outbox) {
      this.#conversationOf(entry).pending.push(entry);
    }
  }

  #handler() {
    return {
      onState: () => this.#view.changed('connection', null),
      onEntered: (how) => this.#onEntered(how),
      onLine: (line) => this.#incoming.take(line),
      onAcknowledged: (entry, id) =>
        this.talk.onAcknowledged(this.#conversationOf(entry), entry, id),
      onRefused: (entry) => this.#view.changed('messages', this.#conversationOf(entry)),
      onUncertain: (entry, how) => this.talk.onUncertain(this.#conversationOf(entry), how),
      onJoinRefused: (room, error) => this.#onJoinRefused(room, error),
      onSaved: () => this.save(),
      onProgress: () => this.#saveSoon(),
    };
  }

  #onEntered(how) {
    this.#add(kLobby, kLobby);
    for (const conversation of this.conversations.values()) {
      conversation.members = null;
      this.privateChats.onLost(conversation);
      // What was missed follows by itself, but in rooms only from where the server knows that we
      // are in them, which may be since a moment ago.
      const follows = how === 'resumed' && (conversation.isDirect || conversation === this.lobby);
      if (!follows) {
        conversation.state = 'unloaded';
      }
    }
    this.#loadAll();
    if (how === 'anew') {
      this.note(
        this.current ?? this.lobby,
        'You are connected again, with a new session: private messages of the time in between ' +
          'have not reached you.',
      );
    }
    if (this.#wantedRoom !== null && !sameName(this.#wantedRoom, kLobby)) {
      this.join(this.#wantedRoom);
    }
    this.#wantedRoom = null;
    if (this.current === null) {
      this.open(this.lobby);
    }
    this.listPeople(this.lobby);
    this.listPeople(this.current);
    this.#view.changed('current', this.current);
  }

  // What is looked at comes first.
  #loadAll() {
    const all = [...this.conversations.values()].filter(
      (one) => one.state === 'unloaded' && one.isJoined,
    );
    all.sort((a, b) => Number(b === this.current) - Number(a === this.current));
    all.forEach((conversation) => this.#loader.load(conversation));
  }

  // --- Conversations

  #add(key, name) {
    let conversation = this.conversations.get(key);
    if (conversation === undefined) {
      conversation = new Conversation(key, name);
      this.conversations.set(key, conversation);
      this.#view.changed('conversations', null);
    }
    return conversation;
  }

  // One that is joined, as the server says or acts.
  addRoom(name) {
    const conversation = this.#add(keyOfRoom(name), name);
    conversation.isJoined = true;
    this.#view.changed('conversations', null);
    return conversation;
  }

  // readId: what was seen of it, if it is new.
  addDirect(name, readId = null) {
    const key = keyOfPerson(name);
    const isNew = !this.conversations.has(key);
    if (isNew) {
      this.#forgetOldDirect();
    }
    const conversation = this.#add(key, name);
    if (isNew) {
      conversation.readId = readId;
      this.#loader.load(conversation);
    }
    return conversation;
  }

  // Anybody may write to us: what is not looked at makes room.
  #forgetOldDirect() {
    const { directs } = this.ordered();
    const idle = directs.filter(
      (one) => one !== this.current && one.chat === 'none' && one.pending.length === 0,
    );
    if (directs.length >= kDirectsMax && idle.length > 0) {
      this.conversations.delete(idle.at(-1).key);
    }
  }

  #conversationOf(entry) {
    return entry.verb === 'CHAT'
      ? this.#add(keyOfPerson(entry.target), entry.target)
      : this.#add(keyOfRoom(entry.target), entry.target);
  }

  load(conversation) {
    this.#loader.load(conversation);
  }

  open(conversation) {
    const before = this.current;
    if (before !== null && before !== conversation) {
      before.lineId = null;
    }
    this.current = conversation;
    if (conversation.state === 'unloaded') {
      this.#loader.load(conversation);
    }
    this.listPeople(conversation);
    conversation.markRead();
    this.#saveSoon();
    this.#view.changed('current', before);
  }

  openDirect(name) {
    this.open(this.addDirect(name));
  }

  setWatched(isFollowed, isVisible) {
    const isWatched = isFollowed && isVisible;
    this.isFollowed = isFollowed;
    this.isWatched = isWatched;
    if (isWatched && this.current !== null && this.current.unread > 0) {
      this.current.markRead();
      this.#saveSoon();
      this.#view.changed('conversations', null);
    }
  }

  isWatching(conversation) {
    return this.isWatched && this.current === conversation;
  }

  join(room, key = '') {
    const there = this.room(room);
    if (there?.isJoined) {
      this.open(there);
      return;
    }
    this.#wantedToSee = fold(room);
    this.connection.join(room, key);
  }

  onJoined(name) {
    const conversation = this.addRoom(name);
    this.invitations.delete(fold(name));
    if (conversation.state === 'unloaded') {
      this.#loader.load(conversation);
    }
    if (this.#wantedToSee === fold(name)) {
      this.#wantedToSee = null;
      this.open(conversation);
    }
  }

  // A room that one is not in any more stays on the screen until it is put away or joined again.
  setNotJoined(conversation) {
    conversation.isJoined = false;
    conversation.state = 'unloaded';
    conversation.members = null;
    this.#view.changed('conversations', null);
    this.#view.changed('people', conversation);
  }

  #onJoinRefused(room, error) {
    const conversation = this.room(room);
    if (conversation !== undefined) {
      this.setNotJoined(conversation);
      this.note(conversation, `You are not in this room: ${error.text}`, 'error');
    }
    if (this.#wantedToSee === fold(room)) {
      this.#wantedToSee = null;
      this.#view.joinRefused(room, error);
    }
    this.#view.changed('conversations', null);
  }

  dismissInvitation(room) {
    this.invitations.delete(fold(room));
    this.#view.changed('conversations', null);
  }

  // Leaves a room; a conversation with somebody is put away.
  close(conversation) {
    if (conversation === this.lobby) {
      return;
    }
    if (!conversation.isDirect && conversation.isJoined) {
      this.connection.part(conversation.name);
    }
    this.forget(conversation);
  }

  rename(before, after) {
    const conversation = this.person(before);
    if (conversation !== undefined && this.person(after) === undefined) {
      this.conversations.delete(conversation.key);
      conversation.key = keyOfPerson(after);
      conversation.name = after;
      this.conversations.set(conversation.key, conversation);
      this.note(conversation, `${before} is now called ${after}.`);
    }
    this.#view.changed('conversations', null);
  }

  forget(conversation) {
    conversation.pending.forEach((entry) => this.connection.discard(entry.id));
    this.conversations.delete(conversation.key);
    if (this.current === conversation) {
      this.open(this.lobby);
    }
    this.#view.changed('conversations', null);
  }

  // Once known, people are followed as they come and go.
  listPeople(conversation) {
    if (conversation.isDirect || conversation.members !== null || conversation.isListing) {
      return;
    }
    conversation.isListing = true;
    this.askPeople(
      conversation.name,
      (names) => {
        conversation.isListing = false;
        conversation.members = new Map(names.map((name) => [fold(name), name]));
        this.#view.changed('people', conversation);
      },
      () => {
        conversation.isListing = false;
      },
    );
  }

  // done(names) or refused(text).
  askPeople(room, done, refused) {
    const line = sameName(room, kLobby) ? 'LIST' : buildLine('LIST', room);
    this.connection.ask({
      kind: 'list',
      line,
      done: ({ names, error }) => {
        if (error === undefined) {
          done(names);
        } else {
          refused(error.text);
        }
      },
    });
  }

  // done({rooms}) or done({error}).
  listRooms(done) {
    this.connection.ask({ kind: 'rooms', line: 'ROOMS', done });
  }

  // --- What was said before

  #onLoaded(conversation, error) {
    if (error?.code === '403' || error?.code === '404') {
      this.setNotJoined(conversation);
      return;
    }
    if (error !== null) {
      this.note(conversation, `What was said before can't be shown: ${error.text}`, 'error');
    }
    this.talk.release(conversation);
    this.#saveSoon();
  }

  loadOlder() {
    this.#loader.loadOlder(this.current);
  }
  loadNewer() {
    this.#loader.loadNewer(this.current);
  }

  jumpToLatest(conversation = this.current) {
    if (!conversation.atEnd) {
      conversation.clear();
      this.#loader.load(conversation);
    }
  }

  // --- Notes of our own

  note(conversation, text, tone = 'plain') {
    if (conversation !== null && conversation !== undefined) {
      conversation.note('note', this.now(), { text, tone });
      this.#view.changed('messages', conversation);
    }
    if (conversation === this.current) {
      this.#view.alert(text);
    }
  }

  // A command that is only answered if it is refused.
  command(conversation, line, refused = null) {
    const report = ({ code, text }) => {
      const verb = line.slice(0, line.indexOf(':') < 0 ? undefined : line.indexOf(':'));
      this.note(
        conversation,
        code === '405' ? `This server does not know ${verb}.` : text,
        'error',
      );
      refused?.();
    };
    if (!this.connection.command(line, report)) {
      this.note(
        conversation,
        'That takes a connection, which is not there at the moment.',
        'error',
      );
      refused?.();
    }
  }
}
