// How one connection begins: HELLO, then the session it had goes on or a new one begins. Pure.

import { buildLine, parseLimits } from './protocol.js';

const kCapabilities = 'tags,ack,resume,presence';
// Only a server that is busy, ill or restarting may think better of it.
const kMayChange = new Set(['429', '500', '503']);

export function mayChange(code) {
  return kMayChange.has(code);
}

export class Login {
  #send;
  #name;
  #token;
  #resumeId;
  #granted = new Set();
  #limits = parseLimits('');
  #isRegistered = false; // and the token is to follow

  // token: of the session, which is to be gone on with behind resumeId; '': there is none.
  constructor({ send, name, token, resumeId }) {
    this.#send = send;
    this.#name = name;
    this.#token = token;
    this.#resumeId = resumeId;
  }

  begin() {
    this.#send(buildLine('HELLO', 1, kCapabilities));
    if (this.#token === '') {
      this.#register();
    } else {
      this.#send(buildLine('RESUME', this.#token, this.#resumeId));
    }
  }

  // null while it goes on; {session: {isResumed, name, token, granted, limits}, isTaken}, isTaken
  // being false when the line belongs to the session; or {refusal: {code, text}}.
  take(line) {
    switch (line.verb) {
      case 'WELCOME':
        this.#granted = new Set(line.fields[1].split(','));
        this.#limits = parseLimits(line.fields[2]);
        return null;
      case 'REGISTERED':
        this.#name = line.fields[0];
        this.#token = '';
        this.#isRegistered = true;
        // Nothing is sent before the token is here: without it nobody could find out what became
        // of that.
        return this.#granted.has('resume') ? null : this.#entered(false);
      case 'SESSION':
        this.#token = line.fields[0];
        return this.#entered(false);
      case 'RESUMED':
        this.#name = line.fields[0];
        return this.#entered(true);
      default:
        break;
    }
    if (this.#isRegistered) {
      // A server that goes on without the token it has promised has none.
      return { ...this.#entered(false), isTaken: false };
    }
    return line.verb === 'ERROR' ? this.#onRefused(line.fields[0], line.fields[2]) : null;
  }

  #register() {
    this.#send(buildLine('REGISTER', this.#name));
  }

  #onRefused(code, text) {
    if (this.#token === '' || mayChange(code)) {
      return { refusal: { code, text } };
    }
    // The session is over.
    this.#token = '';
    this.#register();
    return null;
  }

  #entered(isResumed) {
    const session = {
      isResumed,
      name: this.#name,
      token: this.#token,
      granted: this.#granted,
      limits: this.#limits,
    };
    return { session, isTaken: true };
  }
}
