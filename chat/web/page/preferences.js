// What is remembered: of this browser, and of this tab. Storage may be full or forbidden; then
// nothing is.

function read(storageOf, key) {
  try {
    return JSON.parse(storageOf().getItem(key));
  } catch {
    return null;
  }
}

function write(storageOf, key, value) {
  try {
    storageOf().setItem(key, JSON.stringify(value));
  } catch {
    // Nothing is remembered, and all else works.
  }
}

function remove(storageOf, key) {
  try {
    storageOf().removeItem(key);
  } catch {
    // It was never there.
  }
}

const kLocal = () => localStorage;
const kTab = () => sessionStorage;
const kSession = 'chat.session';
const kLeft = 'chat.left';
const kLeftForMs = 10 * 60_000;

export const preferences = {
  get name() {
    return read(kLocal, 'chat.name') ?? '';
  },
  set name(name) {
    write(kLocal, 'chat.name', name);
  },
  get wantsNotifications() {
    return read(kLocal, 'chat.notify') === true;
  },
  set wantsNotifications(isWanted) {
    write(kLocal, 'chat.notify', isWanted);
  },
  // As theme.js reads it: the bare word.
  set theme(theme) {
    try {
      localStorage.setItem('chat.theme', theme);
    } catch {
      // As above.
    }
  },
};

// The session of this tab. It outlives a reload in the tab's own storage. When the tab is closed
// nobody can tell that from a reload, so the session stays where the next tab finds it: or else
// whoever closes the tab and comes back would find the own name taken.
export const tabSession = {
  load() {
    const own = read(kTab, kSession);
    const left = read(kLocal, kLeft);
    if (own !== null) {
      // This tab's own, of a moment ago; another tab's is left to another tab.
      if (left?.state.session.token === own.session.token) {
        remove(kLocal, kLeft);
      }
      return own;
    }
    if (left === null) {
      return null;
    }
    remove(kLocal, kLeft);
    return Math.abs(Date.now() - left.at) < kLeftForMs ? left.state : null;
  },
  save(state) {
    if (state.session === null) {
      remove(kTab, kSession);
    } else {
      write(kTab, kSession, state);
    }
  },
  leave(state) {
    if (state.session !== null) {
      write(kLocal, kLeft, { at: Date.now(), state });
    }
  },
  forget() {
    remove(kTab, kSession);
  },
};

const kProbeMs = 120;

// A tab that was duplicated has a copy of the other one's session, which is not its own.
// isOurs(token): whether this tab lives in that session.
export function answerOtherTabs(isOurs) {
  const channel = new BroadcastChannel('chat.session');
  channel.onmessage = ({ data }) => {
    if (data.asks !== undefined && isOurs(data.asks)) {
      channel.postMessage({ has: data.asks });
    }
  };
}

// Whether another tab lives in the session.
export function isHeldElsewhere(token) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel('chat.session');
    const settle = (isHeld) => {
      channel.close();
      resolve(isHeld);
    };
    channel.onmessage = ({ data }) => data.has === token && settle(true);
    setTimeout(() => settle(false), kProbeMs);
    channel.postMessage({ asks: token });
  });
}
